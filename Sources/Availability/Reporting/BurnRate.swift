/// The speed at which a route uses up its error budget: at 1, the budget lasts exactly as long as the objective's
/// period.
///
/// There are two windows, and the rate must be exceeded in both. The long one shows that the loss is significant, and
/// the short one that it still continues (Google, The Site Reliability Workbook, chapter 5: multiwindow,
/// multi-burn-rate alerts).
package struct BurnRate: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable { case page, ticket }

    package struct Rule: Sendable, Hashable {
        package var rate: Double
        /// Minutes.
        package var long: Int
        package var short: Int
        package var severity: Severity
    }

    package static let rules = [
        Rule(rate: 14.4, long: 60, short: 5, severity: .page),
        Rule(rate: 6, long: 6 * 60, short: 30, severity: .page),
        Rule(rate: 1, long: 3 * 1440, short: 6 * 60, severity: .ticket),
    ]

    package var rule: Rule
    /// At the end.
    package var long: Double
    package var short: Double
    /// In so many minutes of the time the rule burned.
    package var minutesBurning: Int

    /// Lost requests in the long window.
    package var lost: Int
    /// Requests in the long window.
    package var requests: Int

    /// The fewest requests and lost ones in the long window that make a rate:
    /// one failure of three requests in a night wakes no one.
    package static let fewestRequests = 10
    package static let fewestLost = 3

    package var isBurning: Bool {
        long > rule.rate && short > rule.rate && lost >= Self.fewestLost && requests >= Self.fewestRequests
    }

    /// - Parameters:
    ///   - history: of a route.
    ///   - end: minutes since it began: what is later hasn't happened yet.
    ///   - objective: the part that is to be answered whole, such as 0.999.
    package static func all(of history: History, until end: Int? = nil, objective: Double) -> [BurnRate] {
        let end = min(end ?? history.period.minutes, history.period.minutes)
        // Sums up to each minute, so that a window costs two look-ups.
        func sums(_ minutes: [Int]) -> [Int] {
            minutes.reduce(into: [0]) { sums, count in sums.append(sums.last! + count) }
        }
        let wanted = sums(history.minutes(\.isWanted))
        let good = sums(history.minutes(\.isContinuous))
        func counts(_ minutes: Int, _ end: Int) -> (all: Int, lost: Int) {
            let start = max(0, end - minutes)
            let all = wanted[end] - wanted[start]
            return (all, all - (good[end] - good[start]))
        }
        func rate(_ minutes: Int, _ end: Int) -> Double {
            let (all, lost) = counts(minutes, end)
            guard all > 0 else { return 0 }
            // A promise of a hundred percent is broken by the first failure.
            return Double(lost) / Double(all) / max(1 - objective, 1e-9)
        }
        func rate(_ rule: Rule, _ end: Int, minutesBurning: Int = 0) -> BurnRate {
            let (all, lost) = counts(rule.long, end)
            return BurnRate(
                rule: rule, long: rate(rule.long, end), short: rate(rule.short, end), minutesBurning: minutesBurning,
                lost: lost, requests: all)
        }
        return rules.map { rule in
            rate(rule, end, minutesBurning: end < 1 ? 0 : (1...end).count { rate(rule, $0).isBurning })
        }
    }
}
