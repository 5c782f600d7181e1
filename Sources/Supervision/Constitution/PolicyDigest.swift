/// The identity of a policy: the SHA-256 of the constitution's text and of the
/// weights that judge by it, in hexadecimal digits.
package struct PolicyDigest: Sendable, Hashable {
    package let text: String
    /// The SHA-256 of each file of weights that judges, in hexadecimal digits.
    package let weights: [String]

    package init(_ text: String, weights: [String] = []) {
        self.text = text
        self.weights = weights
    }
}
