import Extraction
import Gateway
import Glibc
import Logging
import ServiceLifecycle
import Store
import Synchronization
import Wire

/// Keeps what hosted models have told, and tells the operator when it is
/// much.
///
/// What keys have measured is written before they are told. What has left in
/// answers is written every few seconds: a process that is killed forgets no
/// more than that.
final class DisclosureRoom: DisclosureKeeper, Service {
    private static let period = Duration.seconds(5)

    private let store: Store
    private let logger: Logger
    /// Set once there is one.
    private let book = Mutex<DisclosureBook?>(nil)
    private let isStuck = Mutex(false)
    /// Who is told beside the log, once there is one.
    let alerts = Mutex<AlertRoom?>(nil)

    init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// What was told before the start.
    /// - Throws: ``HouseError`` when it can't be read: a Holdfast that forgets
    ///   would tell it all again after every restart.
    func open() throws(HouseError) -> DisclosureBook {
        let learnt: [StoredLearnt]
        let egress: [StoredEgress]
        do throws(StoreError) {
            learnt = try store.learnt()
            egress = try store.egress()
        } catch {
            throw HouseError(message: error.message, status: .unavailable)
        }
        var spent: [RecoveryMeter.Account: Int] = [:]
        for one in learnt {
            guard let subject = Subject(one.subject) else { continue }
            spent[.init(subject, one.weights)] = Self.sane(one.count)
        }
        let days = egress.map { ($0.weights, EgressMeter.Day(day: $0.day, bytes: Self.sane($0.bytes))) }
        let opened = DisclosureBook(
            recovery: RecoveryMeter(spent: spent), egress: EgressMeter(days: Dictionary(uniqueKeysWithValues: days)),
            keeper: self, clock: { time(nil) })
        book.withLock { $0 = opened }
        return opened
    }

    /// What somebody else wrote into the file may be added to, too.
    private static func sane(_ count: Int) -> Int { max(0, min(count, 1 << 60)) }

    // MARK: Measuring

    func keep(_ standings: [(account: RecoveryMeter.Account, values: Int)]) {
        let rows = standings.map {
            StoredLearnt(subject: $0.account.subject.text, weights: $0.account.weights, count: $0.values)
        }
        do throws(StoreError) {
            try store.save(rows)
        } catch {
            stuck(error)
        }
    }

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
        tell(alarm.hasEnded ? "measuring.ended" : "measuring.half") { json in
            json.member("who", alarm.subject.text)
            json.member("model", alarm.model)
            json.member("values", alarm.spent)
            json.member("of", alarm.limit)
        }
    }

    // MARK: Egress

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
        tell(alarm.hasStopped ? "egress.stopped" : "egress.nearly") { json in
            json.member("model", alarm.model)
            json.member("bytes", alarm.bytes)
            json.member("budget", alarm.budget)
        }
        // Also where the process is killed now, nothing more goes out today.
        if alarm.hasStopped { keepEgress() }
    }

    private func tell(_ type: String, _ data: (inout JSONWriter) -> Void) {
        alerts.withLock { $0 }?.custody(type, data)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.period)
                keepEgress()
            }
        }
    }

    /// Writes what isn't written yet; what can't be is tried again.
    func keepEgress() {
        // Held while it is written: what is newer is written later.
        book.withLock { book in
            guard let book else { return }
            let changes = book.takeEgressChanges()
            guard !changes.isEmpty else { return }
            do throws(StoreError) {
                try store.save(changes.map { StoredEgress(weights: $0.key, day: $0.value.day, bytes: $0.value.bytes) })
                isStuck.withLock { $0 = false }
            } catch {
                book.putBack(Array(changes.keys))
                stuck(error)
            }
        }
    }

    private func stuck(_ error: StoreError) {
        let isNews = isStuck.withLock { isStuck in
            defer { isStuck = true }
            return !isStuck
        }
        guard isNews else { return }
        logger.error(
            "what hosted models have told can't be written; it goes on from memory, and a restart would forget it",
            metadata: ["problem": "\(error.message)"])
    }
}
