import Custody
import EngineHost
import Foundation
import GatewayTesting
import HoldfastServer
import Logging
import Storage
import StorageTesting
import Synchronization
import Testing
import WeightSigning
import WeightsTesting

/// Hosted models' way to their weights, and the memory of weights that have
/// changed.
@Suite struct CustodyServiceTests {
    private let events = ServerEvents()
    private let log = LogLines()

    private func service(
        _ folder: SignedFolder? = nil, _ memory: any CustodyMemory = MemoryStorage(),
        scrubs: [String: StoredScrub] = [:],
        _ change: (inout DurableWriter<String, StoredScrub?>.Options) -> Void = { _ in }
    ) -> CustodyService {
        var options = DurableWriter<String, StoredScrub?>.Options()
        options.retry = .milliseconds(1)
        change(&options)
        return CustodyService(
            folder: folder?.beside("custody") ?? "/nowhere", memory: memory, scrubs: scrubs, events: events,
            logger: log.logger, options: options, clock: { SignedFolder.now })
    }

    /// Loads weights.
    /// - Returns: the digests of what lies in sealed memory.
    private func load(
        _ custody: CustodyService, _ configuration: EngineConfiguration
    ) async throws(CustodyProblem) -> [ContentDigest] {
        let sealed = try await custody.load(configuration)
        return sealed.files.map(\.sha256)
    }

    private func refusal(_ custody: CustodyService, _ configuration: EngineConfiguration) async -> CustodyProblem? {
        do throws(CustodyProblem) {
            _ = try await load(custody, configuration)
            return nil
        } catch { return error }
    }

    /// Writes what is owed, as the end of the process does.
    private func finish(_ custody: CustodyService) async {
        let writing = Task { await custody.run() }
        writing.cancel()
        await writing.value
    }

    // MARK: Weights

    @Test("signed weights are loaded, and whoever asked for it is told once they are verified")
    func signed() async throws {
        let folder = try SignedFolder()
        let custody = service(folder)
        let (told, replaced) = (Watched(0), Watched(0))
        custody.whenVerified("here") { replaced.change { $0 += 1 } }
        custody.whenVerified("here") { told.change { $0 += 1 } }
        custody.whenVerified("there") { replaced.change { $0 += 1 } }
        let digests = try await load(custody, folder.engine(folder.signed()))
        #expect(digests == [ContentDigest.of(folder.model)])
        #expect(told.value == 1 && replaced.value == 0)
    }

    @Test(
        "weights that were changed after they were signed are not loaded",
        arguments: [TinyModel(fill: 0xAC), TinyModel(tensorRows: 8), TinyModel(template: "x")])
    func tampered(_ other: TinyModel) async throws {
        let folder = try SignedFolder()
        let custody = service(folder)
        let told = Watched(0)
        custody.whenVerified("here") { told.change { $0 += 1 } }
        try folder.write(other.bytes, to: "m.gguf")
        #expect(await refusal(custody, folder.engine(folder.signed()))?.kind == .mismatch)
        #expect(told.value == 0, "they must not serve")
        // Put back, they are what was signed.
        try folder.write(folder.model, to: "m.gguf")
        #expect(await refusal(custody, folder.engine(folder.signed())) == nil)
        #expect(told.value == 1)
    }

    @Test("a chat template that custodians didn't pin is not loaded", arguments: [true, false])
    func template(_ isPinned: Bool) async throws {
        let folder = try SignedFolder(TinyModel(template: "a template"))
        let pinned = ContentDigest.of(Array((isPinned ? "a template" : "another").utf8))
        try folder.state { $0.chatTemplate = pinned.bytes }
        let refusal = await refusal(service(folder), folder.engine(folder.signed(hasTerms: true)))
        let expected: CustodyProblem.Kind? = isPinned ? nil : .mismatch
        #expect(refusal?.kind == expected)
    }

    @Test("a newer statement is another expectation, the same one is not") func recheck() async throws {
        let folder = try SignedFolder()
        let custody = service(folder)
        let engine = folder.engine(folder.signed(hasTerms: true))
        try folder.state()
        let first = try await custody.expectation(of: engine)
        #expect(try await custody.expectation(of: engine) == first)
        try folder.state { $0.epoch = 6 }
        #expect(try await custody.expectation(of: engine) != first)
        try folder.state {
            $0.epoch = 7
            $0.notAfter = 1
        }
        #expect(await refusal(custody, engine)?.kind == .manifest)
    }

