/// The reason that a Holdfast does not start.
package struct StartupError: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The settings or the key file are wrong.
        case configuration
        /// A file that is needed is missing or can't be read.
        case missingFile
        /// A file or folder can't be made.
        case cannotCreate
        /// A resource that is needed is in use or does not answer.
        case unavailable
    }

    package var message: String
    package var kind: Kind

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
