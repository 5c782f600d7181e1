/// The reason why something that is signed, or should be, is refused: the defect and the remedy.
package struct SigningProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The data violates its format: it is damaged, or made so that it can be understood in two ways.
        case malformed
        /// The kind is known, but is not supported.
        case unsupported
        /// The data has no signature, or none of a trusted signer.
        case untrusted
        /// Signed, but not what is there or what is asked for.
        case mismatch
        /// Could not be read or written; says nothing about what is signed.
        case unreadable
    }

    package var kind: Kind
    package var what: String
    package var remedy: String

    package var description: String { remedy.isEmpty ? what : "\(what); \(remedy)" }

    package init(_ kind: Kind, _ what: String, remedy: String) {
        (self.kind, self.what, self.remedy) = (kind, what, remedy)
    }

    package static func malformed(
        _ what: String, remedy: String = "have it signed again, or take it from its signer again"
    ) -> SigningProblem { SigningProblem(.malformed, what, remedy: remedy) }

    package static func unsupported(_ what: String, remedy: String) -> SigningProblem {
        SigningProblem(.unsupported, what, remedy: remedy)
    }

    package static func untrusted(
        _ what: String, remedy: String = "don't use it before you know who made it"
    ) -> SigningProblem { SigningProblem(.untrusted, what, remedy: remedy) }

    package static func mismatch(_ what: String, remedy: String) -> SigningProblem {
        SigningProblem(.mismatch, what, remedy: remedy)
    }

    package static func unreadable(
        _ what: String, remedy: String = "see whether the disk and the file are in order, and repeat"
    ) -> SigningProblem { SigningProblem(.unreadable, what, remedy: remedy) }
}
