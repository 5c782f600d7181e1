import Files
import Gateway
import GatewayTesting
import HoldfastServer
import Ledger
import LedgerDisk
import Logging
import Settings
import Storage
import StorageTesting
import Testing
import Veto
import VetoSpool

/// The veto of a server over its three sources: a spool on a disk, a storage,
/// and a ledger.
@Suite struct VetoServiceTests {
    private let scratch = ScratchFolder()
    private let log = LogLines()
    /// Seconds since 1970, and since the machine's start.
    private let wall = Watched(VetoFolk.start.wall)
    private let boot = Watched(UInt64(5))

    private var clock: VetoClock {
        let (wall, boot) = (wall, boot)
        return VetoClock(
            PermitClock(boot: { boot.value * 1_000_000_000 }, wall: { wall.value }), boot: "boot-1")
    }

    private func spool(_ name: String = "veto") -> SpoolFolder { SpoolFolder("\(scratch.path)/\(name)") }

    private func open(
        _ storage: any VetoMemory, ledger: LedgerService? = nil, spool name: String = "veto",
        events: ServerEvents = ServerEvents()
    ) async throws -> VetoService {
        try await VetoOpening(
            policy: VetoPolicy(), spool: spool(name), storage: storage, ledger: ledger, clock: clock,
            logger: log.logger
        ).open(events)
    }

    private func openLedger(_ heads: any LedgerHeads) async throws -> LedgerService {
        let settings = LedgerSettings(name: "ledger.test.example", directory: "\(scratch.path)/ledger")
        let wall = wall
        while true {
            do throws(StartupError) {
                return try await LedgerService(
                    settings, heads: heads, logger: log.logger, clock: { wall.value * 1_000_000 })
            } catch {
                guard error.message.contains("another process writes the ledger") else { throw error }
                await Task.yield()
            }
        }
    }

    /// Writes what is owed, as the end of the process does.
    private func end(_ service: VetoService, _ ledger: LedgerService? = nil) async {
        let writing = Task { await service.keeping.run() }
        writing.cancel()
        await writing.value
        guard let ledger else { return }
        ledger.close()
        await service.keeping.saveMark()
        let heads = Task { await ledger.run() }
        heads.cancel()
        await heads.value
    }

    /// The files of a command: the roster, and an order.
    private func pull(_ folk: inout VetoFolk, _ scopes: [String] = ["model:openai/gpt"]) throws {
        let writer = SpoolWriter(spool())
        try writer.addRoster(version: 1, try VetoFolk.founding().bytes)
        let order = try folk.order(1, scopes)
        try writer.addOrder(count: 1) { _ in order.bytes }
    }

    @Test func anOrderInTheSpoolIsInForceWithTheNextLook() async throws {
        let storage = MemoryStorage()
        let service = try await open(storage)
        let nothing = service.renew(SuspensionIndex())
        #expect(nothing.isEmpty)
        var folk = VetoFolk()
        try pull(&folk)
        let index = service.renew(nothing)
        #expect(index.entries.map(\.suspension.id) == ["S1"] && index.version > nothing.version)
        #expect(service.renew(index).version == index.version)
        await end(service)
        #expect(try await storage.vetoEntries().count == 2)
        var mark = SpoolMark()
        let files = SpoolReader(spool()).news(since: &mark).files
        #expect(files.filter { $0.kind == .log }.count == 2)
    }

    /// One process: opens the sources, does something, and ends. The ledger's
    /// lock is free once it returns, or soon after.
    private func process<Result: Sendable>(
        _ storage: MemoryStorage, hasLedger: Bool = true,
        _ work: (VetoService, LedgerService?) async throws -> Result
    ) async throws -> Result {
        let ledger = hasLedger ? try await openLedger(storage) : nil
        let service = try await open(storage, ledger: ledger)
        let result = try await work(service, ledger)
        await end(service, ledger)
        return result
    }

