import Synchronization

/// How long a candidate takes until it says something: the last times.
struct LatencyWindow: Sendable {
    private var times: [Duration] = []
    private var next = 0
    /// Sorted when somebody asks; most requests only add.
    private var sorted: [Duration] = []
    private var addedSinceSorted = 0

    static let size = 256
    /// Fewer say nothing about a tail.
    static let fewest = 20

    mutating func note(_ time: Duration) {
        if times.count < Self.size {
            times.append(time)
        } else {
            times[next] = time
            next = (next + 1) % Self.size
        }
        addedSinceSorted += 1
    }

    /// The time within which that part of the answers began; nil while too
    /// few are known.
    mutating func quantile(_ part: Double) -> Duration? {
        guard times.count >= Self.fewest else { return nil }
        if addedSinceSorted >= 16 || sorted.isEmpty {
            sorted = times.sorted()
            addedSinceSorted = 0
        }
        let place = Int((part * Double(sorted.count)).rounded(.up)) - 1
        return sorted[max(0, min(sorted.count - 1, place))]
    }
}

/// When a second request may be sent while the first is slow, over all
/// requests.
package final class HedgeBook: Sendable {
    private struct State {
        var windows: [String: LatencyWindow] = [:]
        var budgets: [String: RetryBudget] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// - Parameter candidate: and what is asked of it; whatever takes equally
    ///   long.
    package func note(_ time: Duration, of candidate: String) {
        state.withLock { $0.windows[candidate, default: LatencyWindow()].note(time) }
    }

    /// After how long a request is slow; nil while too few are known.
    package func delay(_ part: Double, of candidate: String) -> Duration? {
        state.withLock { $0.windows[candidate]?.quantile(part) }
    }

    package func noteRequest(on route: String, now: Moment) {
        state.withLock { $0.budgets[route, default: RetryBudget()].noteRequest(now: now.tick) }
    }

    /// Takes a second request out of the route's budget: at most that share
    /// of the requests of the last minute.
    package func mayHedge(on route: String, share: Double, now: Moment) -> Bool {
        state.withLock {
            $0.budgets[route, default: RetryBudget()].mayTake(now: now.tick, share: share, floor: 0)
        }
    }
}
