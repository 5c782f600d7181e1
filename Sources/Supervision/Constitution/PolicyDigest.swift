/// The identity of a policy: the SHA-256 of the constitution's text and of the
/// weights that judge by it, in hexadecimal digits.
package struct PolicyDigest: Sendable, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }
}
