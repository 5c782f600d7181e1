import Seeded
import Foundation
import Ledger
import Testing

@Suite struct WriterTests {
    private let key = SignerKey(name: "holdfast.example/test")!
    private var policy: LedgerPolicy { LedgerPolicy(log: key.verifier) }

    private func entry(_ index: Int, _ size: Int = 20) -> [UInt8] {
        var bytes = Array("entry \(index) ".utf8)
        while bytes.count < size { bytes.append(UInt8(truncatingIfNeeded: index &* 31 &+ bytes.count)) }
        return bytes
    }

    private func read(_ files: MemoryFiles) throws -> [[UInt8]] {
        var entries: [[UInt8]] = []
        _ = try LedgerVerifier(files, policy: policy).verify { _, bytes in entries.append(Array(bytes)) }
        return entries
    }

    @Test(arguments: [0, 1, 2, 255, 256, 257, 511, 512, 700, 65_536, 65_793])
    func whatIsWrittenVerifies(_ count: Int) throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        var next = 0
        while next < count {
            let group = min(count - next, 97 + next % 300)
            #expect(try writer.commit(EntryGroup((next..<next + group).map { entry($0) })) == UInt64(next))
            next += group
            if next % 3 == 0 { try writer.publish(time: 1_000 + UInt64(next)) }
        }
        try writer.publish(time: 90_000)
        let report = try LedgerVerifier(files, policy: policy).verify()
        #expect(report.checkpoint.size == UInt64(count))
        #expect(report.entries == UInt64(count))
        #expect(report.leftovers.allSatisfy { $0.contains(".p/") })
        #expect(try read(files) == (0..<count).map { entry($0) })
        // A new writer goes on from there.
        var again = try LedgerWriter(files, key: key, head: writer.publishedCheckpoint, time: 90_001)
        #expect(try again.commit(EntryGroup([entry(count)])) == UInt64(count))
        try again.publish(time: 90_002)
        #expect(try read(files).count == count + 1)
    }

    /// The power goes at any instant: nothing that was acknowledged is lost,
    /// and no two checkpoints contradict each other.
    @Test(arguments: 0..<300)
    func powerCut(_ round: Int) throws {
        let seed = UInt64(round) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        var random = SplitMix(seed: seed)
        var files = MemoryFiles()
        var acknowledged: [[UInt8]] = []
        var checkpoints: [[UInt8]] = []
        var time: UInt64 = 7_000
        for life in 0..<4 {
            files.budget = Int.random(in: 0...120, using: &random)
            do {
                var writer = try LedgerWriter(files, key: key, time: time)
                #expect(writer.size >= UInt64(acknowledged.count), "seed \(seed), life \(life)")
                checkpoints.append(writer.published.bytes)
                // What came back beyond what was acknowledged stays.
                if writer.size > UInt64(acknowledged.count) {
                    acknowledged = try entries(of: files, from: acknowledged)
                }
                while true {
                    let group = (0..<Int.random(in: 1...90, using: &random)).map {
                        entry(acknowledged.count + $0, Int.random(in: 5...40, using: &random))
                    }
                    _ = try writer.commit(EntryGroup(group))
                    acknowledged += group
                    if Int.random(in: 0..<3, using: &random) == 0 {
                        time += UInt64.random(in: 0...2_000, using: &random)
                        try writer.publish(time: time)
                        checkpoints.append(writer.published.bytes)
                    }
                }
            } catch let problem as LedgerProblem where problem.description.contains("No space") {
                // A full disk, and then the power, or the process alone.
            }
            if Int.random(in: 0..<4, using: &random) > 0 { files = files.crashed(using: &random) }
        }
        files = files.crashed(using: &random)
        var writer = try LedgerWriter(files, key: key, time: time)
        try writer.publish(time: time)
        var entries: [[UInt8]] = []
        let report = try LedgerVerifier(files, policy: policy).verify(trusted: checkpoints) { _, bytes in
            entries.append(Array(bytes))
        }
        #expect(entries.starts(with: acknowledged), "seed \(seed)")
        #expect(report.extended.count >= checkpoints.count, "seed \(seed)")
    }

    private func entries(of files: MemoryFiles, from known: [[UInt8]]) throws -> [[UInt8]] {
        let entries = try read(files)
        #expect(entries.starts(with: known))
        return entries
    }

    @Test func whatIsRefusedAtStart() throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        let before = files.copy()
        _ = try writer.commit(EntryGroup((0..<300).map { entry($0) }))
        try writer.publish(time: 1_001)
        let head = writer.publishedCheckpoint
        func refusal(_ files: MemoryFiles, _ key: SignerKey? = nil, _ head: Checkpoint? = nil) -> String {
            do throws(LedgerProblem) {
                _ = try LedgerWriter(files, key: key ?? self.key, head: head, time: 1_002)
                return "accepted"
            } catch { return error.description }
        }
        #expect(refusal(files, nil, head) == "accepted")
        #expect(refusal(before, nil, head).contains("rolled back"))
        #expect(refusal(MemoryFiles(), nil, head).contains("empty"))
        #expect(refusal(files, SignerKey(name: "another.example")!).contains("and not \"another.example\""))
        #expect(refusal(files, SignerKey(name: "holdfast.example/test")!).contains("another key"))
        let forked = before.copy()
        var other = try LedgerWriter(forked, key: key, time: 1_000)
        _ = try other.commit(EntryGroup((0..<400).map { entry($0 + 1) }))
        try other.publish(time: 1_003)
        #expect(refusal(forked, nil, head).contains("another log"))
        let torn = files.copy()
        torn.flip("tile/0/001.p/44", at: 5)
        #expect(refusal(torn).contains("damaged"))
        let missing = files.copy()
        missing.delete("tile/entries/001.p/44")
        #expect(refusal(missing).contains("missing or damaged"))
    }

    /// Flips one byte of every file that the checkpoint needs.
    @Test func aFlippedByteIsFound() throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        for start in stride(from: 0, to: 70_000, by: 1_000) {
            _ = try writer.commit(EntryGroup((start..<start + 1_000).map { entry($0, 12) }))
        }
        try writer.publish(time: 1_001)
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed: seed)
        let tiles = Tile.all(size: 70_000)
        let verifier = LedgerVerifier(files, policy: policy)
        #expect(try verifier.verify().entries == 70_000)
        // All kinds of files; every single one in the long test.
        var chosen = [tiles.last!, Tile(.hashes(level: 1), index: 0), Tile(.hashes(level: 1), index: 1, width: 17)]
        let isLong = ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_SECONDS"] != nil
        chosen += isLong ? tiles : (0..<6).map { _ in tiles.randomElement(using: &random)! }
        for path in chosen.map(\.path) + ["checkpoint"] {
            let place = Int.random(in: 0..<(try files.read(path)!.count), using: &random)
            files.flip(path, at: place)
            #expect(throws: LedgerProblem.self, "\(path) at \(place), seed \(seed)") { try verifier.verify() }
            files.flip(path, at: place)
        }
    }

    @Test func aPrunedLogVerifiesFromItsMinimumIndex() throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        _ = try writer.commit(EntryGroup((0..<100).map { entry($0) }))
        try writer.publish(time: 1_001)
        let old = writer.published.bytes
        for start in stride(from: 100, to: 70_100, by: 1_000) {
            _ = try writer.commit(EntryGroup((start..<start + 1_000).map { entry($0) }))
        }
        try writer.publish(time: 4_000)
        try files.write("minimum-index", Array("66000\n".utf8))
        for tile in Tile.all(size: writer.size) where tile.isFull && tile.end <= 66_000 { files.delete(tile.path) }
        let report = try LedgerVerifier(files, policy: policy).verify(trusted: [old])
        #expect(report.minimumIndex == 66_000)
        #expect(report.entries == 70_100 - 65_792)
        #expect(report.unprovable.contains(100))
        files.delete("tile/0/260")
        #expect(throws: LedgerProblem("tile/0/260 is missing")) { try LedgerVerifier(files, policy: policy).verify() }
    }

    /// A web server: its files can be read and not listed.
    private struct Served: LedgerReader {
        let files: MemoryFiles
        func read(_ path: String) throws(LedgerProblem) -> [UInt8]? {
            LedgerPaths.isPublic(path) ? try files.read(path) : nil
        }
        func list() throws(LedgerProblem) -> [String]? { nil }
    }

    @Test func whoCantListAFolderFindsWhatWasKept() throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 3_600)
        for hour in 2..<7 {
            _ = try writer.commit(EntryGroup((0..<100).map { entry(hour * 100 + $0) }))
            try writer.publish(time: UInt64(hour) * 3_600)
        }
        let verifier = LedgerVerifier(Served(files: files), policy: policy)
        #expect(try files.read(LedgerPaths.keptIndex) == Array("100\n200\n300\n400\n500\n".utf8))
        let report = try verifier.verify()
        #expect(report.extended == [100, 200, 300, 400, 500])
        #expect(
            report.caveats.contains { $0.contains("the kept checkpoints are those that its checkpoints/index names") })
        #expect(try LedgerVerifier(files, policy: policy).verify().extended == report.extended)
        // Kept ones are of use only where a rewritten log would have to hide
        // them.
        let old = try #require(try files.read(LedgerPaths.kept(200)))
        files.delete(LedgerPaths.kept(200))
        #expect(throws: LedgerProblem("\(LedgerPaths.kept(200)) was kept, and is missing")) { try verifier.verify() }
        // A start writes it anew.
        _ = try LedgerWriter(files, key: key, time: 50_000)
        #expect(try verifier.verify().extended == [100, 300, 400, 500])
        let other = MemoryFiles()
        var rewritten = try LedgerWriter(other, key: key, time: 3_600)
        _ = try rewritten.commit(EntryGroup((0..<600).map { entry($0) }))
        try rewritten.publish(time: 3_600)
        try other.write(LedgerPaths.kept(200), old)
        try other.write(LedgerPaths.keptIndex, Array("200\n".utf8))
        #expect(throws: LedgerProblem.self) { try LedgerVerifier(Served(files: other), policy: policy).verify() }
        for wrong in ["200", "0200\n", "x\n", "\n", "200 \n"] {
            try files.write(LedgerPaths.keptIndex, Array(wrong.utf8))
            #expect(throws: LedgerProblem.self, "\(wrong)") { try verifier.verify() }
        }
        files.delete(LedgerPaths.keptIndex)
        #expect(try verifier.verify().caveats.contains { $0.contains("it has no checkpoints/index") })
        for path in ["", "checkpoints", "checkpoints/1", "checkpoints/000000000000000000000", "journal", "../x"] {
            #expect(!LedgerPaths.isPublic(path), "\(path)")
        }
    }

    /// The copy of a log that went on while it was copied.
    @Test func aPartialTileMayHaveBecomeFull() throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        _ = try writer.commit(EntryGroup((0..<300).map { entry($0) }))
        try writer.publish(time: 1_001)
        let old = try #require(try files.read("checkpoint"))
        _ = try writer.commit(EntryGroup((300..<800).map { entry($0) }))
        try writer.publish(time: 1_002)
        #expect(try files.read("tile/entries/001.p/44") == nil)
        try files.write("checkpoint", old)
        #expect(try LedgerVerifier(files, policy: policy).verify().entries == 300)
        #expect(try LedgerProver(files, policy: policy).prove(299).index == 299)
        // A writer goes on from there, too: with its journal from where the log
        // was, without from what was copied.
        #expect(try LedgerWriter(files.copy(), key: key, time: 1_003).size == 800)
        files.delete("journal/groups")
        #expect(try LedgerWriter(files, key: key, time: 1_003).size == 300)
    }

    @Test func aProofStandsAlone() throws {
        let files = MemoryFiles()
        var writer = try LedgerWriter(files, key: key, time: 1_000)
        _ = try writer.commit(EntryGroup((0..<1_000).map { entry($0) }))
        try writer.publish(time: 1_001)
        for index in [0, 1, 255, 256, 999] {
            let proof = try LedgerProver(files, policy: policy).prove(UInt64(index))
            let again = try LedgerProof(proof.bytes)
            #expect(again == proof)
            #expect(again.extra == entry(index))
            try again.verify(entry(index), policy: policy)
            #expect(throws: LedgerProblem.self) { try again.verify(entry(index + 1), policy: policy) }
            var moved = again
            moved.index += 1
            #expect(throws: LedgerProblem.self) { try moved.verify(entry(index), policy: policy) }
        }
    }
}
