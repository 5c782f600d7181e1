/// The text of a key, as the application holds it.
///
/// `hf_` (or `hfa_` for admin keys) and 43 base62 digits that spell 32 random
/// bytes. Base62, so that a double click selects all of it and no shell or
/// URL quotes it; 43 digits, because 62^43 is just over 2^256.
///
/// The value never shows itself: printing, interpolating, dumping and
/// reflecting give its prefix. `reveal()` is the one way to the text, for the
/// one time that a key is shown.
package struct KeySecret: Sendable {
    /// The prefix of keys that applications use.
    package static let prefix = "hf_"
    /// The prefix of keys for the admin listener, so that a leak scanner and
    /// a tired eye can tell them apart.
    package static let adminPrefix = "hfa_"
    /// The number of digits after the prefix.
    package static let digits = 43

    private let text: String

    /// Returns whether a text has the form of a key of some Holdfast: tokens of
    /// others begin the same.
    package static func hasShape(_ text: String) -> Bool {
        guard let prefix = [prefix, adminPrefix].first(where: text.hasPrefix) else { return false }
        let rest = text.utf8.dropFirst(prefix.utf8.count)
        return rest.count == digits && rest.allSatisfy { Character(UnicodeScalar($0)).isASCIILetterOrDigit }
    }

    /// Makes a new key. The default generator is the system's, which is
    /// fit for secrets; tests pass their own.
    package init(admin: Bool = false) {
        var generator = SystemRandomNumberGenerator()
        self.init(admin: admin, using: &generator)
    }

    /// Makes a new key from a generator that must be fit for secrets.
    package init(admin: Bool, using generator: inout some RandomNumberGenerator) {
        let words = (0..<4).map { _ in generator.next() as UInt64 }
        text = (admin ? Self.adminPrefix : Self.prefix) + Base62.encode(words)
    }

    /// Wraps any text that a caller presents as a key.
    package init(presented text: String) { self.text = text }

    /// The text itself. Call it where a key is handed to its owner, nowhere
    /// else.
    package func reveal() -> String { text }

    /// The digest of the key, which is stored in its place.
    package var digest: KeyDigest { KeyDigest(of: text) }
}

extension KeySecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The prefix, and dots for the rest.
    package var description: String {
        text.hasPrefix(Self.adminPrefix) ? "hfa_…" : text.hasPrefix(Self.prefix) ? "hf_…" : "…"
    }
    /// The same as `description`.
    package var debugDescription: String { description }
    /// No children: `dump` walks mirrors, and so do test frameworks.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension Character {
    fileprivate var isASCIILetterOrDigit: Bool { isASCII && (isLetter || isNumber) }
}

/// Digits, upper case, lower case.
private enum Base62 {
    static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

    /// 256 bits, most significant word first, as 43 digits: long division by
    /// 62, least significant digit first.
    static func encode(_ words: [UInt64]) -> String {
        var number = words
        var digits: [Character] = []
        for _ in 0..<KeySecret.digits {
            var remainder: UInt64 = 0
            for place in number.indices {
                (number[place], remainder) = UInt64(62).dividingFullWidth((remainder, number[place]))
            }
            digits.append(alphabet[Int(remainder)])
        }
        return String(digits.reversed())
    }
}
