import Encodings
import Seeded
import Signing
import Testing
import WeightSigning
import WeightsTesting

@Suite struct ManifestTests {
    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/./b", "../a", "a/..", "a/../b", "a\0b",
        String(repeating: "a", count: 5000),
    ])
    func noPathBelowAFolder(_ text: String) { #expect(ModelPath(text) == nil) }

    @Test func pathsAreBytes() throws {
        let one = try #require(ModelPath("\u{e9}")), two = try #require(ModelPath("e\u{301}"))
        #expect("\u{e9}" == "e\u{301}" && one != two)
        let odd = try #require(ModelPath([0x61, 0xFF, 0x0A]))
        #expect(odd.text == nil && odd.description == "a\\xff\\x0a")
        #expect(try #require(ModelPath("a/b")).isWithin(try #require(ModelPath("a"))))
        #expect(!(try #require(ModelPath("ab"))).isWithin(try #require(ModelPath("a"))))
    }

    @Test func bothOrders() throws {
        func sorted(_ names: [String], _ by: (Resource, Resource) -> Bool) -> [String?] {
            names.compactMap { ModelPath($0) }.map { Resource(path: $0, digest: []) }.sorted(by: by).map(\.path.text)
        }
        let names = ["d/b", "d-e", "d.f", "d", "e"]
        #expect(sorted(names, Resource.precedesByName) == ["d", "d-e", "d.f", "d/b", "e"])
        #expect(sorted(names, Resource.precedesByPlace) == ["d", "d/b", "d-e", "d.f", "e"])
    }

    /// However a file's bytes come: it is the signed one or it isn't.
    @Test(arguments: [DigestAlgorithm.sha256, .blake2b])
    func filesByPieces(_ algorithm: DigestAlgorithm) throws {
        var chance = SplitMix(seed: 3)
        for _ in 0..<300 {
            let size = Int.random(in: 0...600, using: &chance)
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &chance) }
            let shard = Bool.random(using: &chance) && size > 0 ? Int.random(in: 1...300, using: &chance) : nil
            let file = file(bytes, shard, algorithm)
            #expect(check(bytes, file, &chance), "\(size) bytes, shards \(shard ?? 0), seed 3")
            #expect(!check(bytes + [0], file, &chance), "one more than \(size), shards \(shard ?? 0), seed 3")
            guard size > 0 else { continue }
            #expect(!check(bytes.dropLast(), file, &chance), "one less than \(size), shards \(shard ?? 0), seed 3")
            var bad = bytes
            bad[Int.random(in: 0..<size, using: &chance)] ^= 1
            #expect(!check(bad, file, &chance), "one of \(size) changed, shards \(shard ?? 0), seed 3")
        }
    }

    private func file(_ bytes: [UInt8], _ shard: Int?, _ algorithm: DigestAlgorithm) -> ManifestFile {
        func digest(_ bytes: some Sequence<UInt8>) -> [UInt8] {
            var digest = StreamingDigest(algorithm)
            digest.update(Array(bytes))
            return digest.finish()
        }
        let path = ModelPath("f")!
        guard let shard else {
            return ManifestFile(path: path, algorithm: algorithm, pieces: [.init(end: nil, digest: digest(bytes))])
        }
        let pieces = stride(from: 0, to: bytes.count, by: shard).map { start in
            let end = min(bytes.count, start + shard)
            return ManifestFile.Piece(end: UInt64(end), digest: digest(bytes[start..<end]))
        }
        return ManifestFile(path: path, algorithm: algorithm, pieces: pieces)
    }

    private func check(_ bytes: [UInt8], _ file: ManifestFile, _ chance: inout SplitMix) -> Bool {
        var check = FileCheck(file)
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int.random(in: 1...200, using: &chance)))
            piece.withUnsafeBytes { check.update($0) }
            rest = rest.dropFirst(piece.count)
        }
        return check.finish()
    }

    @Test func theNamesAreComparedBeforeTheBytes() async throws {
        let key = ECPrivateKey()
        let signed = try ModelSigner(key: key).sign(MemoryModel.small, named: "m", ignoring: [])
        let manifest = try ModelManifest(try await signed.bundle.verified(by: .keys([key.publicKey]), at: 0))
        var other = MemoryModel.small
        other.files["a"] = [9]
        #expect(try ModelComparison(manifest, other, own: []).changed.map(\.text) == ["a"])
        other.files["more"] = []
        other.files["d/b"] = nil
        let found = try ModelComparison(manifest, other, own: [])
        #expect(found.unsigned.map(\.path.text) == ["more"] && found.missing.map(\.text) == ["d/b"])
        #expect(found.changed.isEmpty && found.same == 0 && !found.holds)
        #expect(try ModelComparison(manifest, other, own: [ModelPath("more")!]).unsigned.isEmpty)
    }
}
