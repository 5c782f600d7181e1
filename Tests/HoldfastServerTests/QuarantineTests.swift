import Custody
import EngineHost
import Failures
import Gateway
import GatewayTesting
import HoldfastServer
import Logging
import NIOPosix
import Resilience
import Storage
import StorageTesting
import Testing

/// The quarantine of hosted models whose weights have changed in memory.
@Suite struct QuarantineTests {
    /// A process that hosts the model of the provider `first`.
    private final class Process: Sendable {
        let events = ServerEvents()
        let log = LogLines()
        let house: House
        let custody: CustodyService
        let quarantine: Quarantine
        private let engines: EngineService
        private let keeper: HoldKeeper

        /// - Parameter hosts: false where the settings have another provider in
        ///   its place.
        init(_ storage: any ServerStorage, hosts: Bool = true) async throws {
            let restored = try await RestoredState(storage)
            keeper = HoldKeeper(memory: storage, events: events, logger: log.logger)
            custody = CustodyService(
                folder: "/nowhere", memory: storage, scrubs: restored.scrubs, events: events, logger: log.logger)
            engines = EngineService(
                custody: custody, logger: log.logger, group: MultiThreadedEventLoopGroup.singleton, hide: { true })
            let clock = Watched(halfPastTen)
            house = House(
                clock: clock,
                continuity: restored.continuity(keeper: keeper, logger: log.logger, clock: House.moments(clock)))
            quarantine = Quarantine(gateway: house.gateway, engines: engines)
            if hosts {
                // No engine runs: it waits for ``EngineService/begin()``.
                _ = engines.engine(
                    EngineConfiguration(
                        provider: "first", launcher: .command(["no-engine"]), modelFile: "/nowhere/m.gguf", alias: "m",
                        runDirectory: "/nowhere"))
            }
            quarantine.placeRemembered()
        }

        deinit { engines.keep(only: []) }

        var holds: [Hold] { house.book.holds }

        static func change(_ verdict: ScrubPolicy.Verdict, of provider: String = "first") -> CustodyEvent {
            .changed(
                .init(
                    provider: provider, model: "m", receipt: "custody_1",
                    mismatch: .init(file: "m.gguf", expected: EventEntryTests.digest, found: EventEntryTests.other),
                    verdict: verdict, time: halfPastTen))
        }

        /// Finds weights changed in memory.
        func find(_ event: CustodyEvent) async {
            custody.note(event)
            await quarantine.receive(.custody(event))
        }

        /// Has an administrator lift a hold.
        func restore(_ hold: Hold) async throws {
            let changes = try #require(house.book.restore(hold.id, by: "ann", now: house.now))
            house.gateway.continuity.report(changes)
            await quarantine.receive(.health(changes))
        }

        /// Ends: what is owed to the disk is written.
        func end() async {
            let (keeper, custody) = (keeper, custody)
            for writing in [Task { await keeper.run() }, Task { await custody.run() }] {
                writing.cancel()
                await writing.value
            }
        }
    }

    private let storage = MemoryStorage()

    @Test func aQuarantinedModelIsNotCalled() async throws {
        let process = try await Process(storage)
        await process.find(Process.change(.quarantine))
        let hold = try #require(process.holds.first)
        #expect(process.holds.count == 1 && hold.scope == .model && hold.model == "m" && hold.provider == "first")
        #expect(hold.ground == .byHand && hold.acknowledgedBy == "custody")
        #expect(hold.reason == "its weights changed in memory twice within a day")
        #expect(await process.house.ask().status == 200)
        #expect(process.house.first.requests.value.isEmpty && process.house.second.requests.value.count == 1)
        await process.end()
        #expect(try await storage.holds().map(\.id) == [hold.id])
    }

    @Test("weights that changed once are loaded again, and nothing is held") func reload() async throws {
        let process = try await Process(storage)
        await process.find(Process.change(.reload))
        #expect(process.holds.isEmpty && process.custody.standing(of: "first") == .suspect(since: halfPastTen))
        await process.house.ask()
        #expect(process.house.first.requests.value.count == 1)
    }

