import Failures
import Gateway
import HoldfastServer
import Logging
import Resilience
import Storage
import Synchronization
import Testing

/// The keeper of holds: what it writes, in which order, and what it reports.
@Suite struct HoldKeeperTests {
    /// A memory that keeps what is written, and refuses while it is shut.
    final class Memory: HealthMemory {
        let kept = Mutex<[String: StoredHold]>([:])
        let changes = Mutex<[[HoldChange]]>([])
        let answers = Mutex<[StoredAnswer]>([])
        let isFull: Mutex<Bool>

        init(isFull: Bool = false) { self.isFull = Mutex(isFull) }

        func holds() async throws(StorageError) -> [StoredHold] { kept.withLock { Array($0.values) } }
        func apply(_ batch: [HoldChange]) async throws(StorageError) {
            if isFull.withLock({ $0 }) { throw StorageError(.full, "the disk is full") }
            changes.withLock { $0.append(batch) }
            kept.withLock { kept in
                for change in batch {
                    switch change {
                    case .save(let hold): kept[hold.id] = hold
                    case .remove(let id): kept[id] = nil
                    }
                }
            }
        }
        func answered() async throws(StorageError) -> [StoredAnswer] { answers.withLock { $0 } }
        func noteAnswered(_ new: [StoredAnswer]) async throws(StorageError) { answers.withLock { $0 += new } }
    }

    /// A subscriber that counts.
    final class Listener: ServerEventSubscriber {
        let events = Mutex<[ServerEvent]>([])
        func receive(_ event: ServerEvent) async { events.withLock { $0.append(event) } }
    }

    static func hold(_ id: String, _ firmness: Hold.Firmness) -> Hold {
        Hold(
            id: id, ground: .failure(.withdrawn), scope: .model, host: "h:443", credential: "c", model: id,
            provider: "p", firmness: firmness, origin: .traffic, name: "withdrawn", since: 1, words: "gone",
            rule: "model-gone", status: 404, acknowledgedBy: nil, reason: nil)
    }

    static let now = Moment(tick: .zero, unix: 7)

    private func keeper(
        _ memory: Memory, _ events: ServerEvents = ServerEvents(), patience: Duration = .seconds(3600)
    ) -> HoldKeeper {
        var options = DurableWriter<String, HoldChange>.Options()
        options.patience = patience
        options.gathering = .milliseconds(1)
        options.retry = .milliseconds(1)
        return HoldKeeper(memory: memory, events: events, logger: Logger(label: "test"), options: options)
    }

    @Test("a lasting hold is on disk when the wait for it is over") func lasting() async throws {
        let memory = Memory()
        let keeper = keeper(memory)
        let running = Task { await keeper.run() }
        // Two at once: each is written, whichever is waited for.
        let first = try #require(keeper.note([.placed(Self.hold("a", .lasting))], Self.now))
        let second = try #require(keeper.note([.placed(Self.hold("b", .lasting))], Self.now))
        await keeper.untilDurable(first)
        #expect(memory.kept.withLock { $0["a"] } == StoredHold(Self.hold("a", .lasting)))
        await keeper.untilDurable(second)
        #expect(memory.kept.withLock { $0.keys.sorted() } == ["a", "b"])
        running.cancel()
        await running.value
    }

    @Test("no request waits for a provisional hold, and it is kept all the same") func provisional() async {
        let memory = Memory()
        let keeper = keeper(memory)
        #expect(keeper.note([.placed(Self.hold("a", .provisional))], Self.now) == nil)
        let running = Task { await keeper.run() }
        while memory.kept.withLock({ $0.isEmpty }) { await Task.yield() }
        #expect(memory.kept.withLock { $0["a"]?.firmness } == "provisional")
        running.cancel()
        await running.value
    }

    @Test("holds learnt while the disk is full are kept afterwards") func fullDisk() async throws {
        let memory = Memory(isFull: true)
        let keeper = keeper(memory, patience: .milliseconds(1))
        let running = Task { await keeper.run() }
        for id in ["a", "b"] {
            let ticket = try #require(keeper.note([.placed(Self.hold(id, .lasting))], Self.now))
            // The request goes on.
            await keeper.untilDurable(ticket)
        }
        #expect(memory.kept.withLock { $0.isEmpty })
        memory.isFull.withLock { $0 = false }
        while memory.kept.withLock({ $0.count < 2 }) { await Task.yield() }
        running.cancel()
        await running.value
    }

    @Test("a lifted hold is forgotten, though it was placed in the same batch") func lifted() async throws {
        let memory = Memory()
        let keeper = keeper(memory)
        let hold = Self.hold("a", .lasting)
        let ticket = try #require(keeper.note([.placed(hold), .lifted(hold, by: "admin")], Self.now))
        let running = Task { await keeper.run() }
        await keeper.untilDurable(ticket)
        #expect(memory.kept.withLock { $0.isEmpty })
        running.cancel()
        await running.value
    }

    @Test("what happens before the delivery begins is delivered, in order, and so is what comes last")
    func events() async {
        let events = ServerEvents()
        let keeper = keeper(Memory(), events)
        // At start: a changed key lifts a hold before anything runs.
        _ = keeper.note([.lifted(Self.hold("a", .lasting), by: "a changed key")], Self.now)
        let listener = Listener()
        let delivery = Task { await EventDelivery(events: events, subscribers: [listener]).run() }
        _ = keeper.note([.placed(Self.hold("b", .provisional))], Self.now)
        // Cancellation loses nothing.
        delivery.cancel()
        events.finish()
        await delivery.value
        let ids = listener.events.withLock { events in
            events.flatMap { event -> [String] in
                guard case .health(let changes) = event else { return [] }
                return changes.map { change in
                    switch change {
                    case .lifted(let hold, _): "lifted \(hold.id)"
                    case .placed(let hold): "placed \(hold.id)"
                    default: "other"
                    }
                }
            }
        }
        #expect(ids == ["lifted a", "placed b"])
    }
}
