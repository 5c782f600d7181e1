package import Availability
package import Storage

extension History {
    /// The history of each subject in a period.
    /// - Parameter counts: in the order of their hours.
    package static func gathered(_ period: Period, _ counts: [StoredCounts]) -> [Subject: History] {
        var histories: [Subject: History] = [:]
        for row in counts {
            guard let subject = Subject(row.subject), let hour = HourCounts(packed: row.counts) else { continue }
            histories[subject, default: History(period)].add(hour, hour: row.hour)
        }
        return histories
    }
}
