/// The hashes of a log's tree, read from its tiles as they are needed.
package final class TileHashes: SubtreeHashes {
    private let size: UInt64
    private let read: (Tile) throws -> [MerkleHash]
    private var known: [Tile: [MerkleHash]] = [:]

    /// - Parameters:
    ///   - size: of the tree whose tiles there are.
    ///   - read: exactly the tile's hashes.
    package init(size: UInt64, read: @escaping (Tile) throws -> [MerkleHash]) {
        self.size = size
        self.read = read
    }

    package func hash(level: Int, index: UInt64) throws -> MerkleHash {
        let tileLevel = level / 8
        // Its leaves in the tile of that level.
        let span = UInt64(1) << UInt64(level % 8)
        let first = index * span
        let number = first / 256
        let available = size >> UInt64(8 * tileLevel)
        let width = Int(min(256, available - number * 256))
        let tile = Tile(.hashes(level: tileLevel), index: number, width: width)
        let hashes = try known[tile] ?? read(tile)
        known[tile] = hashes
        return Self.fold(hashes[Int(first % 256)..<Int(first % 256 + span)])
    }

    /// Computes the root over hashes whose number is a power of two.
    package static func fold(_ hashes: ArraySlice<MerkleHash>) -> MerkleHash {
        var row = Array(hashes)
        while row.count > 1 {
            row = stride(from: 0, to: row.count, by: 2).map { MerkleHash(row[$0], row[$0 + 1]) }
        }
        return row[0]
    }

    /// - Returns: nil where `bytes` are not that many hashes.
    package static func decode(_ bytes: [UInt8], width: Int) -> [MerkleHash]? {
        guard bytes.count == width * MerkleHash.size else { return nil }
        return (0..<width).compactMap { MerkleHash(bytes[$0 * MerkleHash.size..<($0 + 1) * MerkleHash.size]) }
    }
}