    @Test("weights that nobody signed are what they were at the first start, also after a restart")
    func development() async throws {
        let folder = try SignedFolder()
        let engine = folder.engine(nil)
        #expect(try await load(service(folder), engine) == [ContentDigest.of(folder.model)])
        #expect(try await service(folder).expectation(of: engine).origin == .development)
        try folder.write(TinyModel(fill: 1).bytes, to: "m.gguf")
        #expect(await refusal(service(folder), engine)?.kind == .mismatch)
        // A person has looked and removed what was written down.
        try FileManager.default.removeItem(atPath: folder.beside("custody/here.json"))
        #expect(await refusal(service(folder), engine) == nil)
    }

    // MARK: Changed in memory

    private static func change(_ verdict: ScrubPolicy.Verdict, at time: Int = 100, of provider: String = "here")
        -> CustodyEvent
    {
        .changed(
            .init(
                provider: provider, model: "tiny", receipt: "custody_1",
                mismatch: .init(file: "m.gguf", expected: EventEntryTests.digest, found: EventEntryTests.other),
                verdict: verdict, time: time))
    }

    @Test("what was found lasts over a restart, whatever it was", arguments: StorageKind.allCases)
    func restart(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        let storage = try disk.open()
        let custody = service(nil, storage)
        custody.note(Self.change(.reload, at: 100, of: "once"))
        custody.note(Self.change(.reload, at: 100, of: "twice"))
        custody.note(Self.change(.quarantine, at: 200, of: "twice"))
        #expect(custody.standing(of: "once") == .suspect(since: 100))
        #expect(custody.standing(of: "twice") == .quarantined(since: 200))
        #expect(custody.standing(of: "never") == .trusted)
        await finish(custody)
        let kept = try await RestoredState(storage).scrubs
        #expect(
            kept == [
                "once": StoredScrub(time: 100, verdict: "reload"),
                "twice": StoredScrub(time: 200, verdict: "quarantine"),
            ])
        let next = service(scrubs: kept)
        #expect(next.standing(of: "once") == .suspect(since: 100) && !next.isQuarantined("once"))
        #expect(next.isQuarantined("twice") && !next.isQuarantined("never"))
    }

    @Test("a verdict that this version doesn't know is a quarantine") func unknownVerdict() {
        let custody = service(scrubs: ["here": StoredScrub(time: 7, verdict: "burnt")])
        #expect(custody.standing(of: "here") == .quarantined(since: 7))
    }

    @Test func aQuarantineThatIsLiftedIsForgotten() async throws {
        let memory = MemoryStorage()
        let custody = service(nil, memory)
        custody.note(Self.change(.quarantine))
        custody.forgetChange(of: "here")
        #expect(custody.standing(of: "here") == .trusted)
        await finish(custody)
        #expect(try await memory.scrubs().isEmpty)
    }

    @Test("every event of custody goes to the subscribers, in order; only changes are remembered")
    func told() async throws {
        let memory = MemoryStorage()
        let custody = service(nil, memory)
        for (event, _) in EventEntryTests.custodyEvents { custody.note(event) }
        let listener = HoldKeeperTests.Listener()
        events.finish()
        await EventDelivery(events: events, subscribers: [listener]).run()
        let kinds = listener.events.withLock { events in
            events.map { event in
                switch event {
                case .custody(.verified): "verified"
                case .custody(.loaded): "loaded"
                case .custody(.changed): "changed"
                case .custody(.impostor): "impostor"
                case .custody(.refused): "refused"
                default: "other"
                }
            }
        }
        #expect(kinds == ["verified", "loaded", "changed", "impostor", "refused"])
        await finish(custody)
        #expect(try await memory.scrubs().count == 1)
    }

    // MARK: A disk that refuses

    @Test("a quarantine counts at once though the disk is full, and is written when it is free")
    func fullDisk() async throws {
        let memory = MemoryStorage()
        memory.refuse([.scrubs])
        let custody = service(nil, memory)
        let writing = Task { await custody.run() }
        custody.note(Self.change(.quarantine))
        #expect(custody.isQuarantined("here"))
        try await eventually(within: .seconds(60), "it is told") { !log.lines(from: .error).isEmpty }
        memory.refuse([])
        try await eventually(within: .seconds(60), "it is written") {
            memory.tables.withLock { $0.scrubs["here"] != nil }
        }
        writing.cancel()
        await writing.value
        #expect(log.lines(from: .error).count == 1, "said once, and not at every try")
        #expect(log.lines(from: .critical).isEmpty)
    }

    @Test("a quarantine that a restart will not know is the last thing that the log says, loudly") func lost() async {
        let memory = MemoryStorage()
        memory.refuse([.scrubs])
        let custody = service(nil, memory) { $0.farewell = .milliseconds(1) }
        custody.note(Self.change(.quarantine))
        await finish(custody)
        let last = log.lines(from: .critical)
        #expect(last.count == 1 && last.first?.contains("a restart will not know them") == true)
        #expect(custody.isQuarantined("here"))
    }
}
