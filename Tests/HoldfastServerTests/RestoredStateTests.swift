import Conversation
import Failures
import Foundation
import Gateway
import GatewayTesting
import HoldfastServer
import Logging
import NIOCore
import Resilience
import Routing
import Storage
import StorageSQLite
import StorageTesting
import Synchronization
import Testing

/// Tests of the memory that a process leaves to the next one.
@Suite struct RestoredStateTests {
    /// A process from its start to its end.
    private final class Process: Sendable {
        let events = ServerEvents()
        let log = LogLines()
        let clock = Watched(halfPastTen)
        let restored: RestoredState
        let house: House
        private let keeper: HoldKeeper

        /// - Parameters:
        ///   - credential: the fingerprint of the first provider's key.
        ///   - return: of the route `talk`'s candidates, once they are back.
        init(
            _ storage: any ServerStorage, credential: String = "key-1", return: Substitution.Return = .automatic
        ) async throws {
            restored = try await RestoredState(storage)
            keeper = HoldKeeper(memory: storage, events: events, logger: log.logger)
            var policy = RoutePolicy()
            policy.substitution.return = `return`
            let candidates = ["first", "second"].map { Candidate(provider: $0, model: "m", dialect: .openai) }
            house = House(
                clock: clock, credential: credential,
                continuity: restored.continuity(keeper: keeper, logger: log.logger, clock: House.moments(clock)),
                routes: [Route(name: "waits", candidates: candidates, policy: policy)])
            // In the order of a server's start.
            house.gateway.applyRoutes()
            house.gateway.forgetOldCredentials()
        }

        var book: HealthBook { house.book }

        func report(_ changes: [HealthChange]) { house.gateway.continuity.report(changes) }

        /// Ends: what is owed to the disk is written, and events are delivered.
        /// - Returns: the changes of health, in order.
        @discardableResult
        func end() async -> [HealthChange] {
            let keeper = keeper
            let writing = Task { await keeper.run() }
            writing.cancel()
            await writing.value
            let listener = HoldKeeperTests.Listener()
            events.finish()
            await EventDelivery(events: events, subscribers: [listener]).run()
            return listener.events.withLock { events in
                events.flatMap { event in
                    if case .health(let changes) = event { changes } else { [HealthChange]() }
                }
            }
        }
    }

    // MARK: Holds

    @Test("a model that was found withdrawn is not called after a restart", arguments: StorageKind.allCases)
    func aHeldModelIsNotCalled(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        func first() async throws -> [Hold] {
            let process = try await Process(try disk.open())
            process.report(try process.book.confirmWithdrawal(at: House.firstPlace, now: process.house.now))
            await process.end()
            return process.book.holds
        }
        let holds = try await first()
        disk.close()
        let process = try await Process(try disk.open())
        #expect(process.book.holds == holds && holds.map(\.firmness) == [.lasting])
        #expect(await process.house.ask().status == 200)
        #expect(process.house.first.requests.value.isEmpty && process.house.second.requests.value.count == 1)
        let told = process.log.lines(from: .warning)
        #expect(told.count == 1 && told.first?.contains("still held since before the start") == true)
        await process.end()
    }

    @Test("a suspicion is still one after a restart, and is probed at once", arguments: StorageKind.allCases)
    func suspicion(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        func first() async throws {
            let process = try await Process(try disk.open())
            process.report(try process.book.noteWithdrawal(at: House.firstPlace, now: process.house.now).changes)
            await process.end()
        }
        try await first()
        disk.close()
        let process = try await Process(try disk.open())
        #expect(process.book.holds.map(\.firmness) == [.provisional])
        let probe = try #require(process.book.dueProbes(now: process.house.now).first)
        process.report(process.book.probed(probe, .answered, now: process.house.now))
        await process.house.ask()
        #expect(process.house.first.requests.value.count == 1)
        await process.end()
        #expect(try await process.restored.storage.holds().isEmpty)
    }

