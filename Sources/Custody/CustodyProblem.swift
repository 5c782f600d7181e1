/// The reason why weights are refused, or an engine may not serve: the defect and the remedy.
package struct CustodyProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, CaseIterable, Sendable, Hashable {
        /// The file isn't there, or this user may not read it.
        case missing
        /// A link, a FIFO, a device, a way out of the folder.
        case notPlain = "not_plain"
        /// The bytes are not those that the manifest names.
        case mismatch
        /// The bytes are right, and of a form that is not loaded.
        case format
        /// An encrypted file that can't be opened.
        case encryption
        /// The manifest itself.
        case manifest
        /// The kernel or the machine lacks something that is required.
        case system
        /// The engine isn't what it was expected to be.
        case engine
        /// Weights changed in memory, and changed again.
        case quarantine
    }

    package var kind: Kind
    package var what: String
    package var remedy: String

    package init(_ kind: Kind, _ what: String, remedy: String) {
        (self.kind, self.what, self.remedy) = (kind, what, remedy)
    }

    package var description: String { "\(what); \(remedy)" }
}
