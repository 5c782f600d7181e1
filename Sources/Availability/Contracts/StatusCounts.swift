/// The answers of one minute, by status.
package struct MinuteCount: Sendable, Hashable {
    /// Minutes since the month began.
    package var minute: Int
    package var byStatus: [Int: Int]

    package init(minute: Int, byStatus: [Int: Int]) {
        self.minute = minute
        self.byStatus = byStatus
    }

    package var requests: Int { byStatus.values.reduce(0, +) }

    func count(of statuses: [ClosedRange<Int>]) -> Int {
        byStatus.reduce(0) { sum, entry in
            statuses.contains { $0.contains(entry.key) } ? sum + entry.value : sum
        }
    }
}

/// A month of minutes. Minutes without requests may be left out.
package struct MonthCounts: Sendable, Hashable {
    /// The number of minutes in the month.
    package let minutes: Int
    /// In order, each minute once.
    package let counts: [MinuteCount]

    package init(minutes: Int, counts: [MinuteCount]) {
        self.minutes = minutes
        self.counts = counts.filter { (0..<minutes).contains($0.minute) && $0.requests > 0 }.sorted {
            $0.minute < $1.minute
        }
    }

    /// Several, added up.
    init(merging months: [MonthCounts]) {
        guard months.count != 1 else {
            self = months[0]
            return
        }
        var minutes: [Int: [Int: Int]] = [:]
        for month in months {
            for count in month.counts { minutes[count.minute, default: [:]].merge(count.byStatus, uniquingKeysWith: +) }
        }
        self.init(
            minutes: months.map(\.minutes).max() ?? 0,
            counts: minutes.map { MinuteCount(minute: $0.key, byStatus: $0.value) })
    }
}
