import Failures

/// A hold and when it is probed.
struct HoldRecord: Sendable {
    /// A request that met the same, for places where nothing may be probed.
    struct Sighting: Sendable {
        var mark: RequestMark
        var at: Duration
    }

    var hold: Hold
    /// The place where it showed last.
    var place: Target
    var kind: ProbeKind
    /// Tells this hold from a later one with the same id.
    let serial: UInt64
    /// When it was placed; nil for one that was remembered.
    let placed: Duration?
    /// The key whose request gave rise to it; nil where none did.
    var source: String?
    /// Tells whether the words that decided stand in that request.
    var quotesRequest = false
    /// When it ends where nothing may be probed; nil where a probe decides.
    var lapses: Duration?
    /// The number of probes that have left the hold as it is.
    private var step = 0
    /// When the next probe is due; nil until that is asked for, since a
    /// remembered hold knows no tick.
    private var next: Duration?

    init(
        _ hold: Hold, at place: Target, kind: ProbeKind, serial: UInt64, placed: Duration?, _ policy: ResiliencePolicy
    ) {
        self.hold = hold
        self.place = place
        self.kind = kind
        self.serial = serial
        self.placed = placed
        if let placed, let schedule = ProbeSchedule(hold, policy) { next = placed + schedule.wait(0) }
    }

    var isProvisional: Bool { hold.firmness == .provisional }

    /// Tells whether it counts for a request of that key; nil is nobody's request.
    func counts(for key: String?, now: Duration) -> Bool {
        if let lapses, lapses <= now { return false }
        guard let keys = hold.keys else { return true }
        return key.map(keys.contains) ?? false
    }

    /// Tells whether a probe is due.
    mutating func isDue(now: Moment, _ policy: ResiliencePolicy) -> Bool {
        guard lapses == nil, let schedule = ProbeSchedule(hold, policy) else { return false }
        let past = Duration.seconds(max(0, now.unix - hold.since))
        let due = next ?? now.tick + max(.zero, schedule.wait(0) - past)
        next = due
        return due <= now.tick
    }

    /// The probe that is under way from now on.
    mutating func order(now: Duration, _ policy: ResiliencePolicy) -> ProbeOrder {
        next = now + policy.probeLease
        let patience = isProvisional && step == 0 ? policy.confirmingPatience : policy.laterPatience
        return ProbeOrder(hold: hold, place: place, kind: kind, patience: patience, serial: serial)
    }

    /// A probe has changed nothing.
    mutating func postpone(now: Moment, _ policy: ResiliencePolicy) {
        guard let schedule = ProbeSchedule(hold, policy) else { return }
        step += 1
        next = now.tick + schedule.wait(step)
    }
}
