import Crypto
import Supervision
import Testing

@Suite("Keyed hashes of what was judged")
struct KeyedHashTests {
    @Test(
        "the same as swift-crypto's HMAC, for keys around the size of a block and texts in pieces",
        arguments: [0, 1, 32, 63, 64, 65, 200], [[], [0], [3, 0, 61], [64], [63, 1, 65], [1000, 24]])
    func isHMAC(_ size: Int, _ pieces: [Int]) {
        let secret = SymmetricKey(data: (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) })
        var hash = KeyedHash(secret: secret)
        var known = HMAC<SHA256>(key: secret)
        for (index, count) in pieces.enumerated() {
            let piece = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31 + index) }
            piece.withUnsafeBytes { hash.update($0) }
            known.update(data: piece)
        }
        #expect(hash.finish() == known.finalize().withUnsafeBytes { WindowKey($0) })
    }

    @Test("a copy goes on where the original stands, and changes nothing of it")
    func copies() {
        let secret = SymmetricKey(size: .bits256)
        func key(_ hash: KeyedHash, _ text: String) -> WindowKey {
            var hash = hash
            Array(text.utf8).withUnsafeBytes { hash.update($0) }
            return hash.finish()
        }
        let fresh = KeyedHash(secret: secret)
        var begun = fresh
        Array("a".utf8).withUnsafeBytes { begun.update($0) }
        #expect(key(begun, "b") == key(fresh, "ab") && key(begun, "b") == key(begun, "b"))
        #expect(key(begun, "b") != key(begun, "c") && key(fresh, "b") != key(begun, "b"))
    }
}