    @Test(arguments: VetoUnion.Source.allCases)
    func aRestartOutOfOneSourceAloneBringsAllBackAndMendsTheOthers(_ source: VetoUnion.Source) async throws {
        var folk = VetoFolk()
        let storage = MemoryStorage()
        try pull(&folk)
        let state = try await process(storage) { service, _ in
            let approval = try folk.approval(of: 1, in: service.machine, by: "alice")
            try SpoolWriter(spool()).addStatement(approval.bytes)
            service.look()
            #expect(service.machine.standing(of: 1)?.approvers == ["alice"])
            return service.machine.state
        }
        let kept = source == .storage ? storage : MemoryStorage()
        if source != .storage {
            // The ledger's own head is no part of the veto.
            let head = try await storage.ledgerHead("ledger.test.example")
            if let head { try await kept.saveLedgerHead("ledger.test.example", head) }
        }
        if source != .spool { try Folder.removeAll(spool().path) }
        try await process(kept, hasLedger: source == .ledger) { service, _ in
            #expect(service.machine.state == state)
            #expect(service.index.entries.map(\.suspension.id) == ["S1"])
        }
        #expect(try await kept.vetoEntries().count == 3)
        var mark = SpoolMark()
        let files = SpoolReader(spool()).news(since: &mark).files
        #expect(files.map(\.kind).filter { $0 == .log }.count == 3)
        #expect(files.filter { $0.kind != .log }.map(\.kind) == [.roster, .orders, .statements])
    }

    @Test("a spool that loses files while the server runs gets them back", arguments: ["statements", "orders", ""])
    func mended(_ lost: String) async throws {
        var folk = VetoFolk()
        let storage = MemoryStorage()
        let service = try await open(storage)
        try pull(&folk)
        service.look()
        let approval = try folk.approval(of: 1, in: service.machine, by: "alice")
        try SpoolWriter(spool()).addStatement(approval.bytes)
        service.look()
        let writing = Task { await service.keeping.run() }
        defer { writing.cancel() }
        try await eventually("all is written") { service.keeping.owed == 0 }
        service.look()
        await service.mend()
        #expect(service.keeping.owed == 0 && service.problems.isEmpty)
        var before = SpoolMark()
        let files = SpoolReader(spool()).news(since: &before).files
        #expect(files.count == 6)
        try Folder.removeAll(lost.isEmpty ? spool().path : "\(spool().path)/\(lost)")
        let state = service.machine.state
        let deadline = ContinuousClock.now + patience
        var found: [SpoolFile] = []
        repeat {
            service.look()
            await service.mend()
            await Task.yield()
            var mark = SpoolMark()
            found = SpoolReader(spool()).news(since: &mark).files
        } while found != files && ContinuousClock.now < deadline
        #expect(found == files)
        #expect(service.machine.state == state && service.index.entries.count == 1)
        #expect(service.problems.allSatisfy { $0.contains("gone from the spool") })
        // The next order goes on behind the last one.
        #expect(try SpoolWriter(spool()).addOrder(count: 1) { _ in Array("{}".utf8) } == 2)
    }

    @Test func theLedgerIsReadFromItsMarkOnAndAgainFromTheBeginningWhereTheStorageIsNew() async throws {
        var folk = VetoFolk()
        let storage = MemoryStorage()
        try pull(&folk)
        try await process(storage) { _, _ in }
        let mark = try #require(try await storage.vetoMark("ledger.test.example"))
        #expect(mark.count == 2 && mark.position == 2 && mark.size == 2)
        try await process(storage) { (_, ledger) async throws -> Void in
            #expect(try ledger?.readVetoRecord(from: mark.size).bodies.isEmpty == true)
            #expect(try ledger?.readVetoRecord(from: 0).bodies.count == 2)
        }
        // Nothing was written twice.
        try await process(storage) { (_, ledger) async throws -> Void in
            #expect(try ledger?.readVetoRecord(from: 0).bodies.count == 2)
        }
    }