    @Test func aProviderThatIsNotServedAnyMoreIsHeldByNobody() async throws {
        let process = try await Process(storage)
        await process.find(Process.change(.quarantine, of: "gone"))
        #expect(process.holds.isEmpty && process.custody.isQuarantined("gone"))
    }

    @Test("the supervisor's hold is there to be lifted, and keeps nobody's requests away")
    func supervisor() async throws {
        let process = try await Process(storage)
        await process.find(Process.change(.quarantine, of: "supervisor"))
        #expect(process.holds.map(\.provider) == ["supervisor"] && process.custody.isQuarantined("supervisor"))
        await process.house.ask()
        #expect(process.house.first.requests.value.count == 1)
        try await process.restore(try #require(process.holds.first))
        #expect(process.holds.isEmpty)
    }

    @Test("a quarantine stands after a restart, with its hold") func restart() async throws {
        let first = try await Process(storage)
        await first.find(Process.change(.quarantine))
        await first.end()
        let second = try await Process(storage)
        #expect(second.custody.isQuarantined("first"))
        #expect(second.holds == first.holds)
        await second.house.ask()
        #expect(second.house.first.requests.value.isEmpty)
        #expect(second.log.lines(from: .warning).contains { $0.contains("still held since before the start") })
    }

    @Test("a hold that was removed from the disk is placed again, as long as the quarantine stands")
    func removedHold() async throws {
        let first = try await Process(storage)
        await first.find(Process.change(.quarantine))
        await first.end()
        try await storage.apply([.remove(id: try #require(first.holds.first).id)])
        let second = try await Process(storage)
        #expect(second.holds.map(\.id) == first.holds.map(\.id))
        await second.house.ask()
        #expect(second.house.first.requests.value.isEmpty)
    }

    @Test("of a model that is no longer hosted nothing is placed again") func noLongerHosted() async throws {
        try await storage.saveScrub(of: "first", StoredScrub(time: 7, verdict: "quarantine"))
        let process = try await Process(storage, hosts: false)
        #expect(process.holds.isEmpty)
        await process.house.ask()
        #expect(process.house.first.requests.value.count == 1)
    }

    @Test("an administrator who lifts the hold ends the quarantine, for good") func lifted() async throws {
        let first = try await Process(storage)
        await first.find(Process.change(.quarantine))
        try await first.restore(try #require(first.holds.first))
        #expect(!first.custody.isQuarantined("first"))
        await first.house.ask()
        #expect(first.house.first.requests.value.count == 1)
        await first.end()
        #expect(try await storage.scrubs().isEmpty)
        #expect(try await storage.holds().isEmpty)
        let second = try await Process(storage)
        #expect(second.holds.isEmpty && second.custody.standing(of: "first") == .trusted)
    }

    @Test(
        "the end of a hold that is not the quarantine's doesn't end it",
        arguments: [
            Hold.example(), .example { $0.origin = .probe },
            .example {
                $0.origin = .administrator
                $0.scope = .host
            },
            .example {
                $0.origin = .administrator
                $0.model = "another"
            },
            .example {
                $0.origin = .administrator
                $0.provider = "second"
            },
        ])
    func otherHolds(_ hold: Hold) async throws {
        let process = try await Process(storage)
        await process.find(Process.change(.quarantine))
        await process.quarantine.receive(.health([.lifted(hold, by: "ann")]))
        #expect(process.custody.isQuarantined("first"))
    }

    @Test("a change is brought from custody to the quarantine by the server's events") func delivered() async throws {
        let process = try await Process(storage)
        let (events, quarantine) = (process.events, process.quarantine)
        let delivery = Task { await EventDelivery(events: events, subscribers: [quarantine]).run() }
        process.custody.note(Process.change(.quarantine))
        try await eventually(within: .seconds(60), "the model is held") { !process.holds.isEmpty }
        events.finish()
        await delivery.value
    }
}
