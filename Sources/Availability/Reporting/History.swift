/// A stretch of whole minutes.
package struct Period: Sendable, Hashable {
    /// Seconds since 1970; a whole minute.
    package var start: Int
    package var minutes: Int

    package init(start: Int, minutes: Int) {
        self.start = start
        self.minutes = minutes
    }

    /// Returns the minute of the period that contains `time` (seconds since 1970); nil outside the period.
    package func minute(at time: Int) -> Int? {
        let minute = (time - start) / 60
        return time >= start && minute < minutes ? minute : nil
    }

    /// The hours since 1970 that it touches.
    package var hours: Range<Int> { start / 3600..<(start + minutes * 60 + 3599) / 3600 }
}

/// The counts of one subject in a period.
package struct History: Sendable, Hashable {
    package struct Point: Sendable, Hashable {
        /// Minutes since the period began.
        package var minute: Int
        package var count: Int
    }

    package let period: Period
    /// For each counter, the minutes whose count isn't zero, in order.
    package private(set) var counters: [Counter: [Point]] = [:]

    package init(_ period: Period) { self.period = period }

    /// - Parameter hour: since 1970; later than those that were added.
    package mutating func add(_ counts: HourCounts, hour: Int) {
        let first = (hour * 3600 - period.start) / 60
        for (counter, values) in counts.all {
            for (minute, count) in values.enumerated() where count > 0 {
                let place = first + minute
                guard (0..<period.minutes).contains(place) else { continue }
                counters[counter, default: []].append(Point(minute: place, count: Int(count)))
            }
        }
    }

    /// Both together.
    package mutating func add(_ other: History) {
        for (counter, points) in other.counters {
            guard let own = counters[counter] else {
                counters[counter] = points
                continue
            }
            var merged: [Point] = []
            merged.reserveCapacity(own.count + points.count)
            var (left, right) = (own[...], points[...])
            while let a = left.first, let b = right.first {
                if a.minute == b.minute {
                    merged.append(Point(minute: a.minute, count: a.count + b.count))
                    left.removeFirst()
                    right.removeFirst()
                } else if a.minute < b.minute {
                    merged.append(left.removeFirst())
                } else {
                    merged.append(right.removeFirst())
                }
            }
            counters[counter] = merged + left + right
        }
    }

    /// The sum of some counters, minute by minute.
    func minutes(_ include: (Counter) -> Bool) -> [Int] {
        var sums = Array(repeating: 0, count: period.minutes)
        for (counter, points) in counters where include(counter) {
            for point in points { sums[point.minute] += point.count }
        }
        return sums
    }

    /// Answers by their status, as contracts count.
    var statuses: MonthCounts {
        var minutes: [Int: [Int: Int]] = [:]
        for (counter, points) in counters {
            guard case .status(let status) = counter else { continue }
            for point in points { minutes[point.minute, default: [:]][status, default: 0] += point.count }
        }
        return MonthCounts(
            minutes: period.minutes, counts: minutes.map { MinuteCount(minute: $0.key, byStatus: $0.value) })
    }
}

extension Counter {
    /// True if the counter is of requests that needed an answer: neither wrong themselves, nor stopped by the
    /// policy, nor given up by their caller.
    var isWanted: Bool {
        switch self {
        case .whole, .stoodIn, .late, .refused, .cut, .failed, .turnedAway: true
        default: false
        }
    }

    /// True if the counter is of requests that were answered completely and in time.
    var isContinuous: Bool {
        switch self {
        case .whole, .stoodIn: true
        default: false
        }
    }

    /// The reason why a request was not answered completely and in time; nil for other requests.
    var lostTo: String? {
        switch self {
        case .late: "late"
        case .refused: "refused"
        case .cut(let cause), .failed(let cause): cause
        case .turnedAway: "turned_away"
        default: nil
        }
    }

    /// The service that answered completely and in time.
    package var servedBy: (service: String, isStandIn: Bool)? {
        switch self {
        case .whole(let by): (by, false)
        case .stoodIn(let by): (by, true)
        default: nil
        }
    }
}
