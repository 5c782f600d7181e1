/// A pruner, which removes a ledger's oldest entries and keeps its tree (C2SP tlog-tiles, "Pruning"): later entries can
/// still be proven, and so can every checkpoint of at least that many entries.
///
/// May work at the same time as the ledger's writer: it removes full tiles that end at or before the new beginning,
/// which a writer never reads, and no two pruners have the files at once. After a crash at any moment the ledger
/// verifies, and the next pruning finishes the work.
package struct LedgerPruner {
    private let files: any LedgerFiles

    package init(_ files: any LedgerFiles) { self.files = files }

    /// The effect that pruning would have.
    package struct Plan: Sendable, Hashable {
        /// The index of the ledger's first entry, before and after pruning.
        package var from: UInt64
        package var to: UInt64
        /// The files that would be removed.
        package var paths: [String]
    }

    /// - Parameters:
    ///   - index: the first entry that has to stay. Entries go 256 at a time,
    ///     so some before it may stay, too.
    ///   - limit: entries from there on must stay.
    /// - Throws: ``LedgerProblem`` where that is more than may go.
    package func plan(before index: UInt64, limit: UInt64) throws(LedgerProblem) -> Plan {
        guard let bytes = try files.read(LedgerPaths.checkpoint) else { throw LedgerProblem("there is no checkpoint") }
        let limit = min(limit, try Checkpoint(text: try SignedNote(bytes).text).size)
        guard index <= limit else {
            throw LedgerProblem("entries from \(limit) on must stay, and \(index) is after that")
        }
        let from = try files.minimumIndex()
        let to = max(from, index / 256 * 256)
        let paths = try (files.list() ?? []).filter { path in Tile(path: path).map { $0.end <= to } ?? false }
        return Plan(from: from, to: to, paths: paths.sorted())
    }

    /// - Throws: ``LedgerProblem`` where the files fail; to be done again.
    package func prune(_ plan: Plan) throws(LedgerProblem) {
        // Whoever finds a tile missing must find the reason.
        if plan.to > plan.from {
            try files.replace(LedgerPaths.minimumIndex, Array("\(plan.to)\n".utf8), by: "scratch/minimum-index")
            try files.syncFolder("")
        }
        for path in plan.paths { try files.remove(path) }
    }
}
