import Crypto

/// The SHA-256 of a key: what is stored, and what keys are looked up by.
///
/// A key is 256 random bits, so there is nothing to guess: a slow, salted
/// hash, which passwords need because people choose them, would only slow
/// every request down. For the same reason a lookup leaks nothing by how long
/// it takes: who presents a key cannot steer its digest.
package struct KeyDigest: Sendable, Hashable {
    // Four words rather than an array: no allocation, compared in place.
    private let a: UInt64, b: UInt64, c: UInt64, d: UInt64

    /// Hashes a key as it was presented. Takes one pass over its bytes.
    package init(of text: String) {
        var text = text
        self = text.withUTF8 { KeyDigest(of: UnsafeRawBufferPointer($0)) }
    }

    /// Hashes a key that is in a buffer.
    package init(of bytes: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        self = hash.finalize().withUnsafeBytes { digest in
            KeyDigest(
                a: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                b: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                c: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                d: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
        }
    }

    /// Reads 64 hexadecimal digits of either case; nil for anything else.
    package init?(hex: String) {
        let digits = hex.utf8
        guard digits.count == 64 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (place, digit) in digits.enumerated() {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            words[place / 16] = words[place / 16] << 4 | UInt64(value)
        }
        self.init(a: words[0], b: words[1], c: words[2], d: words[3])
    }

    private init(a: UInt64, b: UInt64, c: UInt64, d: UInt64) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        [a, b, c, d].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// A part of the digest, for what only has to be spread.
    package var word: UInt64 { a }

    /// One word is enough: SHA-256 has spread the bits already.
    package func hash(into hasher: inout Hasher) { hasher.combine(a) }
}
