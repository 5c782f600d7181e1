import HoldfastServer
import Seeded
import Signing
import Testing
import Veto
import VetoSpool

/// The veto's record and its desk, without files and clocks.
@Suite struct VetoDeskTests {
    @Test func anEntryOfTheRecordIsReadAsItWasWritten() throws {
        let contents: [VetoRecord.Content] = [
            .founding([1, 2, 255]), .statement([0], number: 12), .statement([0], number: nil),
            .order([7], number: 3), .green(number: 1), .gate(number: 1, .share(percent: 10)),
            .gate(number: 1, .whole), .gate(number: 1, .failed(reason: "a \"reason\"\n")), .overdue(number: 2),
            .lapsed(number: 2), .expired(number: 2), .replaced(version: 2),
            .models(number: 4, ["b/m": "1", "a/m": "2"]), .refused(file: "ab", reason: "stale"),
        ]
        for (index, content) in contents.enumerated() {
            let record = VetoRecord(
                position: index + 1, time: VetoFolk.start, boot: "b", content: content)
            #expect(VetoRecord(record.bytes) == record)
            #expect(VetoRecord(record.bytes + [0x20]) == nil)
            #expect(VetoRecord(Array(record.bytes.dropLast())) == nil)
        }
    }

    @Test func damagedEntriesAreRefusedAndCrashNothing() async throws {
        var folk = VetoFolk()
        let sample = VetoRecord(
            position: 1, time: folk.now, boot: "b", content: .statement(try folk.order(1).bytes, number: 1))
        try await ByteFuzzing("entries of the veto's record", from: [sample.bytes]).run(share: 0.02) { bytes in
            _ = VetoRecord(bytes)
        }
    }

    @Test func anOrderIsInForceAtOnceAndTwoPeopleEndIt() throws {
        var folk = VetoFolk()
        var desk = try folk.desk()
        let step = desk.take([try VetoFolk.founding(), try folk.order(1)], at: folk.now)
        #expect(step.refused.isEmpty && step.records.map(\.position) == [1, 2])
        #expect(desk.phase(1) == .suspended)
        _ = desk.take([try folk.approval(of: 1, in: desk.machine, by: "alice")], at: folk.now)
        #expect(desk.phase(1) == .suspended)
        _ = desk.take([try folk.approval(of: 1, in: desk.machine, by: "bob")], at: folk.now)
        #expect(desk.phase(1) == .verifying)
        _ = desk.gate(1, .share(percent: 10), at: folk.now)
        _ = desk.gate(1, .whole, at: folk.now)
        #expect(desk.phase(1) == .restored)
        #expect(desk.statements.map(\.decision) == ["order", "restore", "restore"])
        #expect(desk.statements.map(\.signers) == [["alice"], ["alice"], ["bob"]])
    }

    @Test func anOrderThatComesBeforeTheRosterCountsOnceThatIsThere() throws {
        var folk = VetoFolk()
        var desk = try folk.desk()
        let order = try folk.order(1)
        let first = desk.take([order], at: folk.now)
        #expect(first.refused.map(\.reason) == [.noRoster] && desk.machine.index.isEmpty)
        #expect(desk.take([order], at: folk.now).occurrences.isEmpty, "told once")
        let second = desk.take([try VetoFolk.founding()], at: folk.now)
        #expect(second.taken.count == 2 && desk.phase(1) == .suspended)
    }

    @Test func anOrderWithAnotherOnesNumberGetsTheNextOne() throws {
        var folk = VetoFolk()
        var desk = try folk.desk()
        let files = [
            try VetoFolk.founding(), try folk.order(1), try folk.order(1, ["lab:acme"], by: "bob"),
        ]
        let step = desk.take(files, at: folk.now)
        #expect(step.refused.isEmpty)
        #expect(desk.machine.index.entries.map(\.suspension.number) == [1, 2])
    }

