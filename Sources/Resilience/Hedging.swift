import Synchronization

/// The last times that a candidate took until its first word.
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

    /// A time that would have been longer had anybody waited on. It counts only
    /// while too few are known.
    mutating func note(atLeast time: Duration) {
        if times.count < Self.fewest { note(time) }
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

/// The rules for silent streams: how long a stream may send nothing before
/// another candidate is asked beside it, and for how many requests that may
/// happen.
package struct SilencePolicy: Sendable, Hashable {
    /// While too few times are known.
    package var unknown: Duration = .seconds(12)
    /// A slow answer is `factor` times as late as `quantile` of all.
    package var quantile = 0.95
    package var factor = 4
    package var shortest: Duration = .seconds(10)
    package var longest: Duration = .seconds(60)
    /// The most that are rescued, as a share of the last minute's requests.
    package var share = 0.1
    /// The number a minute that always may be.
    package var fewest = 2

    package init() {}
}

/// When a second request may be sent while the first is slow, or silent, over
/// all requests.
package final class HedgeBook: Sendable {
    private struct State {
        var windows: [String: LatencyWindow] = [:]
        var budgets: [String: RetryBudget] = [:]
        var rescues: [String: RetryBudget] = [:]
    }

    private let silence: SilencePolicy

    private let state = Mutex(State())

    package init(_ silence: SilencePolicy = .init()) { self.silence = silence }

    /// - Parameter candidate: and what is asked of it; whatever takes equally
    ///   long.
    package func note(_ time: Duration, of candidate: String) {
        state.withLock { $0.windows[candidate, default: LatencyWindow()].note(time) }
    }

    /// Records that the candidate was overtaken after so long; the time after
    /// which it would have answered is not known. Without this, a slow model on
    /// a quiet route would be overtaken each time, and Holdfast would never
    /// learn how slow it is.
    package func noteOvertaken(after time: Duration, of candidate: String) {
        state.withLock { $0.windows[candidate, default: LatencyWindow()].note(atLeast: time) }
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

    // MARK: Silence

    /// The time after which nobody asks any candidate's times.
    package var shortestSilence: Duration { silence.shortest }

    /// After how long without a word another one is asked.
    package func silence(of candidate: String) -> Duration {
        guard let late = delay(silence.quantile, of: candidate) else { return silence.unknown }
        return min(max(late * silence.factor, silence.shortest), silence.longest)
    }

    /// Counts a stream that may have to be rescued.
    package func noteStream(on route: String, now: Moment) {
        state.withLock { $0.rescues[route, default: RetryBudget()].noteRequest(now: now.tick) }
    }

    /// Takes a rescue out of the route's budget.
    package func mayRescue(on route: String, now: Moment) -> Bool {
        state.withLock {
            $0.rescues[route, default: RetryBudget()].mayTake(
                now: now.tick, share: silence.share, floor: silence.fewest)
        }
    }
}
