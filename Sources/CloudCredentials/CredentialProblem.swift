/// The reason why a credential could not be fetched, for operators.
package struct CredentialProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
