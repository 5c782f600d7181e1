package import AdminAPI
import Availability
import Storage
import Synchronization
package import Veto

/// The evidence of what was recorded: drills, and the counts of requests.
/// Each is read anew after a while only.
final class RecordedEvidence: Sendable {
    private struct Memory {
        var drills: [DrillFacts] = []
        var histories: [Availability.Subject: History] = [:]
        var period = Period(start: 0, minutes: 0)
        var drillsLooked: UInt64?
        var countsLooked: UInt64?
    }

    /// Seconds between two looks.
    private static let every: UInt64 = 10
    private static let mostDrills = 1_000

    private let drills: any DrillReports
    private let availability: AvailabilityService
    private let memory = Mutex(Memory())

    init(drills: any DrillReports, availability: AvailabilityService) {
        self.drills = drills
        self.availability = availability
    }

    /// The latest drills that are over.
    /// - Throws: ``StorageError`` where they can't be read.
    func drills(at now: VetoTime) async throws(StorageError) -> [DrillFacts] {
        if let known = memory.withLock({ Self.isFresh($0.drillsLooked, now) ? $0.drills : nil }) { return known }
        let facts = try await drills.drills(limit: Self.mostDrills).compactMap { drill in
            DrillView(json: drill.report.utf8).flatMap { DrillFacts($0) }
        }
        memory.withLock { memory in
            memory.drills = facts
            memory.drillsLooked = now.boot
        }
        return facts
    }

    /// Requests of a route, or attempts at a model, since a time.
    ///
    /// - Parameters:
    ///   - over: the greatest age, in seconds.
    ///   - since: in seconds since 1970.
    /// - Throws: ``StorageError`` where counts can't be read.
    func counts(
        of subject: Availability.Subject, over: Int, since: Int, at now: VetoTime
    ) async throws(StorageError) -> AnsweredFacts {
        let start = max(now.wall - over, since)
        let (period, histories) = try await histories(from: now.wall - max(over, 3600), at: now)
        let first = (start + 59) / 60
        var facts = AnsweredFacts(requests: 0, answered: 0, source: .traffic, newest: nil)
        for (counter, points) in histories[subject]?.counters ?? [:] {
            guard let isAnswer = counter.isAnswer else { continue }
            for point in points {
                let minute = period.start / 60 + point.minute
                guard minute >= first else { continue }
                facts.requests += point.count
                if isAnswer { facts.answered += point.count }
                facts.newest = max(facts.newest ?? 0, min(minute * 60 + 59, now.wall))
            }
        }
        return facts
    }

    private func histories(
        from start: Int, at now: VetoTime
    ) async throws(StorageError) -> (Period, [Availability.Subject: History]) {
        let known = memory.withLock { memory in
            Self.isFresh(memory.countsLooked, now) && memory.period.start <= start
                ? (memory.period, memory.histories) : nil
        }
        if let known { return known }
        let first = start / 60 * 60
        let period = Period(start: first, minutes: (now.wall - first) / 60 + 2)
        let histories = try await availability.histories(period)
        memory.withLock { memory in
            memory.period = period
            memory.histories = histories
            memory.countsLooked = now.boot
        }
        return (period, histories)
    }

    private static func isFresh(_ looked: UInt64?, _ now: VetoTime) -> Bool {
        looked.map { now.boot < $0 + every * 1_000_000_000 } ?? false
    }
}

extension DrillFacts {
    /// - Returns: nil for a drill that is not over.
    package init?(_ view: DrillView) {
        guard view.end != nil, let started = view.started else { return nil }
        self.init(
            id: view.id, route: view.route, pulled: view.pulled, stoodIn: (view.stoodIn ?? []).map(\.what),
            hasPassed: view.verdict == .passed, time: started)
    }
}

extension Counter {
    /// True for an answer, false where an answer was missing, nil where it says
    /// nothing about a model or a route.
    fileprivate var isAnswer: Bool? {
        switch self {
        case .whole, .stoodIn, .late: true
        case .cut, .failed, .unanswered: false
        case .status(let status):
            switch status {
            case 200..<300: true
            // The caller's own fault, or its limits.
            case 400..<429, 430..<500: nil
            default: false
            }
        case .refused, .turnedAway, .callerGone, .ownFault, .blocked, .cause, .held, .probe: nil
        }
    }
}
