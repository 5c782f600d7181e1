/// A contract's formula for the uptime of a month.
///
/// Published formulas differ in more than their thresholds. All of them count statuses, and none considers whether the
/// caller got an answer in the end.
package enum Formula: Sendable, Hashable {
    package enum EmptyIntervals: String, Sendable, Hashable, CaseIterable {
        /// An interval without requests counts as available.
        case available
        case excluded
    }

    /// The mean over intervals of the part of requests that didn't fail.
    case intervalMean(minutes: Int, empty: EmptyIntervals)
    /// Minutes in which more than that share failed, where so many follow each
    /// other, against all minutes.
    case badMinuteRuns(share: Double, run: Int)
    /// Failures against attempts of the whole month; within so many minutes of
    /// an error further ones are neither, and with 0 all count.
    case attemptsRatio(repeatWindow: Int)

    /// - Parameter failing: the statuses that the contract calls errors.
    /// - Returns: percent.
    package func uptime(of month: MonthCounts, failing: [ClosedRange<Int>]) -> Double {
        switch self {
        case .intervalMean(let minutes, let empty): Self.mean(month, failing, minutes, empty)
        case .badMinuteRuns(let share, let run): Self.runs(month, failing, share, run)
        case .attemptsRatio(let window): AttemptsTally(month, failing: failing, window: window).uptime
        }
    }

    private static func mean(
        _ month: MonthCounts, _ failing: [ClosedRange<Int>], _ length: Int, _ empty: EmptyIntervals
    ) -> Double {
        let intervals = (month.minutes + length - 1) / length
        var sum = 0.0
        var seen = 0
        var index = 0
        while index < month.counts.count {
            let interval = month.counts[index].minute / length
            var requests = 0
            var failures = 0
            while index < month.counts.count, month.counts[index].minute / length == interval {
                requests += month.counts[index].requests
                failures += month.counts[index].count(of: failing)
                index += 1
            }
            sum += 1 - Double(failures) / Double(requests)
            seen += 1
        }
        switch empty {
        case .available: return intervals == 0 ? 100 : (sum + Double(intervals - seen)) / Double(intervals) * 100
        case .excluded: return seen == 0 ? 100 : sum / Double(seen) * 100
        }
    }

    private static func runs(
        _ month: MonthCounts, _ failing: [ClosedRange<Int>], _ share: Double, _ least: Int
    ) -> Double {
        var down = 0
        var run = 0
        var last = Int.min
        func end() { if run >= least { down += run } }
        for count in month.counts {
            let isBad = Double(count.count(of: failing)) > share * Double(count.requests)
            guard isBad, count.minute == last + 1 || run == 0 else {
                end()
                run = isBad ? 1 : 0
                last = count.minute
                continue
            }
            run += 1
            last = count.minute
        }
        end()
        return month.minutes == 0 ? 100 : (1 - Double(down) / Double(month.minutes)) * 100
    }
}

/// The sums of a ratio of attempts, which can be added up over several services.
struct AttemptsTally {
    private var attempts = 0
    private var failures = 0

    init() {}

    /// - Parameter window: minutes; an error's further ones are neither.
    init(_ month: MonthCounts, failing: [ClosedRange<Int>], window: Int) {
        var until = Int.min
        for count in month.counts {
            let errors = count.count(of: failing)
            attempts += count.requests - errors
            guard errors > 0 else { continue }
            guard window > 0 else {
                attempts += errors
                failures += errors
                continue
            }
            guard count.minute >= until else { continue }
            until = count.minute + window
            attempts += 1
            failures += 1
        }
    }

    mutating func add(_ other: AttemptsTally) {
        attempts += other.attempts
        failures += other.failures
    }

    /// Percent.
    var uptime: Double { attempts == 0 ? 100 : (1 - Double(failures) / Double(attempts)) * 100 }
}
