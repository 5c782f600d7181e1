import Access
package import Availability
package import Gateway
package import Logging
import Resilience
import ServiceLifecycle
package import Storage
import Synchronization

/// Counts what becomes of requests and attempts, minute by minute, and keeps
/// it by the hour.
///
/// What a killed process loses is the last seconds' counts; the ledger, where
/// there is one, has them.
package final class AvailabilityService: RequestRecorder, ServerEventSubscriber, Service {
    private static let period = Duration.seconds(5)
    /// Thirteen months, so that a month can be held against last year's.
    private static let keptHours = 400 * 24

    private let counts: any CountStore
    private let logger: Logger
    private let book = Mutex(AvailabilityBook())
    private let traffic = Mutex<[String: RouteTraffic]>([:])
    private let failing = FailureNote()
    private let clock: @Sendable () -> Int

    /// - Parameter clock: seconds since 1970.
    package init(
        counts: any CountStore, logger: Logger, clock: @escaping @Sendable () -> Int = { SystemClock.seconds() }
    ) {
        self.counts = counts
        self.logger = logger
        self.clock = clock
    }

    /// Seconds since 1970, by the clock that requests are counted by.
    var now: Int { clock() }

    // MARK: Counting

    package func record(_ record: RequestRecord) {
        let request = CountedRequest(record)
        let now = now
        book.withLock { $0.add(request, at: now) }
        guard let route = request.route, !request.isOfDrill, let isAnswered = request.counter.isAnswered else { return }
        traffic.withLock { $0[route, default: RouteTraffic()].note(isAnswered: isAnswered, at: now) }
    }

    /// The latest requests of a route.
    package func traffic(of route: String) -> RouteTraffic { traffic.withLock { $0[route] } ?? RouteTraffic() }

    package func receive(_ event: ServerEvent) async {
        guard case .probe(let place, let result) = event else { return }
        let status: Int
        switch result {
        case .answered: status = 200
        case .failed(_, let given): status = given ?? 0
        case .inconclusive, .impossible: return
        }
        guard !place.model.isEmpty else { return }
        let service = "\(place.provider)/\(place.model)"
        book.withLock { $0.add(.service(service), .probe(status: status), at: now) }
    }

    // MARK: Keeping

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var swept = -1
            // Once more at the end, below: on a locked disk each time takes seconds.
            while (try? await Task.sleep(for: Self.period)) != nil {
                await keep()
                let day = now / 86_400
                if day != swept {
                    swept = day
                    await forgetOld()
                }
            }
        }
        await keep()
    }

    /// Adds seconds during which services were held.
    package func noteHeld(_ services: [String], seconds: UInt32) {
        guard !services.isEmpty else { return }
        let now = now
        book.withLock { book in
            for service in services { book.add(.service(service), .held, min(seconds, 60), at: now) }
        }
    }

    /// Stores what was counted; what can't be stored now is stored later.
    package func keep() async {
        let taken = book.withLock { $0.take() }
        guard !taken.isEmpty else { return }
        let places = taken.keys.sorted { ($0.hour, $0.subject.text) < ($1.hour, $1.subject.text) }
        do throws(StorageError) {
            try await counts.addCounts(
                places.map { CountPlace(hour: $0.hour, subject: $0.subject.text) }
            ) { kept, index in
                var sum = kept.flatMap { HourCounts(packed: $0) } ?? HourCounts()
                if let more = taken[places[index]] { sum.add(more) }
                return sum.packed
            }
            if failing.ended() { logger.notice("counts for reports can be kept again") }
        } catch {
            book.withLock { $0.restore(taken) }
            guard failing.began() else { return }
            logger.error(
                "counts for reports can't be kept; they stay in memory, and it is tried again",
                metadata: ["problem": "\(error.message)"])
        }
    }

    /// Forgets what is older than thirteen months.
    package func forgetOld() async {
        do throws(StorageError) {
            try await counts.removeCounts(before: now / 3600 - Self.keptHours)
        } catch {
            logger.error("old counts can't be removed", metadata: ["problem": "\(error.message)"])
        }
    }

    /// The kept counts of a period, by subject.
    package func histories(_ period: Period) async throws(StorageError) -> [Subject: History] {
        History.gathered(period, try await counts.counts(period.hours))
    }
}

/// The count of the time that models are held.
struct HeldTime: Service {
    private static let period = Duration.seconds(5)

    let gateway: Gateway
    let availability: AvailabilityService

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var last = ContinuousClock.now
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.period)
                let now = ContinuousClock.now
                availability.noteHeld(
                    gateway.heldModels, seconds: UInt32(clamping: last.duration(to: now).components.seconds))
                last = now
            }
        }
    }
}

extension CountedRequest {
    package init(_ record: RequestRecord) {
        self.init(route: record.route, outcome: Outcome(record.outcome))
        reason = record.reason
        by = record.servedBy
        isByStandIn = record.isStandIn || !record.handOvers.isEmpty
        isStream = record.isStream
        isWithheld = record.isWithheld
        isLate = record.isLate
        isRehearsed = record.drill != nil
        isOfDrill = isRehearsed && record.keyID == Principal.drillKey
        attempts = record.attempts.map {
            Attempt(by: $0.upstream.id, status: $0.status, failure: $0.failure, cause: $0.cause)
        }
    }
}

extension CountedRequest.Outcome {
    fileprivate init(_ outcome: RequestRecord.Outcome) {
        self =
            switch outcome {
            case .served: .served
            case .refused: .refused
            case .blocked: .blocked
            case .limited: .limited
            case .providerError: .providerError
            case .failed: .failed
            case .truncated: .truncated
            case .callerGone: .callerGone
            }
    }
}

/// Several recorders of the same requests, in order.
struct Recorders: RequestRecorder {
    let all: [any RequestRecorder]

    func record(_ record: RequestRecord) { for one in all { one.record(record) } }
    func record(_ refusals: RefusalSample.Summary) { for one in all { one.record(refusals) } }
}
