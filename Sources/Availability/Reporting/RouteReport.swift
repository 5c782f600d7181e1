/// The availability of a route as applications experienced it.
package struct RouteReport: Sendable {
    package struct Day: Sendable, Hashable {
        package var requests = 0
        package var whole = 0
        package var byStandIn = 0

        package var continuity: Double? { percent(whole, of: requests) }
    }

    /// Empty where callers named a provider themselves, or were turned away
    /// before it was known what they named.
    package var name: String
    /// The part that is to be answered whole, such as 0.999.
    package var objective: Double
    /// All that wanted an answer: not those that were wrong themselves, that
    /// the policy stopped, or whose caller left.
    package private(set) var requests = 0
    /// Answered whole, within the objective's time, by whomever.
    package private(set) var whole = 0
    package private(set) var byStandIn = 0
    /// The requests that were answered completely and in time, by service.
    package private(set) var servedBy: [String: Int] = [:]
    /// Requests that were not, by what they were lost to.
    package private(set) var lost: [String: Int] = [:]
    /// Minutes lost, by cause: of every minute, the part of its requests. They
    /// add up to the time for which the route was down.
    package private(set) var lostMinutes: [String: Double] = [:]
    /// Minutes in which another candidate than the first served.
    package private(set) var minutesByStandIn = 0
    package private(set) var callersGone = 0
    package private(set) var ownFaults = 0
    /// Stopped by the policy: shown apart, and no loss.
    package private(set) var blocked = 0
    package private(set) var days: [Day]

    package var continuity: Double? { percent(whole, of: requests) }

    /// The used part of the error budget, which is the number of requests that the objective allows to fail: 1 is all
    /// of it.
    package var budgetUsed: Double? {
        requests == 0 ? nil : Double(requests - whole) / Double(requests) / max(1 - objective, 1e-9)
    }

    package init(_ name: String, _ history: History, objective: Double) {
        self.name = name
        self.objective = objective
        days = Array(repeating: Day(), count: (history.period.minutes + 1439) / 1440)
        let wanted = history.minutes(\.isWanted)
        var stoodIn: Set<Int> = []
        for (counter, points) in history.counters {
            let total = points.reduce(0) { $0 + $1.count }
            if counter == .callerGone { callersGone += total }
            if counter == .ownFault { ownFaults += total }
            if counter == .blocked { blocked += total }
            if let (service, isStandIn) = counter.servedBy {
                servedBy[service, default: 0] += total
                whole += total
                if isStandIn {
                    byStandIn += total
                    for point in points {
                        stoodIn.insert(point.minute)
                        days[point.minute / 1440].byStandIn += point.count
                    }
                }
            }
            if let cause = counter.lostTo {
                lost[cause, default: 0] += total
                for point in points {
                    lostMinutes[cause, default: 0] += Double(point.count) / Double(wanted[point.minute])
                }
            }
            guard counter.isWanted else { continue }
            requests += total
            for point in points {
                days[point.minute / 1440].requests += point.count
                if counter.isContinuous { days[point.minute / 1440].whole += point.count }
            }
        }
        minutesByStandIn = stoodIn.count
    }
}

func percent(_ part: Int, of whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) * 100 }
