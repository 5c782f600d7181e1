/// The requests of one route in the last five minutes. Pure.
///
/// Requests that say nothing of the route aren't counted: refusals for the
/// caller's own fault or limits, callers that left, and drills' own requests.
package struct RouteTraffic: Sendable, Hashable {
    /// The counts of a stretch of time.
    package struct Counts: Sendable, Hashable {
        package var requests = 0
        /// Answered, by whichever candidate.
        package var answered = 0

        package init(requests: Int = 0, answered: Int = 0) {
            self.requests = requests
            self.answered = answered
        }
    }

    /// Seconds that the counts reach back.
    package static let window = 300
    /// The fewest requests that say something of a route.
    package static let fewest = 3
    /// The number of requests in a row without an answer that is no chance, whatever else is known.
    package static let longRun = 10

    private static let slot = 15

    /// The counts of each slot; the key is the slot's number since 1970.
    private var slots: [Int: Counts] = [:]
    /// The time of the last request, in seconds since 1970; nil before the
    /// first.
    package private(set) var last: Int?
    /// The number of requests since the last answered one.
    private var unanswered = 0

    package init() {}

    package mutating func note(isAnswered: Bool, at time: Int) {
        last = max(last ?? time, time)
        unanswered = isAnswered ? 0 : unanswered + 1
        let slot = time / Self.slot
        slots[slot, default: Counts()].requests += 1
        if isAnswered { slots[slot, default: Counts()].answered += 1 }
        if slots.count > 2 * Self.window / Self.slot {
            slots = slots.filter { $0.key > slot - Self.window / Self.slot }
        }
    }

    /// The counts of the last five minutes.
    package func recent(at now: Int) -> Counts {
        var sum = Counts()
        for (slot, counts) in slots where slot > (now - Self.window) / Self.slot && slot <= now / Self.slot {
            sum.requests += counts.requests
            sum.answered += counts.answered
        }
        return sum
    }

    /// The number of the newest requests in a row that were not answered; 0 if the last one came too long ago to say
    /// anything of the present.
    package func unanswered(at now: Int) -> Int {
        guard let last, last > now - Self.window else { return 0 }
        return unanswered
    }
}

/// The state of a route, by its candidates and by what has become of its
/// requests.
package enum RouteState: Sendable, Hashable {
    case serving
    /// Requests are answered, but not by the first candidate, or not all.
    case degraded(reason: String)
    /// Nothing is answered, or no candidate is in service.
    case down(reason: String)

    /// - Parameters:
    ///   - unanswered: the newest requests in a row without an answer.
    ///   - isAnyoneSound: false if every candidate in service has failed of late, and has answered nothing since.
    ///   - lead: true if the first candidate serves.
    ///   - standIn: the candidate that serves instead of the first; nil if there is none.
    package init(
        _ traffic: RouteTraffic.Counts, unanswered: Int, isAnyoneSound: Bool, leadServes lead: Bool, standIn: String?
    ) {
        if traffic.requests >= RouteTraffic.fewest, traffic.answered == 0 {
            self = .down(reason: "none of \(traffic.requests) requests in 5 min was answered")
        } else if unanswered >= (isAnyoneSound ? RouteTraffic.longRun : RouteTraffic.fewest) {
            // Those that were answered before it began say nothing of an outage.
            self = .down(reason: "none of the last \(unanswered) requests was answered")
        } else if !lead, standIn == nil {
            self = .down(reason: "no candidate is in service")
        } else if !lead, let standIn {
            self = .degraded(reason: "served by a stand-in, \(standIn)")
        } else if traffic.requests >= RouteTraffic.fewest, traffic.answered * 2 < traffic.requests {
            self = .degraded(
                reason: "\(traffic.answered) of \(traffic.requests) requests in 5 min were answered")
        } else {
            self = .serving
        }
    }

    package var reason: String? {
        switch self {
        case .serving: nil
        case .degraded(let reason), .down(let reason): reason
        }
    }
}

extension Counter {
    /// Tells whether a route's request was answered; nil where it says
    /// nothing of the route.
    package var isAnswered: Bool? {
        switch self {
        case .whole, .stoodIn, .late, .refused: true
        case .failed, .cut: false
        default: nil
        }
    }
}
