/// A verification of a whole ledger: hashes every entry and every tile again, up to the root that the checkpoint's
/// signature commits to.
///
/// The verifier reads only the ledger's public files, and trusts only the keys of its policy. A ledger that passes
/// contains exactly the entries that the log's key has signed, in their order; with witnesses in the policy, it is also
/// the same history that the witnesses have seen.
package struct LedgerVerifier {
    private let reader: any LedgerReader
    private let policy: LedgerPolicy

    package init(_ reader: any LedgerReader, policy: LedgerPolicy) {
        self.reader = reader
        self.policy = policy
    }

    /// The result of a successful verification.
    package struct Report: Sendable {
        package var checkpoint: VerifiedCheckpoint
        /// The newest checkpoint with the policy's quorum of witnesses, which
        /// the log extends; nil where no witness of the policy has cosigned.
        package var witnessed: VerifiedCheckpoint?
        package var entries: UInt64 = 0
        package var files = 0
        /// Entries before it were pruned: that they are part of the tree is
        /// known, what they say isn't.
        package var minimumIndex: UInt64 = 0
        /// The sizes of the older checkpoints that this log extends.
        package var extended: [UInt64] = []
        /// Older checkpoints whose trees can't be computed any more.
        package var unprovable: [UInt64] = []
        /// Files that the checkpoint doesn't need.
        package var leftovers: [String] = []
        /// The possibilities that the verification cannot exclude, as sentences.
        package var caveats: [String] = []
    }

    /// - Parameters:
    ///   - trusted: checkpoints that the auditor has kept, as signed notes.
    ///   - visit: is given every entry that was verified, in order.
    /// - Throws: ``LedgerProblem`` for the first thing that doesn't hold.
    package func verify(
        trusted: [[UInt8]] = [], visit: (UInt64, ArraySlice<UInt8>) throws(LedgerProblem) -> Void = { _, _ in }
    ) throws(LedgerProblem) -> Report {
        // The newest checkpoint is read last: a log that goes on meanwhile has
        // no older ones that are newer than it.
        let listed = try reader.list()?.sorted()
        let kept = try kept(listed)
        let witnessed = try reader.read(LedgerPaths.witnessed)
        guard let bytes = try reader.read(LedgerPaths.checkpoint) else {
            throw LedgerProblem(
                "there is no checkpoint: this is no ledger's public folder, which is `log` in its directory",
                kind: .unreadable)
        }
        var report = Report(checkpoint: try VerifiedCheckpoint(try SignedNote(bytes), policy: policy.withoutQuorum))
        report.files = 1
        try readMinimumIndex(&report)
        try hashEverything(&report, visit)
        try checkWitnesses(witnessed, &report)
        for (name, bytes) in (kept ?? []) + trusted.enumerated().map({ ("trusted checkpoint \($0 + 1)", $1) }) {
            try checkExtends(name, bytes, &report)
        }
        let needed = Set(Tile.all(size: report.checkpoint.size).map(\.path) + [LedgerPaths.checkpoint])
        report.leftovers = (listed ?? []).filter {
            !needed.contains($0) && ![LedgerPaths.minimumIndex, LedgerPaths.witnessed].contains($0)
                && !$0.hasPrefix(LedgerPaths.kept + "/")
        }
        if listed == nil {
            report.caveats.append(
                "The address can't be listed: left-over files were not looked for, and "
                    + (kept == nil
                        ? "kept checkpoints neither: it has no \(LedgerPaths.keptIndex)."
                        : "the kept checkpoints are those that its \(LedgerPaths.keptIndex) names."))
        }
        if trusted.isEmpty, report.witnessed == nil {
            report.caveats.append(
                "No checkpoint of your own and no witness was given: that this is the same log that others were "
                    + "shown, or that you were shown before, cannot be told from it alone.")
        }
        return report
    }

    /// The kept checkpoints, by their paths.
    /// - Parameter files: nil where they can't be listed: then an index says.
    /// - Returns: nil where nothing says what was kept.
    private func kept(_ files: [String]?) throws(LedgerProblem) -> [(String, [UInt8])]? {
        let named = if let files { files.filter { LedgerPaths.keptSize($0) != nil } } else { try indexed() }
        guard let paths = named else { return nil }
        var kept: [(String, [UInt8])] = []
        for path in paths {
            guard let bytes = try reader.read(path) else {
                throw LedgerProblem("\(path) was kept, and is missing")
            }
            kept.append((path, bytes))
        }
        return kept
    }

    private func indexed() throws(LedgerProblem) -> [String]? {
        guard let bytes = try reader.read(LedgerPaths.keptIndex) else { return nil }
        var paths: [String] = []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.dropLast() {
            guard let size = UInt64(line), line == "\(size)" else {
                throw LedgerProblem("\(LedgerPaths.keptIndex) is no list of sizes")
            }
            paths.append(LedgerPaths.kept(size))
        }
        guard lines.last == "" else { throw LedgerProblem("\(LedgerPaths.keptIndex) is no list of sizes") }
        return paths
    }

    private func readMinimumIndex(_ report: inout Report) throws(LedgerProblem) {
        report.minimumIndex = try reader.minimumIndex()
        guard report.minimumIndex <= report.checkpoint.size else {
            throw LedgerProblem("\(LedgerPaths.minimumIndex) is larger than the log")
        }
    }

    /// Returns whether a tile may be missing because it was pruned. The log may be pruned while it is read, so the
    /// first remaining index is read again if necessary.
    private func isPruned(_ tile: Tile, _ report: inout Report) throws(LedgerProblem) -> Bool {
        guard tile.isFull else { return false }
        if tile.end > report.minimumIndex { try readMinimumIndex(&report) }
        return tile.end <= report.minimumIndex
    }

    // MARK: The tree

    private func hashEverything(
        _ report: inout Report, _ visit: (UInt64, ArraySlice<UInt8>) throws(LedgerProblem) -> Void
    ) throws(LedgerProblem) {
        let size = report.checkpoint.size
        // The roots of the full tiles of the level below; nil where pruned.
        var below: [MerkleHash?] = []
        var level = 0
        var count = size
        while count > 0 {
            var roots: [MerkleHash?] = []
            for index in 0..<(count + 255) / 256 {
                let width = Int(min(256, count - index * 256))
                let tile = Tile(.hashes(level: level), index: index, width: width)
                let hashes = try self.hashes(of: tile, &report)
                if level == 0 {
                    try checkEntries(Tile(.entries, index: index, width: width), hashes, &report, visit)
                } else if let hashes {
                    for (place, hash) in hashes.enumerated() {
                        let child = below[Int(index) * 256 + place]
                        guard child == nil || child == hash else {
                            throw LedgerProblem("\(tile.path) has another hash than the tile below it, at \(place)")
                        }
                    }
                }
                if width == 256 { roots.append(hashes.map { TileHashes.fold($0[...]) }) }
            }
            below = roots
            count /= 256
            level += 1
        }
        guard try root(at: size, report) == report.checkpoint.root else {
            throw LedgerProblem("the tiles' root is not the one that the checkpoint's signature is for")
        }
    }

    /// - Returns: nil where it was pruned.
    private func hashes(of tile: Tile, _ report: inout Report) throws(LedgerProblem) -> [MerkleHash]? {
        guard let bytes = try reader.bytes(of: tile) else {
            guard try isPruned(tile, &report) else { throw LedgerProblem("\(tile.path) is missing") }
            return nil
        }
        report.files += 1
        guard let hashes = TileHashes.decode(bytes, width: tile.width) else {
            throw LedgerProblem("\(tile.path) is not \(tile.width) hashes long")
        }
        return hashes
    }

    private func checkEntries(
        _ tile: Tile, _ hashes: [MerkleHash]?, _ report: inout Report,
        _ visit: (UInt64, ArraySlice<UInt8>) throws(LedgerProblem) -> Void
    ) throws(LedgerProblem) {
        guard let bytes = try reader.bytes(of: tile) else {
            guard try isPruned(tile, &report) else { throw LedgerProblem("\(tile.path) is missing") }
            return
        }
        // What a pruning that broke off has left.
        if hashes == nil, try isPruned(tile, &report) { return }
        report.files += 1
        guard let ranges = EntryBundle.ranges(bytes, count: tile.width) else {
            throw LedgerProblem("\(tile.path) is not \(tile.width) entries")
        }
        guard let hashes else { throw LedgerProblem("\(tile.path) has entries and no hashes") }
        for (place, range) in ranges.enumerated() {
            let hash = bytes.withUnsafeBytes { MerkleHash(leaf: UnsafeRawBufferPointer(rebasing: $0[range])) }
            guard hash == hashes[place] else {
                throw LedgerProblem("entry \(tile.index * 256 + UInt64(place)) is not the one that was logged")
            }
            try visit(tile.index * 256 + UInt64(place), bytes[range])
        }
        report.entries += UInt64(ranges.count)
    }

    private func root(at size: UInt64, _ report: Report) throws(LedgerProblem) -> MerkleHash {
        let hashes = TileHashes(size: report.checkpoint.size) { try reader.hashes(of: $0) }
        do {
            return try MerkleTree(size: size, hashes).root()
        } catch {
            throw error as? LedgerProblem ?? LedgerProblem("the root can't be computed: \(error)")
        }
    }

    // MARK: The past

    /// - Parameter bytes: the checkpoint beside the newest one, which may be
    ///   too new for its witnesses.
    private func checkWitnesses(_ bytes: [UInt8]?, _ report: inout Report) throws(LedgerProblem) {
        let newest = report.checkpoint
        let note = try bytes.map { bytes throws(LedgerProblem) in try SignedNote(bytes) }
        if let note, note.text != newest.note.text {
            try checkExtends(LedgerPaths.witnessed, note.bytes, &report)
        }
        if policy.isSatisfied(by: Set(newest.witnesses)), !newest.witnesses.isEmpty {
            report.witnessed = newest
        } else if let note, let older = try? VerifiedCheckpoint(note, policy: policy), !older.witnesses.isEmpty,
            !report.unprovable.contains(older.size)
        {
            report.witnessed = older
        } else {
            _ = try VerifiedCheckpoint(newest.note, policy: policy)
        }
    }

    private func checkExtends(_ name: String, _ bytes: [UInt8], _ report: inout Report) throws(LedgerProblem) {
        let note: SignedNote
        let old: Checkpoint
        do throws(LedgerProblem) {
            note = try SignedNote(bytes)
            old = try Checkpoint(text: note.text)
        } catch {
            throw LedgerProblem("\(name) is damaged: \(error)", kind: error.kind)
        }
        let logs = policy.logs.map(\.key).filter { $0.name == old.origin }
        guard try !note.signers(among: logs).isEmpty else {
            throw LedgerProblem("\(name) is not signed by a key that is trusted here (--log, --policy)")
        }
        guard old.origin == report.checkpoint.checkpoint.origin else {
            throw LedgerProblem("\(name) is another log's: \(old.origin)")
        }
        guard old.size <= report.checkpoint.size else {
            throw LedgerProblem(
                "\(name) is of \(old.size) entries, and this log has \(report.checkpoint.size): it was rolled back")
        }
        let root: MerkleHash
        do throws(LedgerProblem) {
            root = try self.root(at: old.size, report)
        } catch {
            // Only what was pruned may be missing.
            guard old.size < report.minimumIndex else { throw error }
            return report.unprovable.append(old.size)
        }
        guard root == old.root else {
            throw LedgerProblem("\(name) has another root at \(old.size) entries: the log was forked or rewritten")
        }
        report.extended.append(old.size)
    }
}