    @Test func anotherOnesSecretOpensNothingOfTheRecord() {
        let seal = VetoSeal(secret: Array(repeating: 1, count: 32))
        let other = VetoSeal(secret: Array(repeating: 2, count: 32))
        let sealed = seal.seal([1, 2, 3])
        #expect(seal.open(sealed) == [1, 2, 3] && other.open(sealed) == nil)
        #expect(seal.open(Array(sealed.dropLast())) == nil && seal.open([]) == nil)
        #expect(seal.seal([1, 2, 3]) != sealed)
    }

    @Test func onAFullDiskTheOrderIsInForceAndIsWrittenOnceThereIsRoom() async throws {
        let storage = MemoryStorage()
        let service = try await open(storage)
        storage.refuse([.veto])
        var folk = VetoFolk()
        try pull(&folk)
        service.look()
        #expect(service.index.entries.count == 1)
        #expect(service.keeping.owed == 4)
        storage.refuse([])
        await end(service)
        #expect(service.keeping.owed == 0)
        #expect(try await storage.vetoEntries().count == 2)
    }

    @Test func aDamagedFileIsToldOnceAndTheOthersAreInForce() async throws {
        let service = try await open(MemoryStorage())
        var folk = VetoFolk()
        try pull(&folk)
        try WholeFile.createDurably("\(spool().path)/orders/000009.json", with: Array("{\"payload\":".utf8))
        try WholeFile.createDurably(
            "\(spool().path)/statements/\(String(repeating: "a", count: 64)).json", with: Array("{}".utf8))
        service.look()
        service.look()
        #expect(service.index.entries.map(\.suspension.id) == ["S1"])
        #expect(service.recent.filter { $0.refusal != nil }.count == 1)
        #expect(service.problems.count == 1)
    }

    @Test func anUnreadableStorageKeepsTheServerFromStarting() async throws {
        let storage = MemoryStorage()
        storage.refuse([.veto])
        await #expect(throws: StartupError.self) { _ = try await open(storage) }
    }

    @Test func twoServersOfOneSpoolComeToTheSameState() async throws {
        var folk = VetoFolk()
        try pull(&folk)
        let one = try await open(MemoryStorage())
        let other = try await open(MemoryStorage())
        #expect(one.machine.state == other.machine.state)
        try SpoolWriter(spool()).addStatement(try folk.approval(of: 1, in: one.machine, by: "bob").bytes)
        one.look()
        other.look()
        #expect(one.machine.standing(of: 1)?.approvers == ["bob"])
        #expect(one.machine.state == other.machine.state)
    }

    @Test func aStandardsOrderHasANumberThatNoCommandGives() async throws {
        let service = try await open(MemoryStorage())
        var folk = VetoFolk()
        let suspension = Suspension(
            number: 0, scopes: [.lab("acme")], reason: SuspensionReason(.security, text: "tampered"),
            orderer: .standard("custody"), ordered: wall.value, roster: 0, nonce: Nonce.make(&folk.chance))
        let ordered = try #require(await service.order(suspension))
        #expect(ordered.number == 1 && service.index.entries.count == 1)
        let second = try SpoolWriter(spool()).addOrder(count: 1) { _ in Array("{}".utf8) }
        #expect(second == 2)
    }

    @Test func aDiskThatStaysFullIsToldOnce() {
        var note = OwedNote()
        #expect((0..<30).compactMap { _ in note.problem(3) }.count == 1)
        #expect(note.problem(0) == nil)
        #expect((0..<9).compactMap { _ in note.problem(1) }.isEmpty)
    }

    @Test func ticksAreOnRecordOnceTheyChange() {
        var note = TickNote()
        #expect(note.news([:]) == nil)
        #expect(note.news(["a/m": 5, "b/m": 6]) == ["a/m": 5, "b/m": 6])
        #expect(note.news(["a/m": 5, "b/m": 6]) == nil)
        #expect(note.news(["a/m": 5, "b/m": 7]) == ["b/m": 7])
    }
}
