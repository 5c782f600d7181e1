/// The id of a key that signs requests, as AWS's clients send it for an access key id.
///
/// `HFSK` and 16 characters of base 32, which are 80 random bits: as long as
/// AWS's own, so that tools that look at the form take it. No secret, and never
/// used again: it is random, and its record stays in the key file.
package struct SigningKeyID: Sendable, Hashable {
    /// The first characters of every such id.
    package static let prefix = "HFSK"
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
    private static let digits = 16

    package let text: String

    /// Makes a new id from the system's chance.
    package init() {
        var generator = SystemRandomNumberGenerator()
        self.init(using: &generator)
    }

    package init(using generator: inout some RandomNumberGenerator) {
        var text = Self.prefix
        for _ in 0..<Self.digits {
            text.unicodeScalars.append(UnicodeScalar(Self.alphabet[Int.random(in: 0..<32, using: &generator)]))
        }
        self.text = text
    }

    /// - Returns: nil for a text that is no such id.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count == Self.prefix.utf8.count + Self.digits, text.hasPrefix(Self.prefix),
            bytes.dropFirst(Self.prefix.utf8.count).allSatisfy({ Self.alphabet.contains($0) })
        else { return nil }
        self.text = text
    }
}
