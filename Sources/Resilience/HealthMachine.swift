import Failures

/// What is remembered of failures, and what follows from it.
///
/// Pure: moments are passed in, changes are returned.
struct HealthMachine: Sendable {
    struct HoldKey: Sendable, Hashable {
        let reach: Reach
        let cause: Cause
    }

    let policy: ResiliencePolicy
    var records: [HoldKey: HoldRecord] = [:]
    var throttles: [Reach: Throttle] = [:]
    var breakers: [BreakerKey: Breaker] = [:]
    /// Who is back, and not yet let back everywhere.
    var returned: [HoldKey: ReturnedHold] = [:]
    /// Whether any route waits for somebody or something before it lets its
    /// candidate serve again.
    var keepsReturns = false
    /// Changes that came with time alone; told with the next ones.
    var owed: [HealthChange] = []
    private var serial: UInt64 = 0
    private var tidied: Duration?

    init(_ policy: ResiliencePolicy) { self.policy = policy }

    var isQuiet: Bool { records.isEmpty && throttles.isEmpty && breakers.isEmpty && returned.isEmpty && owed.isEmpty }

    var holds: [Hold] {
        (records.values.map(\.hold) + throttles.values.compactMap(\.hold)).sorted {
            ($0.since, $0.id) < ($1.since, $1.id)
        }
    }

    func standing(of place: Place, now: Duration) -> Standing {
        var wait: Duration?
        for reach in Reach.all(of: place) {
            for cause in Self.heldCauses {
                if let record = records[HoldKey(reach: reach, cause: cause)] {
                    return .held(record.hold.cause, hold: record.hold.id)
                }
            }
            if let until = throttles[reach]?.until, until > now { wait = max(wait ?? until, until) }
        }
        if let wait { return .waiting(until: wait, .throttled) }
        var open: (until: Duration, cause: Cause)?
        for key in BreakerKey.all(place) {
            guard let breaker = breakers[key], let until = breaker.closedToAll(now: now) else { continue }
            if until > open?.until ?? .zero { open = (until, breaker.cause) }
        }
        if let open { return .open(until: open.until, open.cause) }
        return .free
    }

    /// The causes whose holds stand until somebody lifts them.
    static let heldCauses: [Cause] = [.withdrawn, .credential, .exhausted, .denied]

    mutating func enter(_ place: Place, now: Moment) -> Permit? {
        tidy(now.tick)
        guard standing(of: place, now: now.tick) == .free else { return nil }
        let keys = BreakerKey.all(place).filter { breakers[$0]?.asksForTrial == true }
        guard !keys.isEmpty else { return Permit(place: place, entered: now.tick, lease: 0) }
        let lease = nextSerial()
        for key in keys { breakers[key]?.beginTrial(lease, now: now.tick, policy) }
        return Permit(place: place, entered: now.tick, lease: lease)
    }

    mutating func abandoned(_ permit: Permit, now: Moment) {
        for key in BreakerKey.all(permit.place) { breakers[key]?.giveBack(permit.lease, now: now.tick) }
    }

    mutating func succeeded(_ permit: Permit, now: Moment) -> [HealthChange] {
        var changes = answered(permit, now.tick)
        for reach in Reach.all(of: permit.place) {
            throttles[reach]?.succeeded(permit)
            let key = HoldKey(reach: reach, cause: .withdrawn)
            if let hold = records[key]?.hold, hold.firmness == .provisional {
                changes += lift(key, by: .itself("traffic"), now)
            }
        }
        return settle(changes, now.tick)
    }

