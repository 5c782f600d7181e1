package import Crypto

/// The SHA-256 of some content. It is written in hex.
package struct ContentDigest: Sendable, Hashable, CustomStringConvertible {
    /// 32 of them.
    package let bytes: [UInt8]

    package init(_ digest: SHA256Digest) { bytes = Array(digest) }

    /// Nil where it isn't 64 hex digits.
    package init?(hex: String) {
        let digits = hex.utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
            default: nil
            }
        }
        guard digits.count == 64, hex.utf8.count == 64 else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    package static func of(_ bytes: some Sequence<UInt8>) -> ContentDigest {
        ContentDigest(SHA256.hash(data: Array(bytes)))
    }

    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package var description: String { hex }
}
