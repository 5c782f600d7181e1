import Failures

/// A circuit breaker: keeps requests away from something that fails, and finds
/// out when they may go there again.
///
/// Closed, it lets requests through and counts their results. Open, it lets no
/// request through. When its wait is over, it lets one request through as a
/// trial, on a lease. If the trial succeeds, the breaker closes; if the trial
/// fails, the breaker opens for twice as long. When a lease ends without a
/// result, the next request gets the trial, so that a lost request can't block
/// the breaker for ever.
struct Breaker: Sendable {
    enum State: Sendable, Hashable {
        case closed
        case open(until: Duration)
        case trial(lease: UInt64, until: Duration)
    }

    enum Turn { case none, opened, closed }

    private(set) var state = State.closed
    /// Of the last failure.
    private(set) var cause: Cause
    private(set) var run = FailureRun()
    private var window = ResultWindow()
    /// The number of times that the wait has doubled.
    private var level = 0
    /// When it last opened or closed. A token from before says nothing
    /// about the time since.
    private var turned: Duration
    private var lastFailure: Duration
    /// A host's: one failing model is no evidence against its host.
    private let isHosts: Bool

    init(_ cause: Cause, isHosts: Bool, now: Duration) {
        self.cause = cause
        self.isHosts = isHosts
        turned = now
        lastFailure = now
    }

    /// Until when nobody may pass; nil if somebody may.
    func closedToAll(now: Duration) -> Duration? {
        switch state {
        case .closed: nil
        case .open(let until), .trial(_, let until): until > now ? until : nil
        }
    }

    /// True when a request that passes now is a trial.
    var asksForTrial: Bool { state != .closed }

    mutating func beginTrial(_ lease: UInt64, now: Duration, _ policy: ResiliencePolicy) {
        state = .trial(lease: lease, until: now + policy.trialLease)
    }

    /// The trial came to no verdict: the next request has it.
    mutating func giveBack(_ lease: UInt64, now: Duration) {
        if case .trial(lease, _) = state { state = .open(until: now) }
    }

    mutating func succeeded(_ token: AttemptToken, now: Duration, _ policy: ResiliencePolicy) -> Turn {
        switch state {
        case .trial(token.lease, _):
            state = .closed
            turned = now
            run = FailureRun()
            window = ResultWindow()
            return .closed
        case .closed where token.entered >= turned:
            run = FailureRun()
            window.count(failed: false, model: "", connection: false, now: now, policy)
        default: break
        }
        return .none
    }

    mutating func failed(
        _ token: AttemptToken, _ cause: Cause, now: Duration, _ policy: ResiliencePolicy
    ) -> Turn {
        switch state {
        case .trial(token.lease, _):
            note(cause, now)
            run.count(token.place.model, connection: cause == .unreachable)
            open(now: now, policy)
        case .closed where token.entered >= turned:
            note(cause, now)
            run.count(token.place.model, connection: cause == .unreachable)
            window.count(
                failed: true, model: token.place.model, connection: cause == .unreachable, now: now, policy)
            guard isTripped(policy) else { break }
            if now - turned > policy.relapse { level = 0 }
            open(now: now, policy)
            return .opened
        default: break
        }
        return .none
    }

    /// Returns whether anything has failed since then.
    func hasFailed(since: Duration) -> Bool { lastFailure >= since }

    /// Returns whether the breaker can be removed without losing anything.
    func isForgettable(now: Duration, _ policy: ResiliencePolicy) -> Bool {
        switch state {
        case .closed: now - max(lastFailure, turned) >= policy.forgetFailures
        case .open(let until), .trial(_, let until): now - until >= policy.forgetIdle
        }
    }

    private mutating func note(_ cause: Cause, _ now: Duration) {
        self.cause = cause
        lastFailure = now
    }

    private func isTripped(_ policy: ResiliencePolicy) -> Bool {
        if run.failures >= policy.failuresInARow {
            if !isHosts || run.models.count > 1 || run.connections >= policy.failuresInARow { return true }
        }
        let seen = window.sum
        guard seen.results >= policy.fewestResults,
            Double(seen.failures) >= policy.failureShare * Double(seen.results)
        else { return false }
        return !isHosts || window.failingModels > 1 || seen.connections >= policy.failuresInARow
    }

    private mutating func open(now: Duration, _ policy: ResiliencePolicy) {
        var wait = policy.firstOpen
        for _ in 0..<level where wait < policy.longestOpen { wait *= 2 }
        level = min(level + 1, 32)
        state = .open(until: now + min(wait, policy.longestOpen))
        turned = now
    }
}
