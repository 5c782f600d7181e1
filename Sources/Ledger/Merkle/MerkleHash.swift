import Encodings
import Crypto

/// A SHA-256 value of the Merkle tree (RFC 6962 §2.1).
package struct MerkleHash: Sendable, Hashable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    package static let size = 32

    /// - Returns: nil where `bytes` are not ``size`` long.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
        self.words = words
    }

    private init(_ hasher: SHA256) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        hasher.finalize().withUnsafeBytes { digest in
            withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: digest) }
        }
        self.words = words
    }

    /// The hash of an entry: SHA-256(0x00 ‖ entry).
    package init(leaf entry: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        Self.leafPrefix.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: entry)
        self.init(hasher)
    }

    package init(leaf entry: [UInt8]) { self = entry.withUnsafeBytes { MerkleHash(leaf: $0) } }

    /// The hash of two subtrees: SHA-256(0x01 ‖ left ‖ right).
    package init(_ left: MerkleHash, _ right: MerkleHash) {
        var pair = (UInt8(1), left.words, right.words)
        var bytes:
            (
                UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt8
            ) = (0, 0, 0, 0, 0, 0, 0, 0, 0)
        var hasher = SHA256()
        withUnsafeMutableBytes(of: &bytes) { buffer in
            // One update costs less than three.
            buffer[0] = pair.0
            withUnsafeBytes(of: &pair.1) {
                UnsafeMutableRawBufferPointer(rebasing: buffer[1..<33]).copyMemory(from: $0)
            }
            withUnsafeBytes(of: &pair.2) {
                UnsafeMutableRawBufferPointer(rebasing: buffer[33..<65]).copyMemory(from: $0)
            }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<65]))
        }
        self.init(hasher)
    }

    /// The hash of the tree without entries: SHA-256 of no bytes.
    package static let empty = MerkleHash(SHA256())

    private static let leafPrefix: [UInt8] = [0]

    package func append(to bytes: inout [UInt8]) {
        withUnsafeBytes(of: words) { bytes.append(contentsOf: $0) }
    }

    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// As C2SP's formats write it.
    package var base64: String { Base64.encode(bytes) }

    package static func == (a: MerkleHash, b: MerkleHash) -> Bool { a.words == b.words }
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
