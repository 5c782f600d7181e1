import Availability
import Gateway
import Glibc
import Logging
import Resilience
import ServiceLifecycle
import Store
import Synchronization

/// Counts what becomes of requests and attempts, minute by minute, and keeps
/// it by the hour.
///
/// What a killed process loses is the last seconds' counts; the ledger, where
/// there is one, has them.
final class AvailabilityRoom: RequestRecorder, HealthListener, Service {
    private static let period = Duration.seconds(5)
    /// Thirteen months, so that a month can be held against last year's.
    private static let keptHours = 400 * 24

    private let store: Store
    private let logger: Logger
    private let book = Mutex(AvailabilityBook())
    private let isStuck = Mutex(false)
    /// `provider/model` of all that are held now; set once there is a gateway.
    let held = Mutex<@Sendable () -> [String]>({ [] })

    init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    // MARK: Counting

    func record(_ record: RequestRecord) {
        let request = SettledRequest(record)
        book.withLock { $0.add(request, at: time(nil)) }
    }

    func note(_ changes: [HealthChange]) {}

    func noteProbe(_ place: Place, _ result: ProbeResult) {
        let status: Int
        switch result {
        case .answered: status = 200
        case .failed(_, let given): status = given ?? 0
        case .inconclusive, .impossible: return
        }
        guard !place.model.isEmpty else { return }
        let service = "\(place.provider)/\(place.model)"
        book.withLock { $0.add(.service(service), .probe(status: status), at: time(nil)) }
    }

    // MARK: Keeping

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var last = ContinuousClock.now
            var swept = -1
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.period)
                let now = ContinuousClock.now
                noteHeld(seconds: UInt32(clamping: last.duration(to: now).components.seconds))
                last = now
                keep()
                let day = time(nil) / 86_400
                if day != swept {
                    swept = day
                    forgetOld()
                }
            }
        }
        keep()
    }

    private func noteHeld(seconds: UInt32) {
        let services = held.withLock { $0 }()
        guard !services.isEmpty else { return }
        book.withLock { book in
            for service in services { book.add(.service(service), .held, min(seconds, 60), at: time(nil)) }
        }
    }

    /// Stores what was counted; what can't be stored now is stored later.
    func keep() {
        let taken = book.withLock { $0.take() }
        guard !taken.isEmpty else { return }
        let places = taken.keys.sorted { ($0.hour, $0.subject.text) < ($1.hour, $1.subject.text) }
        do throws(StoreError) {
            try store.addCounts(places.map { ($0.hour, $0.subject.text) }) { kept, place in
                var sum = kept.flatMap { HourCounts(packed: $0) } ?? HourCounts()
                sum.add(taken[places[place]]!)
                return sum.packed
            }
            if isStuck.withLock({ exchange(&$0, false) }) { logger.notice("counts for reports can be kept again") }
        } catch {
            book.withLock { $0.restore(taken) }
            if !isStuck.withLock({ exchange(&$0, true) }) {
                logger.error(
                    "counts for reports can't be kept; they stay in memory, and it is tried again",
                    metadata: ["problem": "\(error.message)"])
            }
        }
    }

    private func exchange(_ value: inout Bool, _ new: Bool) -> Bool {
        defer { value = new }
        return value
    }

    private func forgetOld() {
        do throws(StoreError) {
            try store.removeCounts(before: time(nil) / 3600 - Self.keptHours)
        } catch {
            logger.error("old counts can't be removed", metadata: ["problem": "\(error.message)"])
        }
    }

    /// What was kept of a period, by subject.
    func histories(_ period: Period) throws(StoreError) -> [Subject: History] {
        History.gathered(period, try store.counts(period.hours))
    }
}

extension History {
    /// - Parameter counts: in the order of their hours.
    static func gathered(_ period: Period, _ counts: [StoredCounts]) -> [Subject: History] {
        var histories: [Subject: History] = [:]
        for row in counts {
            guard let subject = Subject(row.subject), let hour = HourCounts(packed: row.counts) else { continue }
            histories[subject, default: History(period)].add(hour, hour: row.hour)
        }
        return histories
    }
}

extension SettledRequest {
    init(_ record: RequestRecord) {
        self.init(route: record.route, outcome: Outcome(rawValue: record.outcome.rawValue) ?? .failed)
        reason = record.reason
        by = record.servedBy
        isByStandIn = record.isStandIn || !record.handOvers.isEmpty
        isStream = record.isStream
        isWithheld = record.isWithheld
        isLate = record.isLate
        isRehearsed = record.drill != nil
        isOfDrill = isRehearsed && record.keyID == "drill"
        attempts = record.attempts.map {
            Attempt(by: $0.upstream.id, status: $0.status, failure: $0.failure, cause: $0.cause)
        }
    }
}

/// Several who are told of the same requests.
struct Recorders: RequestRecorder {
    let all: [any RequestRecorder]

    func record(_ record: RequestRecord) { for one in all { one.record(record) } }
    func record(_ refusals: RefusalSample.Summary) { for one in all { one.record(refusals) } }
}
