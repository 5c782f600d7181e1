import Foundation
import Ledger
import LedgerDisk
import Seeded
import Testing

@Suite struct WitnessTests {
    private let key = SignerKey(name: "log.example")!
    private let witnessKey = SignerKey(name: "witness.example", kind: .cosignature)!

    private func witness(_ files: MemoryFiles = MemoryFiles()) throws -> CheckpointWitness {
        try CheckpointWitness(files, key: witnessKey, logs: [key.verifier])
    }

    private func cosigned(_ answer: WitnessAnswer) -> UInt64? {
        if case .cosigned(let checkpoint, _) = answer { checkpoint.size } else { nil }
    }

    // MARK: The request

    /// The specification's own example.
    @Test func theSpecificationsExampleIsRead() throws {
        let text = """
            old 20852014
            PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
            jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
            5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
            /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

            example.com/behind-the-sofa
            20852163
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

            — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
            — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=

            """
        let request = try AddCheckpoint(Array(text.utf8))
        #expect(request.oldSize == 20_852_014)
        #expect(request.proof.count == 4)
        #expect(request.checkpoint.signatures.count == 2)
        #expect(try Checkpoint(text: request.checkpoint.text).size == 20_852_163)
        #expect(request.bytes == Array(text.utf8))
    }

    @Test func whatIsNoRequest() throws {
        let log = try ScriptedLog(key: key)
        try log.grow(to: 5)
        let good = String(decoding: try log.request(old: 0), as: UTF8.self)
        let hash = MerkleHash.empty.base64
        let wrong = [
            "", "old", "old 0", "old 0\n", "old 0\n\n", good.replacing("old 0\n", with: "old 00\n"),
            good.replacing("old 0\n", with: "old -0\n"), good.replacing("old 0\n", with: "old +0\n"),
            good.replacing("old 0\n", with: "Old 0\n"), good.replacing("old 0\n", with: "old  0\n"),
            good.replacing("old 0\n", with: "old 0\r\n"), good.replacing("old 0\n", with: "old 0 \n"),
            good.replacing("old 0\n", with: "old 18446744073709551616\n"),
            good.replacing("old 0\n", with: "old 0\nAAAA\n"), good.replacing("old 0\n", with: "old 0\n\(hash) \n"),
            good.replacing("old 0\n", with: "old 0\n" + String(repeating: hash + "\n", count: 64)),
            good.replacing("\n\n", with: "\n"), String(good.dropLast()), good + "x",
        ]
        for text in wrong {
            let answer = try witness().answer(Array(text.utf8), time: 5)
            #expect(answer.status == 400, "\(text)")
        }
        #expect(try AddCheckpoint(Array(good.utf8)).oldSize == 0)
        // Whatever byte is changed, nothing else is cosigned.
        for place in good.utf8.indices.enumerated().map(\.offset) {
            var bytes = Array(good.utf8)
            bytes[place] ^= 1
            let answer = try witness().answer(bytes, time: 5)
            if case .cosigned(let checkpoint, _) = answer {
                #expect(checkpoint == log.writer.publishedCheckpoint, "byte \(place)")
            }
        }
    }

    // MARK: The answers

