/// Makes proofs out of a ledger's public files.
package struct LedgerProver {
    private let reader: any LedgerReader
    private let policy: LedgerPolicy

    package init(_ reader: any LedgerReader, policy: LedgerPolicy) {
        self.reader = reader
        self.policy = policy
    }

    /// Returns the proof that the entry at `index` is in the log, with the entry itself as the proof's extra data.
    /// - Throws: ``LedgerProblem`` if the log has no such entry or cannot prove it.
    package func prove(_ index: UInt64) throws(LedgerProblem) -> LedgerProof {
        let first = try reader.minimumIndex()
        guard index >= first else {
            throw LedgerProblem("entry \(index) was pruned: the ledger begins at entry \(first)")
        }
        let note = try checkpoint(with: index)
        let size = try Checkpoint(text: note.text).size
        let entry = try entry(at: index, size: size)
        let proof = LedgerProof(index: index, path: try path(to: index, size: size), checkpoint: note, extra: entry)
        try proof.verify(entry, policy: policy)
        return proof
    }

    /// The newest witnessed checkpoint, where it has the entry and the policy
    /// accepts it; else the newest one.
    private func checkpoint(with index: UInt64) throws(LedgerProblem) -> SignedNote {
        if let bytes = try reader.read(LedgerPaths.witnessed), let note = try? SignedNote(bytes),
            let verified = try? VerifiedCheckpoint(note, policy: policy), index < verified.size
        {
            return note
        }
        guard let bytes = try reader.read(LedgerPaths.checkpoint) else {
            throw LedgerProblem("there is no checkpoint: this is no ledger's public folder", kind: .unreadable)
        }
        let note = try SignedNote(bytes)
        let size = try VerifiedCheckpoint(note, policy: policy.withoutQuorum).size
        guard index < size else {
            throw LedgerProblem(
                "the checkpoint is of \(size) entries; entry \(index) is not in it yet, or never will be")
        }
        _ = try VerifiedCheckpoint(note, policy: policy)
        return note
    }

    private func path(to index: UInt64, size: UInt64) throws(LedgerProblem) -> [MerkleHash] {
        try reading { try MerkleTree(size: size, hashes(size)).inclusion(of: index) }
    }

    /// An entry's bytes, not yet checked against the tree.
    package func entry(at index: UInt64, size: UInt64) throws(LedgerProblem) -> [UInt8] {
        let first = index / 256 * 256
        let tile = Tile(.entries, index: index / 256, width: Int(min(256, size - first)))
        guard let bytes = try reader.bytes(of: tile) else {
            throw LedgerProblem("\(tile.path) is missing: pruned, or not copied along")
        }
        guard let ranges = EntryBundle.ranges(bytes, count: tile.width) else {
            throw LedgerProblem("\(tile.path) is damaged")
        }
        return Array(bytes[ranges[Int(index - first)]])
    }

    private func hashes(_ size: UInt64) -> TileHashes {
        TileHashes(size: size) { try reader.hashes(of: $0) }
    }

    private func reading<T>(_ body: () throws -> T) throws(LedgerProblem) -> T {
        do { return try body() } catch { throw error as? LedgerProblem ?? LedgerProblem("\(error)") }
    }
}
