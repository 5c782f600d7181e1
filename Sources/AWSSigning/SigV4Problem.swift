/// The reason why a request counts as not signed.
package struct SigV4Problem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The class of the problem; each is another exception at AWS.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Nothing there that could be a signature.
        case missing = "MissingAuthenticationTokenException"
        /// A signature with parts missing or misspelt.
        case incomplete = "IncompleteSignatureException"
        /// The time, the scope or the signature is wrong.
        case invalid = "InvalidSignatureException"
        /// A form of signing that is not served here.
        case unsupported = "AccessDeniedException"
    }

    package let kind: Kind
    /// A sentence for the caller, with what to do; never with a secret, nor
    /// with what the caller sent.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// The name of the exception that AWS's clients raise.
    package var errorType: String { kind.rawValue }
}
