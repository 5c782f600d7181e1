/// A source of a ledger's public files, for example a folder or a web server.
package protocol LedgerReader {
    /// - Returns: nil where there is no such file.
    /// - Throws: ``LedgerProblem`` where it can't be read.
    func read(_ path: String) throws(LedgerProblem) -> [UInt8]?
    /// The paths of all files; nil where they can't be listed.
    func list() throws(LedgerProblem) -> [String]?
}

extension LedgerReader {
    /// A tile's bytes. A partial one may be gone by the time that it is read,
    /// because the full one is there: then they are the beginning of that.
    package func bytes(of tile: Tile) throws(LedgerProblem) -> [UInt8]? {
        if let bytes = try read(tile.path) { return bytes }
        guard !tile.isFull, let bytes = try read(tile.full.path) else { return nil }
        switch tile.kind {
        case .hashes: return Array(bytes.prefix(tile.width * MerkleHash.size))
        case .entries:
            guard let ranges = EntryBundle.ranges(bytes, count: Tile.fullWidth) else { return nil }
            return Array(bytes[..<ranges[tile.width - 1].upperBound])
        }
    }

    /// The first entry that was not pruned.
    /// - Throws: ``LedgerProblem`` where its file is no number.
    package func minimumIndex() throws(LedgerProblem) -> UInt64 {
        guard let bytes = try read(LedgerPaths.minimumIndex) else { return 0 }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let index = UInt64(text.dropLast()), text == "\(index)\n" else {
            throw LedgerProblem("\(LedgerPaths.minimumIndex) is not a number")
        }
        return index
    }

    /// - Throws: ``LedgerProblem`` where it is missing or of another length.
    package func hashes(of tile: Tile) throws(LedgerProblem) -> [MerkleHash] {
        guard let bytes = try bytes(of: tile), let hashes = TileHashes.decode(bytes, width: tile.width) else {
            throw LedgerProblem("\(tile.path) is missing or damaged")
        }
        return hashes
    }
}

/// The names of the files beside C2SP's tiles.
package enum LedgerPaths {
    package static let checkpoint = "checkpoint"
    /// Holdfast's own: the newest checkpoint that a quorum of witnesses has
    /// cosigned, where there are witnesses.
    package static let witnessed = "checkpoint.witnessed"
    /// Holdfast's own: one checkpoint an hour.
    package static let kept = "checkpoints"
    /// Holdfast's own: the first entry that has not been pruned.
    package static let minimumIndex = "minimum-index"

    /// Sorted as the sizes are.
    package static func kept(_ size: UInt64) -> String {
        let digits = String(size)
        return "\(kept)/\(String(repeating: "0", count: 20 - digits.count))\(digits)"
    }

    /// A file of Holdfast's own: the sizes of the kept checkpoints, each on a line, for readers that can't list a
    /// folder.
    package static let keptIndex = "\(kept)/index"

    /// The size in a kept checkpoint's path; nil where it is no such path.
    package static func keptSize(_ path: String) -> UInt64? {
        guard let size = UInt64(path.dropFirst(kept.count + 1)), self.kept(size) == path else { return nil }
        return size
    }

    /// Returns whether the file at this path is public, so that anybody may read it.
    package static func isPublic(_ path: String) -> Bool {
        [checkpoint, witnessed, minimumIndex, keptIndex].contains(path) || Tile(path: path) != nil
            || keptSize(path) != nil
    }
}
