import HoldfastServer
import Signing
import Testing
import Veto
import VetoSpool

/// Entries that somebody else has put into a source of the veto's record, and
/// statements and rosters of other installations.
@Suite struct VetoStrangersTests {
    private static let key = VetoRecordKey(secret: Array(repeating: 7, count: 32))
    private static let others = VetoRecordKey(secret: Array(repeating: 8, count: 32))

    private static func identity(_ installations: [String] = []) -> VetoIdentity {
        VetoIdentity(key: key, installations: installations)
    }

    /// S1 as it stands, with the server's record of it.
    private func suspended(
        _ folk: inout VetoFolk, _ policy: VetoPolicy = VetoPolicy()
    ) throws -> (desk: VetoDesk, records: [VetoRecord]) {
        var desk = try folk.desk(policy, identity: Self.identity())
        let step = desk.take([try VetoFolk.founding(), try folk.order(1, expires: 3600)], at: folk.now)
        #expect(step.refused.isEmpty && step.records.count == 2)
        return (desk, step.records)
    }

    private func entry(_ content: VetoRecord.Content, at time: VetoTime, position: Int = 3) -> VetoRecord {
        VetoRecord(position: position, time: time, boot: "boot-1", content: content)
    }

    @Test func anEntryHasASealThatHoldsForItsBytesAlone() throws {
        let entry = entry(.gate(number: 1, .share(percent: 10)), at: VetoFolk.start)
        let sealed = entry.sealed(by: Self.key)
        #expect(entry.seal == nil && sealed.seal?.count == 64)
        #expect(VetoRecord(sealed.bytes) == sealed && VetoRecord(entry.bytes) == entry)
        let folk = VetoFolk()
        let desk = try folk.desk(identity: Self.identity())
        #expect(desk.isOwn(sealed) && !desk.isOwn(entry) && !desk.isOwn(entry.sealed(by: Self.others)))
        var moved = sealed
        moved.time.wall -= 1
        #expect(!desk.isOwn(moved))
        moved = sealed
        moved.content = .gate(number: 1, .whole)
        #expect(!desk.isOwn(moved))
        moved = sealed
        moved.position = .max
        #expect(!desk.isOwn(moved))
    }

    /// Entries that end, ease or hide a suspension.
    private static let planted: [VetoRecord.Content] = [
        .lapsed(number: 1), .expired(number: 1), .overdue(number: 1), .green(number: 1),
        .gate(number: 1, .share(percent: 99)), .gate(number: 1, .whole), .gate(number: 1, .failed(reason: "no")),
        .replaced(version: 2), .models(number: 1, ["openai/gpt": "another"]),
        .refused(file: String(repeating: "a", count: 64), reason: "stale"),
    ]

    @Test(
        "what somebody else has put into the record changes nothing", arguments: planted, [nil, others])
    func plantedEntries(_ content: VetoRecord.Content, _ key: VetoRecordKey?) throws {
        var folk = VetoFolk()
        // As the policy would allow it, so that nothing else refuses it.
        let policy = VetoPolicy(ratifyWithin: 60, unratified: .lapses)
        let (desk, records) = try suspended(&folk, policy)
        folk.pass(4000)
        for (position, time) in [(1, VetoTime(wall: 1, boot: 0)), (3, folk.now), (.max, folk.now)] {
            let bare = entry(content, at: time, position: position)
            let stranger = key.map { bare.sealed(by: $0) } ?? bare
            var again = try folk.desk(policy, identity: Self.identity())
            let replay = again.replay(records + [stranger])
            #expect(again.machine.state == desk.machine.state && again.phase(1) == .suspended)
            #expect(replay.problems.count == 1 && replay.adopted.isEmpty)
            #expect(again.models(of: 1) == nil && again.lastPosition == 2)
        }
    }

    @Test func aRefusalThatSomebodyPlantedHidesNoOrder() throws {
        var folk = VetoFolk()
        let (_, records) = try suspended(&folk)
        let order = try folk.order(2, ["lab:acme"], by: "bob")
        let stranger = entry(.refused(file: order.digest, reason: "stale"), at: folk.now)
        var again = try folk.desk(identity: Self.identity())
        _ = again.replay(records + [stranger])
        #expect(again.take([order], at: folk.now).taken == [order.digest] && again.phase(2) == .suspended)
    }

    @Test func aRosterThatSomebodyPlantedIsNotTheFirst() throws {
        var folk = VetoFolk()
        let (desk, records) = try suspended(&folk)
        let mallory = try Roster(
            installation: VetoFolk.installation,
            people: ["mallory", "bob"].compactMap { name in
                VetoFolk.keys[name].map { Roster.Person(name: name, keys: [$0.publicKey]) }
            })
        let stranger = entry(
            .founding(try VetoFolk.founding(mallory)), at: VetoTime(wall: 1, boot: 0), position: 1)
        var again = try folk.desk(identity: Self.identity())
        _ = again.replay(records + [stranger])
        #expect(again.machine.state == desk.machine.state)
    }