    mutating func failed(
        _ permit: Permit, _ verdict: Verdict, status: Int?, streams: Bool, everAnswered: Bool, now: Moment
    ) -> [HealthChange] {
        var changes: [HealthChange] = []
        switch verdict.cause {
        case .overloaded, .broken, .unreachable, .silent, .truncated:
            changes += broke(permit, verdict, now.tick)
        default:
            // It said no, so it is there.
            changes += answered(permit, now.tick)
        }
        if verdict.cause == .throttled {
            changes += throttle(permit, verdict, status: status, now: now)
        } else if let evidence = Sign(verdict) {
            let name =
                evidence.cause == .withdrawn && evidence.firmness == .provisional && !everAnswered
                ? "misconfigured" : evidence.cause.rawValue
            changes += place(
                evidence, verdict, at: permit.place, name: name, status: status, streams: streams,
                origin: .traffic, now: now)
        }
        return settle(changes, now.tick)
    }

    // MARK: Breakers

    private mutating func answered(_ permit: Permit, _ now: Duration) -> [HealthChange] {
        BreakerKey.all(permit.place).compactMap { key in
            breakers[key]?.succeeded(permit, now: now, policy) == .closed ? .closed(key: key.text) : nil
        }
    }

    private mutating func broke(
        _ permit: Permit, _ verdict: Verdict, _ now: Duration
    ) -> [HealthChange] {
        var changes: [HealthChange] = []
        for key in BreakerKey.all(permit.place) {
            let counts =
                switch key.kind {
                case .model: verdict.scope != .request
                case .host: verdict.scope == .host || verdict.scope == .model
                case .credential: verdict.scope == .credential && !permit.place.credential.isEmpty
                }
            guard counts else {
                // No evidence about this one: the trial is another's.
                breakers[key]?.giveBack(permit.lease, now: now)
                continue
            }
            var breaker = breakers[key] ?? Breaker(verdict.cause, isHosts: key.kind == .host, now: permit.entered)
            if breaker.failed(permit, verdict.cause, now: now, policy) == .opened {
                changes.append(.opened(key: key.text, verdict.cause))
            }
            breakers[key] = breaker
        }
        return changes
    }

    // MARK: Waits

    private mutating func throttle(
        _ permit: Permit, _ verdict: Verdict, status: Int?, now: Moment
    ) -> [HealthChange] {
        guard let reach = Reach(verdict.scope, permit.place) else { return [] }
        var throttle = throttles[reach] ?? Throttle()
        let old = throttle.hold
        throttle.refused(permit, retryAfter: verdict.retryAfter, now: now.tick, policy)
        defer { throttles[reach] = throttle }
        guard throttle.until > now.tick else { return [] }
        var hold = Hold(
            id: reach.holdID(.throttled), cause: .throttled, scope: reach.scope, host: reach.host,
            credential: reach.credential, model: reach.model, provider: permit.place.provider, firmness: .timed,
            origin: .traffic, name: Cause.throttled.rawValue, since: old?.since ?? now.unix,
            words: verdict.words, rule: verdict.rule, status: status)
        hold.until = throttle.until
        hold.acknowledgedBy = old?.acknowledgedBy
        throttle.hold = hold
        return old == nil ? [.placed(hold)] : old == hold ? [] : [.changed(hold)]
    }

    // MARK: Time

    func nextToGiveWay() -> HoldKey? {
        records.filter { $0.value.hold.firmness == .provisional }.min { $0.value.serial < $1.value.serial }?.key
    }

    mutating func nextSerial() -> UInt64 {
        serial += 1
        return serial
    }

    /// Adds what came with time.
    mutating func settle(_ changes: [HealthChange], _ now: Duration) -> [HealthChange] {
        tidy(now)
        defer { owed = [] }
        return owed + changes
    }

    /// Forgets what is over; at most once a second.
    mutating func tidy(_ now: Duration) {
        if let tidied, now - tidied < .seconds(1) { return }
        tidied = now
        for (reach, throttle) in throttles {
            if let hold = throttle.hold, throttle.until <= now {
                owed.append(.lifted(hold, by: "time"))
                throttles[reach]?.hold = nil
            }
            if throttles[reach]?.isForgettable(now: now, policy) == true { throttles[reach] = nil }
        }
        for (key, breaker) in breakers where breaker.isForgettable(now: now, policy) {
            if breaker.asksForTrial { owed.append(.closed(key: key.text)) }
            breakers[key] = nil
        }
    }
}
