package import NIOCore

/// The number of refused requests of each kind, and the limit to how many of
/// them are logged one by one: callers without a key must not be able to fill a
/// disk.
///
/// Pure; the time is a parameter.
package struct RefusalSample: Sendable {
    /// The log entry for the refusals that weren't logged one by one.
    package struct Summary: Sendable, Equatable {
        package var reason: String
        package var count: Int
        package var period: TimeAmount

        package init(reason: String, count: Int, period: TimeAmount) {
            self.reason = reason
            self.count = count
            self.period = period
        }
    }

    private struct Kind {
        var began: NIODeadline
        var logged = 0
        var withheld = 0
    }

    private var kinds: [String: Kind] = [:]
    private let most: Int
    private let period: TimeAmount

    /// Reasons are words of ours; should one ever not be, it is one of the
    /// others.
    private static let mostKinds = 64

    /// - Parameter most: of one reason, in each period.
    package init(most: Int = 20, period: TimeAmount = .minutes(1)) {
        self.most = most
        self.period = period
    }

    /// - Returns: `isLogged` is true when this one is logged; `summary` is the
    ///   entry for the ones before it that weren't.
    package mutating func note(_ reason: String, now: NIODeadline) -> (isLogged: Bool, summary: Summary?) {
        let name = kinds[reason] != nil || kinds.count < Self.mostKinds ? reason : "other"
        var kind = kinds[name] ?? Kind(began: now)
        var summary: Summary?
        if now - kind.began >= period {
            summary = Self.summary(name, kind, now)
            kind = Kind(began: now)
        }
        defer { kinds[name] = kind }
        guard kind.logged < most else {
            kind.withheld += 1
            return (false, summary)
        }
        kind.logged += 1
        return (true, summary)
    }

    /// Returns the entries for all kinds whose period is over.
    package mutating func summaries(now: NIODeadline) -> [Summary] {
        var summaries: [Summary] = []
        for (name, kind) in kinds where now - kind.began >= period {
            if let summary = Self.summary(name, kind, now) { summaries.append(summary) }
            kinds[name] = nil
        }
        return summaries.sorted { $0.reason < $1.reason }
    }

    private static func summary(_ name: String, _ kind: Kind, _ now: NIODeadline) -> Summary? {
        kind.withheld > 0 ? Summary(reason: name, count: kind.withheld, period: now - kind.began) : nil
    }
}
