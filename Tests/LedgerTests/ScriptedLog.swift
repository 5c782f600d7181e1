import Ledger

/// A log in memory, whose history a test chooses.
final class ScriptedLog {
    let key: SignerKey
    let files: MemoryFiles
    var writer: LedgerWriter
    private let seed: Int

    /// - Parameter seed: logs with different ones have different entries.
    init(key: SignerKey, seed: Int = 0, files: MemoryFiles = MemoryFiles()) throws {
        self.key = key
        self.files = files
        self.seed = seed
        writer = try LedgerWriter(files, key: key, time: 1_000)
    }

    /// Publishes a checkpoint of that many entries.
    @discardableResult
    func grow(to size: UInt64, shared: UInt64 = 0) throws -> SignedNote {
        let entries = (writer.size..<size).map { Array("entry \($0) \($0 < shared ? 0 : seed)".utf8) }
        if !entries.isEmpty { _ = try writer.commit(EntryGroup(entries)) }
        try writer.publish(time: 1_000)
        return writer.published
    }

    func proof(from old: UInt64, to size: UInt64? = nil) throws -> [MerkleHash] {
        let hashes = TileHashes(size: writer.size) { [files] in try files.hashes(of: $0) }
        return try MerkleTree(size: size ?? writer.publishedCheckpoint.size, hashes).consistency(from: old)
    }

    /// The request to a witness that has cosigned `old` entries.
    func request(old: UInt64) throws -> [UInt8] {
        AddCheckpoint(oldSize: old, proof: try proof(from: old), checkpoint: writer.published).bytes
    }
}
