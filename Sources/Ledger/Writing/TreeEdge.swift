/// The right edge of a growing tree: of every level the hashes of the tile
/// that isn't full yet.
struct TreeEdge: Sendable {
    private(set) var size: UInt64
    /// The hashes of each level that do not fill a tile yet; fewer than 256 on each level.
    private(set) var partial: [[MerkleHash]]

    init() {
        size = 0
        partial = []
    }

    /// - Parameter partial: by level, as many hashes as ``Tile`` says.
    init(size: UInt64, partial: [[MerkleHash]]) {
        self.size = size
        self.partial = partial
    }

    /// Adds an entry's hash.
    /// - Parameter filled: is given every tile that is full by that, lowest
    ///   level first.
    mutating func append(_ leaf: MerkleHash, filled: (Tile, [MerkleHash]) -> Void) {
        var hash = leaf
        var level = 0
        while true {
            if level == partial.count {
                partial.append([])
                partial[level].reserveCapacity(256)
            }
            partial[level].append(hash)
            guard partial[level].count == 256 else { break }
            hash = TileHashes.fold(partial[level][...])
            filled(Tile(.hashes(level: level), index: size >> UInt64(8 * (level + 1))), partial[level])
            partial[level].removeAll(keepingCapacity: true)
            level += 1
        }
        size += 1
    }

    var root: MerkleHash {
        var result: MerkleHash?
        for hashes in partial {
            // The whole subtrees of a level, smallest and last first.
            var end = hashes.count
            while end > 0 {
                let count = 1 << end.trailingZeroBitCount
                let whole = TileHashes.fold(hashes[(end - count)..<end])
                result = result.map { MerkleHash(whole, $0) } ?? whole
                end -= count
            }
        }
        return result ?? .empty
    }

    /// The tiles that aren't full, and their hashes.
    var tiles: [(Tile, [MerkleHash])] {
        partial.indices.filter { !partial[$0].isEmpty }.map { level in
            let tile = Tile(
                .hashes(level: level), index: size >> UInt64(8 * (level + 1)), width: partial[level].count)
            return (tile, partial[level])
        }
    }
}
