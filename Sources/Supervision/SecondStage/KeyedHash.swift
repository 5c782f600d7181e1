package import Crypto

/// HMAC-SHA256 (RFC 2104) over several texts, cut to 128 bits: the key under
/// which a process remembers what it has judged.
///
/// A copy goes on where the original stands, so that what many keys begin with
/// is read once.
// Crypto's own HMAC takes bytes through a protocol that is not specialized: for
// a kilobyte, that takes longer than to hash it. Tested against it.
package struct KeyedHash: Sendable {
    private static let blockSize = 64
    private var inner = SHA256()
    private var outer = SHA256()

    /// - Parameter secret: At most 64 bytes; longer ones are hashed first.
    package init(secret: SymmetricKey) {
        var block = secret.withUnsafeBytes { secret in
            secret.count > Self.blockSize ? Array(SHA256.hash(data: secret)) : Array(secret)
        }
        block += repeatElement(0, count: Self.blockSize - block.count)
        block.map { $0 ^ 0x36 }.withUnsafeBytes { inner.update(bufferPointer: $0) }
        block.map { $0 ^ 0x5C }.withUnsafeBytes { outer.update(bufferPointer: $0) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { inner.update(bufferPointer: bytes) }

    /// The key of all bytes that were read.
    package func finish() -> WindowKey {
        var outer = outer
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        return outer.finalize().withUnsafeBytes { WindowKey($0) }
    }
}
