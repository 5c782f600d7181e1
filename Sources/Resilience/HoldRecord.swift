/// A hold and when it is probed.
struct HoldRecord: Sendable {
    var hold: Hold
    /// Where it showed last.
    var place: Place
    var streams: Bool
    /// Tells this hold from a later one with the same id.
    let serial: UInt64
    /// How many probes have left it as it is.
    private var step = 0
    /// When the next probe is due, or the present one is given up; nil until
    /// somebody asks, since a remembered hold knows no tick.
    private var next: Duration?

    /// - Parameter placed: When; nil for one that was remembered.
    init(
        _ hold: Hold, at place: Place, streams: Bool, serial: UInt64, placed: Duration?, _ policy: ResiliencePolicy
    ) {
        self.hold = hold
        self.place = place
        self.streams = streams
        self.serial = serial
        if let placed, let schedule = ProbeSchedule(hold, policy) { next = placed + schedule.wait(0) }
    }

    /// The probe that is due, which is then under way.
    mutating func order(now: Moment, _ policy: ResiliencePolicy) -> ProbeOrder? {
        guard let schedule = ProbeSchedule(hold, policy) else { return nil }
        let first = schedule.wait(0)
        let past = Duration.seconds(max(0, now.unix - hold.since))
        let due = next ?? now.tick + max(.zero, first - past)
        next = due
        guard due <= now.tick else { return nil }
        next = now.tick + policy.probeLease
        return ProbeOrder(hold: hold, place: place, streams: streams, serial: serial)
    }

    /// A probe has changed nothing.
    mutating func postpone(now: Moment, _ policy: ResiliencePolicy) {
        guard let schedule = ProbeSchedule(hold, policy) else { return }
        step += 1
        next = now.tick + schedule.wait(step)
    }
}

/// A rate limit's wait, and how long the next one will be.
struct Throttle: Sendable {
    /// Nil once the wait is over.
    var hold: Hold?
    var until: Duration = .zero
    private var level = 0
    private var began: Duration = .zero

    /// - Returns: Until when nobody should come. Several requests that were
    ///   under way together count as one.
    mutating func refused(_ permit: Permit, retryAfter: Duration?, now: Duration, _ policy: ResiliencePolicy) {
        var wait = policy.firstThrottle
        if let retryAfter, retryAfter > .zero {
            wait = min(retryAfter, policy.longestRetryAfter)
        } else {
            if level > 0, permit.entered < began || until > now { return }
            for _ in 0..<level where wait < policy.longestThrottle { wait *= 2 }
            wait = min(wait, policy.longestThrottle)
            level = min(level + 1, 32)
        }
        began = now
        until = max(until, now + wait)
    }

    mutating func succeeded(_ permit: Permit) {
        if permit.entered >= until { level = 0 }
    }

    func isForgettable(now: Duration, _ policy: ResiliencePolicy) -> Bool {
        hold == nil && (level == 0 || now - until >= policy.forgetThrottle)
    }
}
