import Crypto
import Ledger
import Testing

/// RFC 6962's definitions, word for word and without a thought for speed.
enum Naive {
    static func root(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
        if leaves.isEmpty { return Array(SHA256.hash(data: [UInt8]())) }
        if leaves.count == 1 { return Array(SHA256.hash(data: [0] + leaves.first!)) }
        let middle = leaves.startIndex + split(leaves.count)
        return Array(SHA256.hash(data: [1] + root(leaves[..<middle]) + root(leaves[middle...])))
    }

    static func path(_ index: Int, _ leaves: ArraySlice<[UInt8]>) -> [[UInt8]] {
        if leaves.count <= 1 { return [] }
        let middle = leaves.startIndex + split(leaves.count)
        return index < middle
            ? path(index, leaves[..<middle]) + [root(leaves[middle...])]
            : path(index, leaves[middle...]) + [root(leaves[..<middle])]
    }

    static func proof(_ size: Int, _ leaves: ArraySlice<[UInt8]>, isWhole: Bool = true) -> [[UInt8]] {
        if size == leaves.count { return isWhole ? [] : [root(leaves)] }
        let half = split(leaves.count)
        let middle = leaves.startIndex + half
        return size <= half
            ? proof(size, leaves[..<middle], isWhole: isWhole) + [root(leaves[middle...])]
            : proof(size - half, leaves[middle...], isWhole: false) + [root(leaves[..<middle])]
    }

    private static func split(_ count: Int) -> Int {
        var half = 1
        while half * 2 < count { half *= 2 }
        return half
    }
}

@Suite struct TreeTests {
    private func leaves(_ count: Int) -> [[UInt8]] { (0..<count).map { Array("entry \($0)".utf8) } }

    private struct Levels: SubtreeHashes {
        let leaves: [[UInt8]]
        func hash(level: Int, index: UInt64) throws -> MerkleHash {
            let span = 1 << level
            return MerkleHash(Naive.root(leaves[Int(index) * span..<(Int(index) + 1) * span]))!
        }
    }

    @Test func everyProofOfEverySizeUpTo40() throws {
        for size in 1...40 {
            let leaves = leaves(size)
            let tree = MerkleTree(size: UInt64(size), Levels(leaves: leaves))
            let root = try tree.root()
            #expect(root.bytes == Naive.root(leaves[...]))
            for index in 0..<size {
                let path = try tree.inclusion(of: UInt64(index))
                #expect(path.map(\.bytes) == Naive.path(index, leaves[...]))
                let leaf = MerkleHash(leaf: leaves[index])
                #expect(MerkleProof.includes(leaf, at: UInt64(index), size: UInt64(size), root: root, proof: path))
                #expect(
                    !MerkleProof.includes(leaf, at: UInt64(index) + 1, size: UInt64(size), root: root, proof: path)
                        || size == 1)
                #expect(
                    !MerkleProof.includes(
                        leaf, at: UInt64(index), size: UInt64(size), root: root, proof: path + [root]))
                if !path.isEmpty {
                    #expect(
                        !MerkleProof.includes(
                            leaf, at: UInt64(index), size: UInt64(size), root: root, proof: Array(path.dropLast())))
                }
            }
            for old in 0...size {
                let oldRoot = MerkleHash(Naive.root(leaves[..<old]))!
                let proof = try tree.consistency(from: UInt64(old))
                if old > 0 { #expect(proof.map(\.bytes) == Naive.proof(old, leaves[...])) }
                func extends(_ root: MerkleHash, _ proof: [MerkleHash], _ oldRoot: MerkleHash) -> Bool {
                    MerkleProof.extends(
                        oldSize: UInt64(old), oldRoot: oldRoot, size: UInt64(size), root: root, proof: proof)
                }
                #expect(extends(root, proof, oldRoot))
                let other = MerkleHash(leaf: [7])
                #expect(!extends(other, proof, oldRoot) || old == 0)
                #expect(!extends(root, proof, other))
                #expect(!extends(root, proof + [other], oldRoot))
                if !proof.isEmpty { #expect(!extends(root, Array(proof.dropLast()), oldRoot)) }
            }
        }
    }

    @Test(arguments: [
        (Tile(.hashes(level: 0), index: 0), "tile/0/000"),
        (Tile(.hashes(level: 3), index: 1_234_067), "tile/3/x001/x234/067"),
        (Tile(.entries, index: 273, width: 112), "tile/entries/273.p/112"),
    ])
    func pathsAreTheSpecifications(_ tile: Tile, _ path: String) {
        #expect(tile.path == path)
        #expect(Tile(path: path) == tile)
    }

    @Test(arguments: [
        "", "tile", "tile/0", "tile/0/1", "tile/0/0001", "tile/0/x001", "tile/0/001/000", "tile/00/000",
        "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p", "tile/entries/../000", "tile/-1/000",
    ])
    func otherPathsAreNone(_ path: String) { #expect(Tile(path: path) == nil) }

    /// The specification's own example.
    @Test func seventyThousandEntries() {
        let tiles = Tile.all(size: 70_000)
        func count(_ kind: Tile.Kind, _ isFull: Bool) -> Int { tiles.count { $0.kind == kind && $0.isFull == isFull } }
        #expect(count(.hashes(level: 0), true) == 273)
        #expect(tiles.contains(Tile(.hashes(level: 0), index: 273, width: 112)))
        #expect(count(.hashes(level: 1), true) == 1)
        #expect(tiles.contains(Tile(.hashes(level: 1), index: 1, width: 17)))
        #expect(tiles.contains(Tile(.hashes(level: 2), index: 0, width: 1)))
        #expect(tiles.count == 274 * 2 + 2 + 1)
        #expect(Tile.all(size: 256).map(\.path) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"])
    }
}
