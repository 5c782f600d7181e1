import Crypto
import Encodings

/// The tool-call ids that an API takes: their alphabet and their length.
///
/// Each maker of models has ids of its own form (`toolu_01…`, `call_…`,
/// `functions.Bash:0`, nine letters), and some refuse all others. An id of
/// another form is written in the API's alphabet so that it can be read back
/// exactly; where that is too long, a hash of 128 bits takes its place, or as
/// much of one as fits. Equal ids stay equal, so that calls and their results
/// agree.
package struct CallIDForm: Sendable, Hashable {
    package enum Alphabet: Sendable, Hashable {
        /// All printable characters.
        case any
        /// `[a-zA-Z0-9_-]`
        case word
        /// `[a-zA-Z0-9]`
        case alphanumeric
    }

    package var alphabet: Alphabet
    /// In bytes.
    package var longest: Int
    /// In bytes; what is shorter is hashed to this length.
    package var shortest: Int

    package init(_ alphabet: Alphabet, longest: Int, shortest: Int = 1) {
        self.alphabet = alphabet
        self.longest = longest
        self.shortest = shortest
    }

    /// The form of all ids that a caller may send.
    package static let free = CallIDForm(.any, longest: APIProblem.longestIdentifier)
    /// Anthropic's `^[a-zA-Z0-9_-]+$`; 64 bytes is what its hosts take
    /// (Bedrock's `toolUseId`).
    package static let anthropic = CallIDForm(.word, longest: 64)
    /// OpenAI's limit of 40 characters.
    package static let openAI = CallIDForm(.any, longest: 40)
    /// Mistral's nine letters and digits.
    package static let mistral = CallIDForm(.alphanumeric, longest: 9, shortest: 9)

    // MARK: Writing

    /// The id as the API takes it.
    package func write(_ id: String) -> String {
        if takes(id) { return id }
        if alphabet != .alphanumeric, !id.isEmpty {
            let escaped = Self.escape(id)
            if escaped.utf8.count <= longest { return escaped }
        }
        return hash(id)
    }

    /// Another id than `id`, for the `number`th that would be the same.
    package func another(_ id: String, _ number: Int) -> String {
        let longer = "\(id)_\(number)"
        return takes(longer) ? longer : hash("\(id)\u{0}\(number)")
    }

    private func takes(_ id: String) -> Bool {
        let count = id.utf8.count
        guard count >= max(1, shortest), count <= longest else { return false }
        switch alphabet {
        case .any: return id.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        case .word: return id.utf8.allSatisfy(Self.isWord)
        case .alphanumeric: return id.utf8.allSatisfy(Self.isAlphanumeric)
        }
    }

    /// Base 62: letters and digits are in every alphabet.
    private func hash(_ id: String) -> String {
        var words = SHA256.hash(data: Array(id.utf8)).prefix(16).withUnsafeBytesOfArray { bytes in
            (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        // 22 digits hold 128 bits.
        let prefix = longest >= 27 ? "call_" : ""
        var digits: [UInt8] = []
        for _ in 0..<11 {
            digits.append(Self.digits[Int(words.0 % 62)])
            words.0 /= 62
            digits.append(Self.digits[Int(words.1 % 62)])
            words.1 /= 62
        }
        return prefix + String(decoding: digits.prefix(longest - prefix.utf8.count), as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    // MARK: Reading back

    /// The beginning of an escaped id.
    private static let mark = "hf-"

    /// The id that ``write(_:)`` was given; anything else as it is.
    package static func read(_ id: String) -> String {
        guard id.utf8.starts(with: mark.utf8) else { return id }
        var bytes: [UInt8] = []
        var rest = id.utf8.dropFirst(mark.utf8.count)
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "-") else {
                bytes.append(byte)
                continue
            }
            guard let pair = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self)), pair.count == 1 else {
                return id
            }
            bytes.append(pair[0])
            rest = rest.dropFirst(2)
        }
        guard let original = String(validating: bytes, as: UTF8.self), escape(original) == id,
            !original.utf8.allSatisfy(isWord)
        else { return id }
        return original
    }

    /// Letters, digits and `_` stand for themselves, every other byte is `-`
    /// and two digits of base 16.
    private static func escape(_ id: String) -> String {
        var written = Array(mark.utf8)
        for byte in id.utf8 {
            if isAlphanumeric(byte) || byte == UInt8(ascii: "_") {
                written.append(byte)
            } else {
                written.append(UInt8(ascii: "-"))
                written += Hex.encode([byte]).utf8
            }
        }
        return String(decoding: written, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }
}

extension Sequence<UInt8> {
    fileprivate func withUnsafeBytesOfArray<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
        Array(self).withUnsafeBytes(body)
    }
}
