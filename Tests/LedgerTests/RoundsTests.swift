import Ledger
import Testing

/// A log and its witnesses, with no network between them.
@Suite struct RoundsTests {
    private let key = SignerKey(name: "log.example")!
    private let keys = (0..<3).map { SignerKey(name: "witness.example/\($0)", kind: .cosignature)! }

    private func policy(_ needed: Int) throws -> LedgerPolicy {
        var text = "log \(key.verifier.vkey)\n"
        for (index, key) in keys.enumerated() { text += "witness w\(index) \(key.verifier.vkey)\n" }
        return try LedgerPolicy(text + "group g \(needed) w0 w1 w2\nquorum g\n")
    }

    /// Asks the witnesses, all of which answer at once; a missing witness fails.
    private func round(
        _ rounds: inout WitnessRounds, _ log: ScriptedLog, _ witnesses: [CheckpointWitness?], now: Duration
    ) throws -> [WitnessContact.Outcome] {
        let asked = rounds.begin(log.writer.published, log.writer.publishedCheckpoint, now: now)
        return try asked.map { contact in
            guard let witness = witnesses[contact] else {
                return rounds.failed(contact, .unusable("it doesn't answer"), now: now)
            }
            while true {
                let request = try log.request(old: rounds.contacts[contact].knownSize)
                let answer = try witness.answer(request, time: 5)
                let outcome = rounds.heard(
                    from: contact, status: answer.status, contentType: answer.contentType,
                    body: Array(answer.body.utf8), now: now)
                guard outcome == .isKnownNow else { return outcome }
            }
        }
    }

    private func witnesses() throws -> [CheckpointWitness?] {
        try keys.map { try CheckpointWitness(MemoryFiles(), key: $0, logs: [key.verifier]) }
    }

    @Test func aQuorumComesTogether() throws {
        let log = try ScriptedLog(key: key)
        var rounds = WitnessRounds(try policy(2), witnesses: keys.map(\.verifier))
        let all = try witnesses()
        // Nothing to be witnessed.
        #expect(try round(&rounds, log, all, now: .zero).isEmpty)
        for (step, size) in [5, 6, 300, 70_000].enumerated() {
            try log.grow(to: UInt64(size))
            rounds.noticed(UInt64(size), now: .seconds(step))
            #expect(try round(&rounds, log, all, now: .seconds(step)).count == 3)
            #expect(rounds.isWitnessed && rounds.witnessedSize == size)
            #expect(rounds.lag(now: .seconds(step + 9)) == .zero)
            #expect(try VerifiedCheckpoint(#require(rounds.note), policy: policy(3)).size == size)
            // Nobody is asked twice.
            #expect(try round(&rounds, log, all, now: .seconds(step)).isEmpty)
        }
        // After a restart, too: the checkpoint has it all.
        var again = WitnessRounds(try policy(2), witnesses: keys.map(\.verifier))
        let note = try #require(rounds.note)
        #expect(again.begin(note, log.writer.publishedCheckpoint, now: .zero).isEmpty)
        #expect(again.isWitnessed && again.contacts.allSatisfy { $0.knownSize == 70_000 })
    }

    @Test func whoWasAwayIsAskedAgainAndItIsToldOnce() throws {
        let log = try ScriptedLog(key: key)
        var rounds = WitnessRounds(try policy(2), witnesses: keys.map(\.verifier))
        let all = try witnesses()
        try log.grow(to: 10)
        rounds.noticed(10, now: .zero)
        // A quorum of two is there without the third.
        _ = try round(&rounds, log, [all[0], all[1], nil], now: .zero)
        #expect(rounds.isWitnessed && rounds.change(now: .seconds(60)) == nil)
        // Two are away.
        try log.grow(to: 20)
        rounds.noticed(20, now: .seconds(100))
        var asked: [Int] = []
        var told: [WitnessRounds.Change] = []
        for second in 100..<400 {
            asked.append(try round(&rounds, log, [all[0], nil, nil], now: .seconds(second)).count)
            if let change = rounds.change(now: .seconds(second)) {
                #expect(second == 106)
                told.append(change)
            }
        }
        #expect(told == [.lost] && rounds.lag(now: .seconds(399)) == .seconds(299))
        #expect(rounds.witnessedSize == 10)
        // 1, 2, 4 … 60 s: not every second.
        #expect((10...24).contains(asked.reduce(0, +)), "\(asked)")
        // The newest one is what matters when they are back.
        try log.grow(to: 30)
        rounds.noticed(30, now: .seconds(400))
        _ = try round(&rounds, log, all, now: .seconds(500))
        #expect(rounds.witnessedSize == 30 && rounds.change(now: .seconds(500)) == .recovered)
        #expect(rounds.change(now: .seconds(900)) == nil)
    }