    @Test func anApprovalOfLongAgoIsNotBroughtInWithAnotherTime() throws {
        var folk = VetoFolk()
        let (desk, records) = try suspended(&folk)
        let approvals = try ["alice", "bob"].map { try folk.approval(of: 1, in: desk.machine, by: $0) }
        let then = folk.now
        folk.pass(30 * 86_400)
        let strangers = approvals.enumerated().map { index, file in
            entry(.statement(file.bytes, number: nil), at: then, position: 3 + index)
        }
        var again = try folk.desk(identity: Self.identity())
        _ = again.replay(records + strangers)
        #expect(again.phase(1) == .suspended && again.machine.standing(of: 1)?.approvers == [])
    }

    // MARK: A key that is lost

    @Test func withoutItsKeyTheRecordStopsAndEndsNothing() throws {
        var folk = VetoFolk()
        var (desk, records) = try suspended(&folk)
        records += desk.take([try folk.order(2, ["lab:acme"], by: "bob")], at: folk.now).records
        let standard = Suspension(
            number: 3, scopes: [.lab("other")], reason: SuspensionReason(.security, text: "tampered"),
            orderer: .standard("custody"), ordered: folk.now.wall, roster: 0, nonce: Nonce.make(&folk.chance))
        records += desk.order(standard, at: folk.now).step.records
        let approvals = try ["alice", "bob"].map { try folk.approval(of: 1, in: desk.machine, by: $0) }
        for approval in approvals { records += desk.take([approval], at: folk.now).records }
        records += desk.gate(1, .share(percent: 10), at: folk.now).records
        records += desk.gate(1, .whole, at: folk.now).records
        #expect(desk.phase(1) == .restored)
        folk.pass(100)
        let newKey = VetoIdentity(key: Self.others)
        var again = try folk.desk(identity: newKey)
        let replay = again.replay(records)
        #expect(again.machine.chain?.current == desk.machine.chain?.current)
        #expect([1, 2, 3].map { again.phase($0) } == [.suspended, .suspended, .suspended])
        // One roster, three suspensions, and two approvals that are spent.
        #expect(replay.adopted.count == 6 && replay.adopted.allSatisfy { again.isOwn($0) })
        #expect(replay.problems.count == 1)
        // Their files still lie in the spool, where the next look finds them.
        #expect(again.take(approvals, at: folk.now).taken == [] && again.phase(1) == .suspended)
        // From now on the new key's entries are the record, whatever else lies there.
        var third = try folk.desk(identity: newKey)
        _ = third.replay(records + replay.adopted)
        #expect(third.machine.state == again.machine.state)
        #expect(third.take(approvals, at: folk.now).taken == [] && third.phase(1) == .suspended)
        for name in ["alice", "bob"] {
            let fresh = try folk.approval(of: 1, in: third.machine, by: name)
            #expect(third.take([fresh], at: folk.now).taken == [fresh.digest])
        }
        #expect(third.phase(1) == .verifying)
    }

    // MARK: Other installations

    @Test func aRosterOfAnotherInstallationIsRefusedByName() throws {
        let folk = VetoFolk()
        var desk = try folk.desk(identity: Self.identity([String(repeating: "0c", count: 32)]))
        let step = desk.take([try VetoFolk.founding()], at: folk.now)
        #expect(step.refused.map(\.reason) == [.wrongInstallation(VetoFolk.installation)])
        #expect(desk.machine.chain == nil && step.refused[0].reason.what.contains(VetoFolk.installation))
    }

    @Test func withAnotherLogsKeyPeopleStopAndBringNothingBack() throws {
        var folk = VetoFolk()
        let (_, records) = try suspended(&folk)
        let another = String(repeating: "0c", count: 32)
        var desk = try folk.desk(identity: Self.identity([another]))
        let replay = desk.replay(records)
        #expect(desk.phase(1) == .suspended)
        #expect(replay.problems.count == 1)
        #expect(replay.problems[0].contains(VetoFolk.installation) && replay.problems[0].contains(another))
        let approval = desk.take([try folk.approval(of: 1, in: desk.machine, by: "bob")], at: folk.now)
        #expect(approval.refused.map(\.reason.code) == ["wrong-installation"])
        let order = desk.take([try folk.order(2, ["lab:acme"], by: "bob")], at: folk.now)
        #expect(order.refused.isEmpty && desk.phase(2) == .suspended)
    }

    @Test func aHoldfastKnowsItsLogsNameAndItsKeys() {
        let log = "log.example+1+AbC"
        let identity = VetoIdentity(key: Self.key, log: log)
        #expect(identity.isOwn(installation: VetoIdentity.installation(ofLog: log)))
        #expect(identity.isOwn(installation: Self.key.installation))
        #expect(!identity.isOwn(installation: Self.others.installation))
        #expect(Self.key.installation.count == 64 && Self.key.installation != Self.others.installation)
        // Without a ledger there is nothing to compare with.
        #expect(VetoIdentity(key: Self.key, log: nil).isOwn(installation: "anything"))
    }
}
