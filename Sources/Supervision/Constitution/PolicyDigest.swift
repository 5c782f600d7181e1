import Crypto
import Encodings

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

extension PolicyDigest {
    /// The policy of a constitution and of the weights that judge by it.
    /// - Parameters:
    ///   - constitution: The SHA-256 of the constitution's text, in hexadecimal
    ///     digits.
    ///   - weights: Those of each file of weights.
    package init(constitution: String, weights: [String]) {
        self.init(Self.sha256(Array(([constitution] + weights).joined(separator: "\n").utf8)), weights: weights)
    }

    /// The SHA-256 of bytes, in hexadecimal digits.
    package static func sha256(_ bytes: [UInt8]) -> String { Hex.encode(SHA256.hash(data: bytes)) }
}
