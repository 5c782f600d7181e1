/// A stretch of time in which a service failed, as a contract counts.
package struct Incident: Sendable, Hashable {
    package var service: String
    /// Minutes since the period began, half-open.
    package var minutes: Range<Int>
    package var errors: Int
    /// In the minutes that had errors.
    package var attempts: Int
    /// The number of failures by status.
    package var statuses: [Int: Int]

    /// Failures that are no more than so many minutes apart are one incident.
    private static let gap = 5

    /// In the order of their beginnings.
    package static func all(of services: [(name: String, history: History)], _ contract: Contract) -> [Incident] {
        services.flatMap { name, history in
            var incidents: [Incident] = []
            let start = history.period.start
            // Minutes without an error are in no incident, also where it goes
            // on behind them.
            for count in contract.counting(history.statuses, start: start).counts {
                let failing = count.byStatus.filter { contract.isError($0.key, at: start + count.minute * 60) }
                guard !failing.isEmpty else { continue }
                if let last = incidents.last, count.minute - last.minutes.upperBound <= gap {
                    incidents[incidents.count - 1].add(count, failing)
                } else {
                    var incident = Incident(
                        service: name, minutes: count.minute..<count.minute + 1, errors: 0, attempts: 0, statuses: [:])
                    incident.add(count, failing)
                    incidents.append(incident)
                }
            }
            return incidents
        }.sorted { ($0.minutes.lowerBound, $0.service) < ($1.minutes.lowerBound, $1.service) }
    }

    private mutating func add(_ count: MinuteCount, _ failing: [Int: Int]) {
        minutes = minutes.lowerBound..<count.minute + 1
        attempts += count.requests
        errors += failing.values.reduce(0, +)
        statuses.merge(failing, uniquingKeysWith: +)
    }
}
