/// Words in base 64 (RFC 4648 §4 and §5) and in hexadecimal digits.
///
/// A run of letters and digits counts as encoded only where it decodes to
/// words: hashes, keys, images and long names do not.
enum BaseTokens {
    /// The fewest characters that are tried.
    static let shortest = 8
    /// The most characters that are decoded together.
    static let longest = 65536

    /// The values of base 64's digits, of both alphabets; 64 for other bytes.
    static let values: [UInt8] = {
        var values = [UInt8](repeating: 64, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, character) in alphabet.utf8.enumerated() { values[Int(character)] = UInt8(value) }
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()

    /// Decodes characters of base 64; what stands over at the end is left out.
    static func base64(_ characters: some Sequence<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        values.withUnsafeBufferPointer { values in
            for character in characters {
                let value = values[Int(character)]
                guard value < 64 else { continue }
                word = word << 6 | UInt32(value)
                bits += 6
                if bits >= 8 {
                    bits -= 8
                    bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
                }
            }
        }
        return bytes
    }

    static func hex(_ characters: some Sequence<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt32?
        for character in characters {
            guard let digit = Characters.hex(character) else { continue }
            if let first = high {
                bytes.append(UInt8(first << 4 | digit))
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }

    /// Says whether a run of letters is spelled as no word is: in capitals
    /// behind small letters, and with a digit or padding where it is short.
    static func isOdd(_ characters: some Collection<UInt8>, padded: Bool) -> Bool {
        var hasDigit = false
        var isMixed = false
        var hasSmall = false
        for character in characters {
            if Characters.isDigit(character) {
                hasDigit = true
            } else if Characters.isLetter(character) {
                if character & 0x20 == 0 {
                    if hasSmall { isMixed = true }
                } else {
                    hasSmall = true
                }
            }
            if isMixed, hasDigit { return true }
        }
        return isMixed && (padded || characters.count >= 16)
    }

    /// The words that bytes begin with, if those are the better part of them.
    static func words(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
        let count = Characters.readablePrefix(bytes)
        let words = bytes[..<count]
        return count >= 6 && count * 2 >= bytes.count && Characters.isWords(words) ? words : nil
    }
}