    @Test("what a newer version has written in words of its own is passed over, and the rest is restored")
    func newerWords() async throws {
        let storage = MemoryStorage()
        var holds = ["a", "b", "c", "d", "e"].map { StoredHold.example($0, model: $0) }
        holds[0].cause = "beyond_words"
        holds[1].scope = "beyond_words"
        holds[2].firmness = "beyond_words"
        holds[3].origin = "beyond_words"
        try await storage.apply(holds.map { .save($0) })
        let process = try await Process(storage)
        #expect(process.book.holds.map(\.id) == ["e"])
        await process.end()
        // It is still there for the newer version.
        #expect(try await storage.holds().count == 5)
    }

    @Test("an older version's hold by hand is an administrator's") func olderWords() async throws {
        let storage = MemoryStorage()
        var hold = StoredHold.example("a")
        hold.origin = "administrator"
        try await storage.apply([.save(hold)])
        #expect(try await Process(storage).book.holds.map(\.ground) == [.byHand])
    }

    @Test("a candidate that is back is not relied on after a restart either", arguments: StorageKind.allCases)
    func returned(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        func first() async throws {
            let process = try await Process(try disk.open(), return: .byHand)
            let changes = try process.book.confirmWithdrawal(at: House.firstPlace, now: process.house.now)
            process.report(changes)
            let hold = try #require(process.book.holds.first)
            process.report(try #require(process.book.restore(hold.id, by: "ann", now: process.house.now)))
            process.report(process.book.passedDrill(on: "talk", [House.firstPlace]))
            await process.end()
        }
        try await first()
        disk.close()
        let process = try await Process(try disk.open(), return: .afterDrill)
        let back = try #require(process.book.returned.first)
        #expect(process.book.holds.isEmpty && back.isByHand && back.drilled == ["talk"])
        #expect(back.since == halfPastTen && back.hold.provider == "first")
        let waits = try #require(process.house.gateway.state.routes.routes.first { $0.name == "waits" })
        #expect(process.house.gateway.isAwaitingReturn(waits, at: House.firstPlace))
        await process.house.ask("waits")
        #expect(process.house.first.requests.value.isEmpty, "no drill has passed on this route")
        await process.house.ask("talk")
        #expect(process.house.first.requests.value.count == 1)
        await process.end()
    }

    // MARK: Another key

    private static func held(_ change: (inout StoredHold) -> Void) -> StoredHold {
        var hold = StoredHold.example("a")
        hold.provider = "first"
        hold.host = "one.example:443"
        hold.cause = "credential"
        hold.name = "credential"
        hold.scope = "credential"
        hold.credential = "key-1"
        hold.model = ""
        change(&hold)
        return hold
    }

    @Test("a hold on a key is lifted at the start with another one, and forgotten", arguments: StorageKind.allCases)
    func anotherKey(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        try await disk.open().apply([.save(Self.held { _ in })])
        let process = try await Process(try disk.open(), credential: "key-9")
        #expect(process.book.holds.isEmpty)
        await process.house.ask()
        #expect(process.house.first.requests.value.count == 1)
        let changes = await process.end()
        // Sent before anything ran, and told all the same.
        guard case .lifted(let hold, let by)? = changes.first, changes.count == 1 else {
            Issue.record("\(changes)")
            return
        }
        #expect(hold.id == "a" && by == "new key")
        #expect(try await process.restored.storage.holds().isEmpty)
    }

    @Test(
        "a hold stands at the start where no other key could change what it is about",
        arguments: [
            // The key is the same.
            (Self.held { _ in }, "key-1"),
            // The model is gone, whatever the key.
            (
                Self.held {
                    $0.scope = "model"
                    $0.cause = "withdrawn"
                    $0.model = "m"
                    $0.credential = ""
                }, "key-9"
            ),
            // An administrator's word.
            (
                Self.held {
                    $0.origin = "administrator"
                    $0.cause = "held_by_hand"
                }, "key-1"
            ),
        ])
    func theHoldStands(_ hold: StoredHold, _ credential: String) async throws {
        let storage = MemoryStorage()
        try await storage.apply([.save(hold)])
        let process = try await Process(storage, credential: credential)
        #expect(process.book.holds.map(\.id) == ["a"])
        await process.house.ask()
        #expect(process.house.first.requests.value.isEmpty && process.house.second.requests.value.count == 1)
        #expect(await process.end().isEmpty)
        #expect(try await storage.holds().count == 1)
    }

    @Test("an administrator's hold on a key stands though the key was changed")
    func byHandAndAnotherKey() async throws {
        let storage = MemoryStorage()
        try await storage.apply([
            .save(
                Self.held {
                    $0.origin = "administrator"
                    $0.cause = "held_by_hand"
                })
        ])
        let process = try await Process(storage, credential: "key-9")
        #expect(process.book.holds.map(\.id) == ["a"])
        #expect(await process.end().isEmpty)
    }

    // MARK: Everything else

    @Test("what else was learnt is there again", arguments: StorageKind.allCases)
    func everythingElse(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        func first() async throws {
            let storage = try disk.open()
            try await storage.noteAnswered([StoredAnswer(host: "one.example:443", model: "m", at: 5)])
            try await storage.save([StoredLearnt(subject: "key:k", weights: "w", count: 3)])
            try await storage.save([StoredEgress(weights: "w", day: 20_000, bytes: 9)])
            try await storage.saveScrub(of: "here", StoredScrub(time: 7, verdict: "reload"))
        }
        try await first()
        disk.close()
        let restored = try await RestoredState(try disk.open())
        #expect(restored.answered == [ServedModel(host: "one.example:443", model: "m")])
        #expect(restored.learnt == [StoredLearnt(subject: "key:k", weights: "w", count: 3)])
        #expect(restored.egress == [StoredEgress(weights: "w", day: 20_000, bytes: 9)])
        #expect(restored.scrubs == ["here": StoredScrub(time: 7, verdict: "reload")])
        #expect(restored.holds.isEmpty)
    }

    @Test("a model's first answer is known to the next process") func answers() async throws {
        let storage = MemoryStorage()
        let first = try await Process(storage)
        await first.house.ask()
        await first.end()
        #expect(try await RestoredState(storage).answered == [ServedModel(host: "one.example:443", model: "m")])
    }

    @Test(
        "the same request has the same seed in every process, and another one elsewhere",
        arguments: StorageKind.allCases)
    func seeds(_ kind: StorageKind) async throws {
        let requests = (0..<4).map { ByteBuffer(string: "a request \($0)") }
        func seeds(_ disk: Disk) async throws -> [UInt32] {
            defer { disk.close() }
            let restored = try await RestoredState(try disk.open())
            return requests.map { restored.seeds.seed(for: $0) }
        }
        let disk = Disk(kind)
        let first = try await seeds(disk)
        #expect(try await seeds(disk) == first)
        #expect(try await seeds(Disk(kind)) != first)
        #expect(Set(first).count > 1)
    }

    // MARK: A memory that can't be read

    @Test(
        "a Holdfast that can't know what it knew does not start",
        arguments: [.holds, .answers, .secrets, .learnt, .egress, .scrubs] as [MemoryStorage.Table])
    func unreadable(_ table: MemoryStorage.Table) async {
        let storage = MemoryStorage()
        storage.refuse([table])
        await #expect(throws: StartupError(.unavailable, "the disk is full")) { try await RestoredState(storage) }
    }

    @Test("what the start doesn't need may be unreadable for now") func notNeeded() async throws {
        let storage = MemoryStorage()
        storage.refuse([.counts, .messages, .epochs, .heads, .drills])
        #expect(try await RestoredState(storage).holds.isEmpty)
    }

    @Test("a file that is damaged, or another's, keeps Holdfast from starting, with the reason")
    func files() async throws {
        let folder = ScratchFolder()
        try folder.write(
            Data("this is no database, and long enough to be one of another kind".utf8), to: "holdfast.sqlite")
        let damaged = await #expect(throws: StartupError.self) { try await RestoredState(directory: folder.path) }
        #expect(damaged?.kind == .unavailable && damaged?.message.contains(folder.path) == true)
        let other = ScratchFolder()
        let inUse = try SQLiteStorage(directory: other.path)
        let refused = await #expect(throws: StartupError.self) { try await RestoredState(directory: other.path) }
        #expect(refused?.kind == .unavailable && refused?.message.contains(other.path) == true)
        #expect(try await inUse.holds().isEmpty)
    }
}
