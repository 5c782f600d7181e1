import Failures

/// A rate limit's wait, and how long the next one will be.
struct Throttle: Sendable {
    /// Nil once the wait is over.
    var hold: Hold?
    var until: Duration = .zero
    /// The place where it showed last.
    var place: Target?
    /// Tells this wait from a later one.
    var serial: UInt64 = 0
    /// When the wait is probed; nil where it is short.
    var nextProbe: Duration?
    /// True when the provider has said how long the wait is.
    private(set) var isNamed = false
    private var level = 0
    private var began: Duration = .zero

    /// - Returns: Until when nobody should come. Several requests that were
    ///   under way together count as one.
    mutating func refused(entered: Duration, retryAfter: Duration?, now: Duration, _ policy: ResiliencePolicy) {
        var wait = policy.firstThrottle
        if let retryAfter, retryAfter > .zero {
            wait = min(retryAfter, policy.longestRetryAfter)
            isNamed = true
        } else {
            if level > 0, entered < began || until > now { return }
            for _ in 0..<level where wait < policy.longestThrottle { wait *= 2 }
            wait = min(wait, policy.longestThrottle)
            level = min(level + 1, 32)
            isNamed = false
        }
        began = now
        until = max(until, now + wait)
    }

    mutating func succeeded(_ token: AttemptToken) {
        if token.entered >= until { level = 0 }
    }

    func isForgettable(now: Duration, _ policy: ResiliencePolicy) -> Bool {
        hold == nil && (level == 0 || now - until >= policy.forgetThrottle)
    }
}

extension HealthMachine {
    mutating func throttle(
        _ token: AttemptToken, _ verdict: Verdict, _ report: FailureReport, now: Moment
    ) -> [HealthChange] {
        guard let reach = FailureScope(verdict.scope, token.place), isKept(reach, report) else { return [] }
        var throttle = throttles[reach] ?? Throttle()
        let old = throttle.hold
        throttle.refused(entered: token.entered, retryAfter: verdict.retryAfter, now: now.tick, policy)
        defer { throttles[reach] = throttle }
        guard throttle.until > now.tick else { return [] }
        var hold = Hold(
            id: reach.holdID(.failure(.throttled)), ground: .failure(.throttled), scope: reach.scope, host: reach.host,
            credential: reach.credential, model: reach.model, provider: token.place.provider, firmness: .timed,
            origin: .traffic, name: Cause.throttled.rawValue, since: old?.since ?? now.unix,
            words: verdict.words, rule: verdict.rule, status: report.status)
        hold.until = throttle.until
        hold.acknowledgedBy = old?.acknowledgedBy
        throttle.hold = hold
        throttle.place = probed(token.place, report)
        if throttle.serial == 0 || old == nil { throttle.serial = nextSerial() }
        scheduleProbe(&throttle, verdict, report, now.tick)
        return old == nil ? [.placed(hold)] : old == hold ? [] : [.changed(hold)]
    }

    /// A long wait is a provider's word only, and so is one that no status
    /// bears out.
    private func scheduleProbe(
        _ throttle: inout Throttle, _ verdict: Verdict, _ report: FailureReport, _ now: Duration
    ) {
        guard report.mayProbe else { return }
        let isBorneOut = [0, 429, 498, 503, 529].contains(verdict.status) || verdict.basis != .words
        let due = isBorneOut ? now + policy.waitProbes : now
        guard due < throttle.until else { return }
        throttle.nextProbe = min(throttle.nextProbe ?? due, due)
    }

    mutating func dueWaitProbes(now: Moment) -> [ProbeOrder] {
        var orders: [ProbeOrder] = []
        for (reach, throttle) in throttles {
            guard let hold = throttle.hold, let place = throttle.place, let due = throttle.nextProbe,
                due <= now.tick, throttle.until > now.tick, turns.isFree(place, now: now.tick)
            else { continue }
            turns.begin(place, now: now.tick, policy)
            throttles[reach]?.nextProbe = now.tick + policy.waitProbes
            orders.append(
                ProbeOrder(
                    hold: hold, place: place, kind: .whole, patience: policy.confirmingPatience,
                    serial: throttle.serial))
        }
        return orders
    }

    /// A probe of a wait has reported.
    /// - Returns: nil where it was none.
    mutating func waitProbed(_ order: ProbeOrder, _ result: ProbeResult, now: Moment) -> [HealthChange]? {
        guard let (reach, throttle) = throttles.first(where: { $0.value.serial == order.serial }),
            let hold = throttle.hold
        else { return nil }
        switch result {
        case .answered:
            throttles[reach] = nil
            return [.lifted(hold, by: "probe")]
        case .failed(let verdict, _) where verdict.cause == .throttled:
            throttles[reach]?.refused(
                entered: now.tick, retryAfter: verdict.retryAfter, now: now.tick, policy)
            guard let until = throttles[reach]?.until, until != hold.until else { return [] }
            throttles[reach]?.hold?.until = until
            return throttles[reach]?.hold.map { [.changed($0)] } ?? []
        case .failed, .inconclusive, .impossible: return []
        }
    }
}
