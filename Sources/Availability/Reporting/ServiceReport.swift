/// The numbers of a provider's model, or of several together, as contracts count them.
package struct ServiceReport: Sendable {
    package struct Verdict: Sendable, Hashable {
        package var contract: Contract
        /// Percent.
        package var uptime: Double
        /// Percent of the month's price.
        package var credit: Double
    }

    package struct Day: Sendable, Hashable {
        package var attempts = 0
        /// Answered with a status below 400.
        package var good = 0

        package var availability: Double? { percent(good, of: attempts) }
    }

    package var name: String
    package private(set) var attempts = 0
    /// Attempts that brought no status at all: contracts don't count them.
    package private(set) var unanswered = 0
    /// The number of attempts by status.
    package private(set) var statuses: [Int: Int] = [:]
    /// The number of failed attempts by cause.
    package private(set) var causes: [String: Int] = [:]
    /// Minutes in which Holdfast sent nothing there for a part of it: what
    /// contracts count there is empty because of us.
    package private(set) var heldMinutes = 0
    /// Those of ``heldMinutes`` that have no attempt.
    package private(set) var emptyHeldMinutes = 0
    /// The number of Holdfast's own probes in these minutes; the next property is the number that were answered.
    package private(set) var heldProbes = 0
    package private(set) var heldProbesAnswered = 0
    package private(set) var days: [Day]
    package private(set) var verdicts: [Verdict]

    package init(_ name: String, _ histories: [History], contracts: [Contract]) {
        self.name = name
        var history = histories.first ?? History(Period(start: 0, minutes: 0))
        for other in histories.dropFirst() { history.add(other) }
        days = Array(repeating: Day(), count: (history.period.minutes + 1439) / 1440)
        verdicts = contracts.map { contract in
            let uptime = contract.uptime(of: histories.map(\.statuses), start: history.period.start)
            return Verdict(contract: contract, uptime: uptime, credit: contract.credit(at: uptime))
        }
        let held = Set(history.counters[.held]?.map(\.minute) ?? [])
        var asked: Set<Int> = []
        for (counter, points) in history.counters {
            let total = points.reduce(0) { $0 + $1.count }
            switch counter {
            case .status(let status):
                attempts += total
                statuses[status, default: 0] += total
                for point in points {
                    days[point.minute / 1440].attempts += point.count
                    if status < 400 { days[point.minute / 1440].good += point.count }
                    asked.insert(point.minute)
                }
            case .unanswered:
                attempts += total
                unanswered += total
                for point in points {
                    days[point.minute / 1440].attempts += point.count
                    asked.insert(point.minute)
                }
            case .cause(let cause): causes[cause, default: 0] += total
            case .probe(let status):
                let inHeld = points.filter { held.contains($0.minute) }.reduce(0) { $0 + $1.count }
                heldProbes += inHeld
                if (200..<400).contains(status) { heldProbesAnswered += inHeld }
            default: break
            }
        }
        heldMinutes = held.count
        emptyHeldMinutes = held.subtracting(asked).count
    }
}
