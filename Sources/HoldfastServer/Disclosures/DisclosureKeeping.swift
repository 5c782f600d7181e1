import Extraction
import Gateway
import Glibc
import Logging
import ServiceLifecycle
import Storage
import Synchronization

/// The keeper of what hosted models have disclosed: the storage's, and the
/// source of the alarms.
///
/// Measured values are on disk before the request that measures goes on. The
/// bytes of answers are written by ``EgressWriter``.
final class DisclosureKeeping: DisclosureKeeper {
    private let writer: DurableWriter<RecoveryMeter.Account, Int>
    private let events: ServerEvents
    private let logger: Logger

    init(memory: any DisclosureMemory, events: ServerEvents, logger: Logger) {
        self.events = events
        self.logger = logger
        writer = DurableWriter("measured values of hosted models", logger: logger) { writes throws(StorageError) in
            try await memory.save(
                writes.map { StoredLearnt(subject: $0.subject.text, weights: $0.weights, count: $1) })
        }
    }

    /// The book that begins with what is remembered.
    func book(_ restored: RestoredState) -> DisclosureBook {
        var spent: [RecoveryMeter.Account: Int] = [:]
        for one in restored.learnt {
            guard let subject = Subject(one.subject) else { continue }
            spent[.init(subject, one.weights)] = Self.sane(one.count)
        }
        let days = restored.egress.map { ($0.weights, EgressMeter.Day(day: $0.day, bytes: Self.sane($0.bytes))) }
        return DisclosureBook(
            recovery: RecoveryMeter(spent: spent),
            egress: EgressMeter(days: Dictionary(days) { first, _ in first }), keeper: self, clock: { time(nil) })
    }

    /// A number of the file's that can be added to.
    private static func sane(_ count: Int) -> Int { max(0, min(count, 1 << 60)) }

    /// Writes until the task is cancelled, and then what is still owed.
    func run() async { await writer.run() }

    // MARK: Keeping

    func keep(_ standings: [(account: RecoveryMeter.Account, values: Int)]) -> KeeperTicket? {
        guard !standings.isEmpty else { return nil }
        return KeeperTicket(number: writer.owe(standings.map { ($0.account, $0.values) }, isUrgent: true).number)
    }

    func untilDurable(_ ticket: KeeperTicket) async {
        await writer.untilWritten(WriteTicket(number: ticket.number))
    }

    // MARK: Alarms

    func alarm(_ alarm: RecoveryMeter.Alarm) {
        let metadata: Logger.Metadata = [
            "who": "\(alarm.subject.text)", "model": "\(alarm.model)", "values": "\(alarm.spent)",
            "of": "\(alarm.limit)",
        ]
        if alarm.hasEnded {
            logger.critical(
                "ALARM: somebody has measured as much of a hosted model's last layer as may be; the permission has ended",
                metadata: metadata)
        } else {
            logger.error(
                "somebody has measured half of what may be measured of a hosted model's last layer", metadata: metadata)
        }
        events.send(.disclosure(.recovery(alarm)))
    }

    func alarm(_ alarm: EgressMeter.Alarm) {
        let metadata: Logger.Metadata = [
            "model": "\(alarm.model)", "bytes": "\(alarm.bytes)", "budget": "\(alarm.budget)",
        ]
        if alarm.hasStopped {
            logger.critical(
                "ALARM: a hosted model's answers have used up the day's egress budget; it gives no more today",
                metadata: metadata)
        } else {
            logger.error(
                "a hosted model's answers have used up four fifths of the day's egress budget", metadata: metadata)
        }
        events.send(.disclosure(.egress(alarm)))
    }
}

/// The writer of the bytes that have left hosted models in answers.
///
/// They are written every few seconds: a process that is killed forgets no
/// more than that. Once a day's budget is used up, that is written at once.
final class EgressWriter: ServerEventSubscriber, Service {
    private static let period = Duration.seconds(5)

    private let book: DisclosureBook
    /// The writer of the counts. Of two counts of one model the newer is written last, regardless of the task that
    /// brought it.
    private let writer: DurableWriter<String, StoredEgress>
    private let turn = Mutex(())

    init(book: DisclosureBook, memory: any DisclosureMemory, logger: Logger) {
        self.book = book
        writer = DurableWriter("bytes that hosted models have disclosed", logger: logger) {
            writes throws(StorageError) in
            try await memory.save(writes.map(\.1))
        }
    }

    package func receive(_ event: ServerEvent) async {
        if case .disclosure(.egress(let alarm)) = event, alarm.hasStopped { keep() }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.period)
                keep()
            }
        }
        keep()
    }

    /// Writes until the task is cancelled, and then what is still owed.
    func write() async { await writer.run() }

    /// Hands over what has changed.
    private func keep() {
        // Taken and handed over in one step, or two tasks could swap.
        turn.withLock { _ in
            let changes = book.takeEgressChanges()
            guard !changes.isEmpty else { return }
            writer.owe(
                changes.map { weights, day in
                    (weights, StoredEgress(weights: weights, day: day.day, bytes: day.bytes))
                }, isUrgent: true)
        }
    }
}