    @Test func aRefusedFileIsRefusedForGoodAlsoAfterARestart() throws {
        var folk = VetoFolk()
        var desk = try folk.desk()
        let founding = try VetoFolk.founding()
        var records = desk.take([founding, try folk.order(1)], at: folk.now).records
        let forged = VetoFolk.file(.statements, 0, Array("{}".utf8))
        let step = desk.take([forged], at: folk.now)
        #expect(step.refused.count == 1)
        records += step.records
        var again = try folk.desk()
        #expect(again.replay(records).problems.isEmpty)
        #expect(again.take([forged], at: folk.now).occurrences.isEmpty)
    }

    @Test func aSecondVersionOneOfTheRosterIsToldAndIgnored() throws {
        let folk = VetoFolk()
        var desk = try folk.desk()
        _ = desk.take([try VetoFolk.founding()], at: folk.now)
        let mallory = try Roster(
            installation: VetoFolk.installation,
            people: ["mallory", "bob"].compactMap { name in
                VetoFolk.keys[name].map { Roster.Person(name: name, keys: [$0.publicKey]) }
            })
        let step = desk.take([VetoFolk.file(.roster, 1, mallory.canonical)], at: folk.now)
        #expect(step.problems.count == 1 && step.taken.isEmpty)
        #expect(desk.machine.chain?.current == (try VetoFolk.roster()))
    }

    @Test func aStandardOrdersWithoutARosterAndPeopleRestoreItLater() throws {
        var folk = VetoFolk()
        var desk = try folk.desk()
        let suspension = Suspension(
            number: 1, scopes: [.lab("acme")], reason: SuspensionReason(.security, text: "tampered"),
            orderer: .standard("custody"), ordered: folk.now.wall, roster: 0, nonce: Nonce.make(&folk.chance))
        let (step, ordered) = desk.order(suspension, at: folk.now)
        #expect(ordered?.number == 1 && desk.phase(1) == .suspended)
        var records = step.records
        records += desk.take([try VetoFolk.founding()], at: folk.now).records
        for name in ["alice", "bob"] {
            records += desk.take([try folk.approval(of: 1, in: desk.machine, by: name)], at: folk.now).records
        }
        #expect(desk.phase(1) == .verifying)
        var again = try folk.desk()
        #expect(again.replay(records).problems.isEmpty)
        #expect(again.machine.state == desk.machine.state)
    }

    @Test func anExpiryPassesTheGateAndOnlyWhileTheClocksAgree() throws {
        for jump in [0, 4000, -4000] {
            var folk = VetoFolk()
            var desk = try folk.desk()
            _ = desk.take([try VetoFolk.founding(), try folk.order(1, expires: 3600)], at: folk.now)
            // Somebody sets the wall clock; then the time passes on both.
            folk.now.wall += jump
            _ = desk.tick(at: folk.now)
            #expect(desk.phase(1) == .suspended)
            folk.now.wall -= jump
            folk.pass(3601)
            let step = desk.tick(at: folk.now)
            #expect(desk.phase(1) == (jump == 0 ? .verifying : .suspended))
            #expect(step.records.count == (jump == 0 ? 1 : 0))
        }
    }

    @Test func whatAJobLeftInTheSpoolIsTakenInAnyOrderOfItsFiles() throws {
        var chance = SplitMix(seed: 7)
        for _ in 0..<20 {
            var folk = VetoFolk(seed: chance.next())
            var first = try folk.desk()
            var files = [try VetoFolk.founding(), try folk.order(1), try folk.order(2, ["lab:acme"], by: "bob")]
            _ = first.take(files, at: folk.now)
            files.append(try folk.approval(of: 1, in: first.machine, by: "carol"))
            files.append(try folk.approval(of: 2, in: first.machine, by: "alice"))
            var desk = try folk.desk()
            for file in files.shuffled(using: &chance) { _ = desk.take([file], at: folk.now) }
            #expect(desk.machine.index.entries.count == 2)
            #expect(desk.machine.standing(of: 1)?.approvers == ["carol"])
            #expect(desk.machine.standing(of: 2)?.approvers == ["alice"])
        }
    }
}
