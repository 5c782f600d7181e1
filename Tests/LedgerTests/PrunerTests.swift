import Ledger
import LedgerDisk
import Foundation
import Seeded
import Testing

@Suite struct PrunerTests {
    private let key = SignerKey(name: "log.example")!
    private var policy: LedgerPolicy { LedgerPolicy(log: key.verifier) }

    private func tiles(_ files: MemoryFiles, before end: UInt64) throws -> [String] {
        try files.list()!.filter { path in Tile(path: path).map { $0.end <= end } ?? false }
    }

    /// Tests the guarantees of C2SP tlog-tiles for a pruned log.
    @Test func whatIsLaterStaysProvable() throws {
        let log = try ScriptedLog(key: key)
        let old = try log.grow(to: 100)
        for size in stride(from: 1_000, through: 70_100, by: 3_000) { try log.grow(to: UInt64(size)) }
        let kept = try log.grow(to: 70_100)
        let pruner = LedgerPruner(log.files)
        let plan = try pruner.plan(before: 66_000, limit: 70_000)
        #expect(plan.from == 0 && plan.to == 65_792)
        #expect(try log.files.read(LedgerPaths.minimumIndex) == nil)
        try pruner.prune(plan)
        #expect(try log.files.read(LedgerPaths.minimumIndex) == Array("65792\n".utf8))
        #expect(try tiles(log.files, before: 65_792).isEmpty)
        // 257 bundles, their hashes, and the level above of the first 65,536.
        #expect(plan.paths.count == 257 * 2 + 1)

        let report = try LedgerVerifier(log.files, policy: policy).verify(trusted: [old.bytes, kept.bytes])
        #expect(report.minimumIndex == 65_792 && report.entries == 70_100 - 65_792)
        #expect(report.unprovable.contains(100) && report.extended.contains(70_100))
        #expect(report.leftovers.allSatisfy { $0.contains(".p/") })
        for index in [65_792, 65_793, 66_047, 66_048, 69_999, 70_099] as [UInt64] {
            let proof = try LedgerProver(log.files, policy: policy).prove(index)
            try proof.verify(try #require(proof.extra), policy: policy)
        }
        for index in [0, 65_791] as [UInt64] {
            #expect(throws: LedgerProblem("entry \(index) was pruned: the ledger begins at entry 65792")) {
                try LedgerProver(log.files, policy: policy).prove(index)
            }
        }
        // The trees of at least that size, and between any two of them.
        let whole = try ScriptedLog(key: key)
        try whole.grow(to: 70_100)
        let hashes = TileHashes(size: 70_100) { try log.files.hashes(of: $0) }
        let all = TileHashes(size: 70_100) { try whole.files.hashes(of: $0) }
        for size in [65_792, 65_793, 66_048, 68_123, 70_099, 70_100] as [UInt64] {
            #expect(try MerkleTree(size: size, hashes).root() == MerkleTree(size: size, all).root())
            let proof = try MerkleTree(size: 70_100, hashes).consistency(from: size)
            #expect(try proof == MerkleTree(size: 70_100, all).consistency(from: size))
        }
        // The log goes on, also after a restart, and is pruned again.
        var writer = try LedgerWriter(log.files, key: key, head: log.writer.publishedCheckpoint, time: 9_000)
        _ = try writer.commit(EntryGroup([Array("one more".utf8)]))
        try writer.publish(time: 9_001)
        #expect(try LedgerVerifier(log.files, policy: policy).verify().checkpoint.size == 70_101)
        try pruner.prune(try pruner.plan(before: 70_000, limit: 70_101))
        #expect(try LedgerVerifier(log.files, policy: policy).verify().minimumIndex == 69_888)
        // Nothing brings entries back, and nothing is left to do.
        let again = try pruner.plan(before: 300, limit: 70_101)
        #expect(again.from == 69_888 && again.to == 69_888 && again.paths.isEmpty)
        #expect(throws: LedgerProblem.self) {
            try LedgerWriter(log.files, key: key, head: Checkpoint(text: old.text), time: 9_000)
        }
    }

    @Test func whatMustStay() throws {
        let log = try ScriptedLog(key: key)
        try log.grow(to: 1_000)
        let pruner = LedgerPruner(log.files)
        #expect(throws: LedgerProblem.self) { try pruner.plan(before: 1_001, limit: .max) }
        #expect(throws: LedgerProblem.self) { try pruner.plan(before: 513, limit: 512) }
        #expect(try pruner.plan(before: 512, limit: 512).to == 512)
        #expect(try pruner.plan(before: 255, limit: 512).paths.isEmpty)
        #expect(throws: LedgerProblem.self) { try LedgerPruner(MemoryFiles()).plan(before: 0, limit: 0) }
        // Up to the last entry of a log that ends with a full tile.
        try log.grow(to: 1_024)
        try pruner.prune(try pruner.plan(before: 1_024, limit: 1_024))
        _ = try LedgerWriter(log.files, key: key, head: log.writer.publishedCheckpoint, time: 9_000)
        #expect(try LedgerVerifier(log.files, policy: policy).verify().entries == 0)
        try log.files.write(LedgerPaths.minimumIndex, Array("01024\n".utf8))
        #expect(throws: LedgerProblem.self) { try LedgerVerifier(log.files, policy: policy).verify() }
        try log.files.write(LedgerPaths.minimumIndex, Array("1025\n".utf8))
        #expect(throws: LedgerProblem.self) { try LedgerVerifier(log.files, policy: policy).verify() }
    }

    /// The power goes at any instant, in the middle of pruning and of writing
    /// beside it.
    @Test(arguments: 0..<150)
    func powerCut(_ round: Int) throws {
        let seed = UInt64(round) &* 0x9E37_79B9_7F4A_7C15 &+ 11
        var random = SplitMix(seed: seed)
        var files = MemoryFiles()
        var (size, first): (UInt64, UInt64) = (0, 0)
        for life in 0..<4 {
            files.budget = nil
            let log = try ScriptedLog(key: key, files: files)
            #expect(log.writer.size >= size, "seed \(seed)")
            try log.grow(to: log.writer.size + UInt64.random(in: 300...2_000, using: &random))
            files.budget = Int.random(in: 0...60, using: &random)
            do {
                while true {
                    size = log.writer.publishedCheckpoint.size
                    let pruner = LedgerPruner(files)
                    let plan = try pruner.plan(before: UInt64.random(in: first...size, using: &random), limit: size)
                    try pruner.prune(plan)
                    first = plan.to
                    try log.grow(to: log.writer.size + UInt64.random(in: 1...600, using: &random))
                }
            } catch let problem as LedgerProblem where problem.description.contains("No space") {
                // A full disk, and then the power.
            }
            files = files.crashed(using: &random)
            let report = try LedgerVerifier(files, policy: policy).verify()
            #expect(report.minimumIndex >= first && report.checkpoint.size >= size, "seed \(seed), life \(life)")
            let index = UInt64.random(in: report.minimumIndex..<report.checkpoint.size + 1, using: &random)
            if index < report.checkpoint.size { _ = try LedgerProver(files, policy: policy).prove(index) }
        }
        // Whoever prunes again finishes it.
        files.budget = nil
        _ = try LedgerWriter(files, key: key, time: 1_000)
        let pruner = LedgerPruner(files)
        try pruner.prune(try pruner.plan(before: 0, limit: .max))
        #expect(try tiles(files, before: files.minimumIndex()).isEmpty, "seed \(seed)")
        _ = try LedgerVerifier(files, policy: policy).verify()
    }

    /// A pruner doesn't need the writer's lock; two pruners are one too many.
    @Test func besideAWriter() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ledger-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let storage = try LedgerStorage(folder)
        let key = try storage.key(named: "log.example")
        var writer = try LedgerWriter(storage, key: key, time: 1_000)
        for start in stride(from: 0, to: 3_000, by: 500) {
            _ = try writer.commit(EntryGroup((start..<start + 500).map { Array("entry \($0)".utf8) }))
            try writer.publish(time: 1_000)
            let beside = try LedgerStorage(folder, for: .pruning)
            #expect(throws: LedgerProblem.self) { try LedgerStorage(folder, for: .pruning) }
            let pruner = LedgerPruner(beside)
            try pruner.prune(try pruner.plan(before: UInt64(start), limit: .max))
        }
        let report = try LedgerVerifier(LedgerFolder(storage.publicPath), policy: LedgerPolicy(log: key.verifier))
            .verify()
        #expect(report.minimumIndex == 2_304 && report.entries == 3_000 - 2_304)
    }
}
