/// A failure of the storage, with the remedy.
package struct StorageError: Error, Sendable, Hashable {
    /// The kind of failure, for code that acts on it.
    package enum Kind: Sendable, Hashable {
        /// Another process has the lock; it passes.
        case busy
        /// The disk has no room.
        case full
        case notWritable
        /// Another Holdfast uses the storage.
        case inUse
        case damaged
        /// A newer version has written it.
        case newer
        case unusable
    }

    package var kind: Kind
    /// One sentence for people, without a full stop.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