    @Test func everyStatus() throws {
        let log = try ScriptedLog(key: key)
        let witness = try witness()
        try log.grow(to: 7)
        let first = try witness.answer(try log.request(old: 0), time: 1_679_315_147)
        #expect(first.status == 200 && first.body.hasPrefix("— witness.example "))
        var note = try SignedNote(log.writer.published.bytes + Array(first.body.utf8))
        #expect(try note.signers(among: [witnessKey.verifier]) == [witnessKey.verifier])
        #expect(note.signatures.last?.time == 1_679_315_147)

        // 409 says where it stands, whatever the proof.
        try log.grow(to: 300)
        let conflict = try witness.answer(try log.request(old: 0), time: 5)
        #expect(conflict == .otherSize(7))
        #expect(conflict.status == 409 && conflict.contentType == "text/x.tlog.size" && conflict.body == "7\n")
        #expect(try witness.answer(try log.request(old: 300), time: 5) == .otherSize(7))
        #expect(cosigned(try witness.answer(try log.request(old: 7), time: 6)) == 300)
        // The same once more: a fresh cosignature.
        #expect(cosigned(try witness.answer(try log.request(old: 300), time: 7)) == 300)

        // 400: the old size is larger than the checkpoint's.
        let small = try ScriptedLog(key: key)
        let early = try small.grow(to: 7)
        let larger = AddCheckpoint(oldSize: 300, proof: [], checkpoint: early)
        #expect(try witness.answer(larger.bytes, time: 8).status == 400)
        // A roll-back: what it has cosigned stays.
        let back = AddCheckpoint(oldSize: 7, proof: [], checkpoint: early)
        #expect(try witness.answer(back.bytes, time: 8) == .otherSize(300))

        // 403: nobody's, another key of that name, and a bad signature.
        note = SignedNote(text: early.text)
        try note.sign(witnessKey, time: 5)
        #expect(
            try witness.answer(AddCheckpoint(oldSize: 300, proof: [], checkpoint: note).bytes, time: 8).status == 403)
        note = SignedNote(text: early.text)
        try note.sign(SignerKey(name: "log.example")!, time: 5)
        #expect(
            try witness.answer(AddCheckpoint(oldSize: 300, proof: [], checkpoint: note).bytes, time: 8).status == 403)
        let forged = String(decoding: try log.request(old: 300), as: UTF8.self).replacing("\n300\n", with: "\n301\n")
        #expect(try witness.answer(Array(forged.utf8), time: 8).status == 403)
        // 404
        let stranger = try ScriptedLog(key: SignerKey(name: "stranger.example")!)
        try stranger.grow(to: 3)
        #expect(try witness.answer(try stranger.request(old: 0), time: 8).status == 404)
    }

    @Test func unknownSignaturesAreIgnored() throws {
        let log = try ScriptedLog(key: key)
        var note = try log.grow(to: 5)
        try note.sign(SignerKey(name: "log.example")!, time: 5)
        let files = MemoryFiles()
        let answer = try witness(files).answer(AddCheckpoint(oldSize: 0, proof: [], checkpoint: note).bytes, time: 5)
        #expect(cosigned(answer) == 5)
        // What it remembers can be shown to monitors: the log's signature and
        // its own.
        let kept = try SignedNote(try #require(try files.read(CheckpointWitness.path(of: "log.example"))))
        #expect(kept.signatures.map(\.name) == ["log.example", "witness.example"])
    }

    @Test func forksAreNotCosigned() throws {
        let witness = try witness()
        let log = try ScriptedLog(key: key, seed: 1)
        let fork = try ScriptedLog(key: key, seed: 2)
        try log.grow(to: 200, shared: 100)
        #expect(cosigned(try witness.answer(try log.request(old: 0), time: 5)) == 200)
        // The same size and another root, which is a 422 by the letter.
        try fork.grow(to: 200, shared: 100)
        #expect(try witness.answer(try fork.request(old: 200), time: 5).status == 422)
        try fork.grow(to: 777)
        #expect(try witness.answer(try fork.request(old: 200), time: 5).status == 422)
        // With the other's proof, with none, with one too many.
        try log.grow(to: 777)
        for proof in [try log.proof(from: 200), [], try fork.proof(from: 200) + [.empty]] {
            let request = AddCheckpoint(oldSize: 200, proof: proof, checkpoint: fork.writer.published)
            #expect(try witness.answer(request.bytes, time: 5).status == 422)
        }
        // From before the fork it would be consistent; but that isn't where
        // the witness stands.
        #expect(try witness.answer(try fork.request(old: 100), time: 5) == .otherSize(200))
        #expect(cosigned(try witness.answer(try log.request(old: 200), time: 6)) == 777)
    }

    @Test func anEmptyLogHasOneRoot() throws {
        let empty = try ScriptedLog(key: key)
        #expect(cosigned(try witness().answer(try empty.request(old: 0), time: 5)) == 0)
        var wrong = SignedNote(text: Checkpoint(origin: "log.example", size: 0, root: MerkleHash(leaf: [1])).text)
        try wrong.sign(key, time: 5)
        #expect(
            try witness().answer(AddCheckpoint(oldSize: 0, proof: [], checkpoint: wrong).bytes, time: 5).status == 422)
        try empty.grow(to: 4)
        let request = AddCheckpoint(oldSize: 0, proof: [.empty], checkpoint: empty.writer.published)
        #expect(try witness().answer(request.bytes, time: 5).status == 422)
    }

    @Test func twoKeysOfOneLogAndTwoLogs() throws {
        let second = SignerKey(name: "log.example")!
        let other = SignerKey(name: "other.example")!
        let witness = try CheckpointWitness(
            MemoryFiles(), key: witnessKey, logs: [key.verifier, second.verifier, other.verifier])
        let log = try ScriptedLog(key: key)
        try log.grow(to: 10)
        #expect(cosigned(try witness.answer(try log.request(old: 0), time: 5)) == 10)
        let rotated = try ScriptedLog(key: second)
        try rotated.grow(to: 20)
        #expect(cosigned(try witness.answer(try rotated.request(old: 10), time: 5)) == 20)
        let beside = try ScriptedLog(key: other, seed: 3)
        try beside.grow(to: 5)
        #expect(cosigned(try witness.answer(try beside.request(old: 0), time: 5)) == 5)
        #expect(try witness.answer(try rotated.request(old: 10), time: 5) == .otherSize(20))
    }

    // MARK: Memory

    /// The power goes at any instant: a cosignature that has left is
    /// remembered, and the log can go on.
    @Test(arguments: 0..<200)
    func powerCut(_ round: Int) throws {
        let seed = UInt64(round) &* 0x9E37_79B9_7F4A_7C15 &+ 7
        var random = SplitMix(seed: seed)
        let log = try ScriptedLog(key: key)
        var files = MemoryFiles()
        var left: UInt64 = 0
        for _ in 0..<6 {
            files.budget = Int.random(in: 0...12, using: &random)
            do {
                let witness = try witness(files)
                while true {
                    try log.grow(to: log.writer.size + UInt64.random(in: 0...300, using: &random))
                    var answer = try witness.answer(try log.request(old: 0), time: 5)
                    if case .otherSize(let size) = answer {
                        #expect(size >= left, "seed \(seed): it has forgotten")
                        answer = try witness.answer(try log.request(old: size), time: 5)
                    }
                    left = try #require(cosigned(answer), "seed \(seed): \(answer)")
                }
            } catch let problem as LedgerProblem where problem.description.contains("No space") {
                // A full disk, and then the power.
            }
            files = files.crashed(using: &random)
        }
        files.budget = nil
        let answer = try witness(files).answer(try ScriptedLog(key: key).request(old: 0), time: 5)
        if left > 0, case .otherSize(let size) = answer { #expect(size >= left, "seed \(seed)") }
        #expect(left == 0 || answer.status == 409, "seed \(seed)")
    }

    /// All cosigned checkpoints belong to one history, for every attempt of a log to show another.
    @Test func whateverIsTriedOneHistoryIsCosigned() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed: seed)
        let logs = try (0..<3).map { try ScriptedLog(key: key, seed: $0) }
        let witness = try witness()
        var history: [Checkpoint] = []
        var latest: ScriptedLog?
        for _ in 0..<300 {
            let log = logs.randomElement(using: &random)!
            if Bool.random(using: &random) {
                try log.grow(to: log.writer.size + UInt64.random(in: 0...40, using: &random), shared: 60)
            }
            let size = log.writer.publishedCheckpoint.size
            let known = history.last?.size ?? 0
            let old = Bool.random(using: &random) && known <= size ? known : UInt64.random(in: 0...size, using: &random)
            if cosigned(try witness.answer(try log.request(old: old), time: 5)) != nil {
                history.append(log.writer.publishedCheckpoint)
                latest = log
            }
        }
        // The last one's log is that of all. It may have grown since, and been
        // refused.
        let last = try #require(latest, "seed \(seed): nothing was cosigned")
        let hashes = TileHashes(size: last.writer.size) { try last.files.hashes(of: $0) }
        for checkpoint in history {
            #expect(try MerkleTree(size: checkpoint.size, hashes).root() == checkpoint.root, "seed \(seed)")
        }
    }

    @Test func aDamagedMemoryIsNoNewBeginning() throws {
        let files = MemoryFiles()
        let log = try ScriptedLog(key: key)
        try log.grow(to: 10)
        _ = try witness(files).answer(try log.request(old: 0), time: 5)
        let path = CheckpointWitness.path(of: "log.example")
        #expect(path == "\(path.prefix(64))/checkpoint")
        files.flip(path, at: 30)
        #expect(throws: LedgerProblem.self) { try witness(files) }
        files.flip(path, at: 30)
        let another = SignerKey(name: "witness.example", kind: .cosignature)!
        #expect(throws: LedgerProblem.self) {
            try CheckpointWitness(files, key: another, logs: [key.verifier])
        }
        #expect(throws: LedgerProblem.self) { try CheckpointWitness(files, key: key, logs: [key.verifier]) }
    }

    @Test func twoProcessesAreNotOneWitness() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "witness-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let storage = try LedgerStorage(folder, for: .witnessing)
        #expect(throws: LedgerProblem("another process is the witness in \(folder)")) {
            try LedgerStorage(folder, for: .witnessing)
        }
        let key = try storage.key(named: "witness.example", kind: .cosignature)
        #expect(key.verifier.kind == .cosignature)
        // Nor is a witness's folder a ledger's.
        #expect(throws: LedgerProblem.self) { try storage.key(named: "witness.example") }
        let log = try ScriptedLog(key: self.key)
        try log.grow(to: 10)
        let witness = try CheckpointWitness(storage, key: key, logs: [self.key.verifier])
        #expect(cosigned(try witness.answer(try log.request(old: 0), time: 5)) == 10)
        let shown = LedgerFolder(storage.publicPath)
        #expect(try shown.list() == [CheckpointWitness.path(of: "log.example")])
    }
}
