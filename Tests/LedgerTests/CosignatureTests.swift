import Ledger
import Seeded
import Testing

/// Cosignatures on the log's own disk.
@Suite struct CosignatureTests {
    private let key = SignerKey(name: "log.example")!
    private let keys = (0..<2).map { SignerKey(name: "witness.example/\($0)", kind: .cosignature)! }

    private var policy: LedgerPolicy {
        LedgerPolicy(
            log: key.verifier,
            witnesses: keys.enumerated().map { LedgerPolicy.Party(name: "w\($0)", key: $1.verifier) })
    }

    private func cosigned(_ note: SignedNote, by signers: Int = 2, time: UInt64 = 5) throws -> SignedNote {
        var note = note
        for key in keys.prefix(signers) { try note.sign(key, time: time) }
        return note
    }

    private func checkpoint(_ files: MemoryFiles, _ path: String = LedgerPaths.checkpoint) throws -> SignedNote {
        try SignedNote(try #require(try files.read(path)))
    }

    @Test func theyJoinTheCheckpointThatTheyAreOf() throws {
        let log = try ScriptedLog(key: key)
        let old = try log.grow(to: 10)
        #expect(throws: LedgerProblem.self) { try VerifiedCheckpoint(old, policy: policy) }
        try log.writer.add(cosignaturesOf: cosigned(old, by: 1))
        try log.writer.add(cosignaturesOf: cosigned(old))
        try log.writer.keep(witnessed: cosigned(old))
        for path in [LedgerPaths.checkpoint, LedgerPaths.witnessed, LedgerPaths.kept(10)] {
            #expect(try VerifiedCheckpoint(checkpoint(log.files, path), policy: policy).size == 10, "\(path)")
            #expect(try checkpoint(log.files, path).signatures.count == 3)
        }
        // Publishing nothing new takes none away, and a restart neither.
        try log.writer.publish(time: 9_000)
        _ = try LedgerWriter(log.files, key: key, time: 9_001)
        #expect(try checkpoint(log.files).signatures.count == 3)
        // An older one never replaces a newer one.
        let new = try log.grow(to: 20)
        try log.writer.add(cosignaturesOf: cosigned(old, time: 77))
        try log.writer.keep(witnessed: cosigned(old))
        #expect(try checkpoint(log.files) == new)
        try log.writer.keep(witnessed: cosigned(new))
        try log.writer.keep(witnessed: cosigned(old))
        #expect(try checkpoint(log.files, LedgerPaths.witnessed).text == new.text)
        // Of two by one key the later one counts.
        try log.writer.add(cosignaturesOf: cosigned(new, time: 7))
        try log.writer.add(cosignaturesOf: cosigned(new, time: 8))
        try log.writer.add(cosignaturesOf: cosigned(new, time: 6))
        #expect(try checkpoint(log.files).signatures.compactMap(\.time) == [8, 8])
    }

    /// A busy log's newest checkpoint has no cosignatures yet.
    @Test func proofsTakeTheWitnessedCheckpoint() throws {
        let log = try ScriptedLog(key: key)
        let old = try log.grow(to: 300)
        try log.writer.add(cosignaturesOf: cosigned(old))
        try log.writer.keep(witnessed: cosigned(old))
        try log.grow(to: 700)
        for index in [0, 255, 256, 299] as [UInt64] {
            let proof = try LedgerProver(log.files, policy: policy).prove(index)
            try proof.verify(try #require(proof.extra), policy: policy)
            #expect(try Checkpoint(text: proof.checkpoint.text).size == 300)
        }
        #expect(throws: LedgerProblem.self) { try LedgerProver(log.files, policy: policy).prove(300) }
        let proof = try LedgerProver(log.files, policy: policy.withoutQuorum).prove(300)
        #expect(try Checkpoint(text: proof.checkpoint.text).size == 700)
        // All is verified, and what witnesses have seen is told.
        let report = try LedgerVerifier(log.files, policy: policy).verify()
        #expect(report.entries == 700 && report.witnessed?.size == 300)
        #expect(report.text.contains("not yet of the last 400 entries") && report.caveats.isEmpty)
        // Somebody else's signatures are no quorum.
        let other = LedgerPolicy(
            log: key.verifier,
            witnesses: [.init(name: "w", key: SignerKey(name: "other", kind: .cosignature)!.verifier)])
        #expect(throws: LedgerProblem.self) { try LedgerVerifier(log.files, policy: other).verify() }
    }

    @Test func aWitnessedCheckpointOfAnotherHistory() throws {
        let log = try ScriptedLog(key: key, seed: 1)
        let fork = try ScriptedLog(key: key, seed: 2)
        let note = try cosigned(fork.grow(to: 10))
        try log.grow(to: 20)
        try log.files.write(LedgerPaths.witnessed, note.bytes)
        #expect(throws: LedgerProblem.self) { try LedgerVerifier(log.files, policy: policy).verify() }
        #expect(throws: LedgerProblem.self) { try LedgerVerifier(log.files, policy: policy.withoutQuorum).verify() }
        // And one of more entries than the folder has is a roll-back.
        try log.files.write(LedgerPaths.witnessed, cosigned(fork.grow(to: 30)).bytes)
        #expect(throws: LedgerProblem.self) { try LedgerWriter(log.files, key: key, time: 5) }
    }

    /// The power goes at any instant: the checkpoint is a whole one, and
    /// never an older one than before.
    @Test(arguments: 0..<200)
    func powerCut(_ round: Int) throws {
        let seed = UInt64(round) &* 0x9E37_79B9_7F4A_7C15 &+ 3
        var random = SplitMix(seed: seed)
        var files = MemoryFiles()
        var published: UInt64 = 0
        for _ in 0..<4 {
            files.budget = Int.random(in: 20...120, using: &random)
            do {
                let log = try ScriptedLog(key: key, files: files)
                #expect(log.writer.publishedCheckpoint.size >= published, "seed \(seed)")
                while true {
                    let note = try cosigned(log.grow(to: log.writer.size + UInt64.random(in: 1...90, using: &random)))
                    published = log.writer.publishedCheckpoint.size
                    if Bool.random(using: &random) { try log.writer.add(cosignaturesOf: note) }
                    if Bool.random(using: &random) { try log.writer.keep(witnessed: note) }
                }
            } catch let problem as LedgerProblem where problem.description.contains("No space") {
                // A full disk, and then the power.
            }
            files = files.crashed(using: &random)
        }
        files.budget = nil
        let log = try ScriptedLog(key: key, files: files)
        #expect(log.writer.publishedCheckpoint.size >= published, "seed \(seed)")
        _ = try LedgerVerifier(files, policy: policy.withoutQuorum).verify()
    }
}