    /// A busy log always has a newer checkpoint; that is not a lost quorum.
    @Test func alwaysAMomentBehind() throws {
        let log = try ScriptedLog(key: key)
        var rounds = WitnessRounds(try policy(3), witnesses: keys.map(\.verifier))
        let all = try witnesses()
        for second in 0..<30 {
            try log.grow(to: UInt64(10 * (second + 1)))
            let now = Duration.seconds(second)
            rounds.noticed(log.writer.size, now: now)
            let asked = rounds.begin(log.writer.published, log.writer.publishedCheckpoint, now: now)
            let note = log.writer.published
            let requests = try asked.map { try log.request(old: rounds.contacts[$0].knownSize) }
            // The next one is published before they answer.
            rounds.noticed(log.writer.size + 5, now: now + .milliseconds(400))
            for (contact, request) in zip(asked, requests) {
                let answer = try all[contact]!.answer(request, time: 5)
                _ = rounds.heard(
                    from: contact, status: answer.status, contentType: answer.contentType,
                    body: Array(answer.body.utf8), now: now + .milliseconds(500))
            }
            #expect(rounds.isWitnessed && rounds.note?.text == note.text)
            #expect(rounds.lag(now: now + .milliseconds(500)) <= .milliseconds(500))
            #expect(rounds.change(now: now + .milliseconds(600)) == nil)
        }
    }

    @Test func answersThatMeanSomethingIsWrong() throws {
        let log = try ScriptedLog(key: key)
        let note = try log.grow(to: 10)
        func heard(
            _ status: Int, _ body: String, type: String? = "text/x.tlog.size"
        ) -> WitnessContact.Outcome {
            var contact = WitnessContact(keys[0].verifier)
            return contact.heard(
                status: status, contentType: type, body: Array(body.utf8), of: note, size: 10, now: .zero)
        }
        #expect(heard(409, "7\n") == .isKnownNow)
        #expect(heard(409, "7\n", type: "text/x.tlog.size; charset=utf-8") == .isKnownNow)
        #expect(heard(409, "11\n") == .failed(.ahead(11)))
        for (body, type) in [("7", "text/x.tlog.size"), ("07\n", "text/x.tlog.size"), ("7\n", "text/plain"), ("", "")] {
            guard case .failed(.unusable) = heard(409, body, type: type) else { Issue.record("\(body)"); continue }
        }
        #expect(heard(422, "") == .failed(.contradicted))
        #expect(heard(403, "") == .failed(.refused(403)))
        #expect(heard(500, "") == .failed(.refused(500)))
        for grave in [WitnessContact.Trouble.ahead(11), .contradicted] { #expect(grave.isGrave) }
        // A 200 that isn't one.
        var other = SignedNote(text: note.text)
        try other.sign(keys[1], time: 5)
        let foreign = String(decoding: other.bytes.dropFirst(note.text.utf8.count + 1), as: UTF8.self)
        for body in ["", "— x AAAA\n", foreign, "\n", String(repeating: "x", count: 70_000)] {
            guard case .failed(.unusable) = heard(200, body) else { Issue.record("\(body.prefix(20))"); continue }
        }
        // Somebody else's beside its own is ignored.
        try other.sign(keys[0], time: 9)
        let both = String(decoding: other.bytes.dropFirst(note.text.utf8.count + 1), as: UTF8.self)
        guard case .cosigned(let signature) = heard(200, both) else {
            Issue.record("not taken")
            return
        }
        #expect(signature.name == keys[0].verifier.name && signature.time == 9)
        // One that says another size each time is not asked for ever.
        var contact = WitnessContact(keys[0].verifier)
        var outcomes: [WitnessContact.Outcome] = []
        for size in 1...5 {
            outcomes.append(
                contact.heard(
                    status: 409, contentType: "text/x.tlog.size", body: Array("\(size)\n".utf8), of: note, size: 10,
                    now: .zero))
        }
        #expect(outcomes.contains { if case .failed = $0 { true } else { false } })
    }
}
