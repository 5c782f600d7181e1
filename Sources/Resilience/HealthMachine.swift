import Failures

/// The memory of failures, and what follows from it.
///
/// Pure: moments are passed in, changes are returned. How a hold comes about
/// stands in `Holding.swift`, how it is confirmed or lifted in
/// `Confirming.swift`, waits in `Throttling.swift`.
struct HealthMachine: Sendable {
    struct HoldKey: Sendable, Hashable {
        let reach: FailureScope
        let ground: HoldGround
    }

    let policy: ResiliencePolicy
    var records: [HoldKey: HoldRecord] = [:]
    var throttles: [FailureScope: Throttle] = [:]
    var breakers: [BreakerKey: Breaker] = [:]
    var turns = ProbeTurns()
    /// The places where holds were contradicted.
    var doubts: [FailureScope: Doubt] = [:]
    /// The requests that met the same, for places where nothing may be probed.
    var sightings: [HoldKey: [HoldRecord.Sighting]] = [:]
    /// The holds that have been lifted, whose candidates don't serve again on
    /// all routes yet.
    var returned: [HoldKey: ReturnedHold] = [:]
    /// True when any route waits for an administrator or a drill before it lets
    /// its candidate serve again.
    var keepsReturns = false
    /// Changes that came with time alone; told with the next ones.
    var owed: [HealthChange] = []
    private var serial: UInt64 = 0
    private var tidied: Duration?

    init(_ policy: ResiliencePolicy) { self.policy = policy }

    /// Tells whether no request has anything to ask here. Doubts matter only to
    /// requests that fail.
    var isQuiet: Bool { records.isEmpty && throttles.isEmpty && breakers.isEmpty && returned.isEmpty && owed.isEmpty }

    var holds: [Hold] {
        (records.values.map(\.hold) + throttles.values.compactMap(\.hold)).sorted {
            ($0.since, $0.id) < ($1.since, $1.id)
        }
    }

    /// - Parameter key: the key of the caller that asks; nil for nobody's
    ///   request.
    func standing(of place: Target, for key: String?, now: Duration) -> TargetState {
        var wait: Duration?
        var suspected: Hold?
        for reach in FailureScope.all(of: place) {
            for ground in HoldGround.standing {
                guard let record = records[HoldKey(reach: reach, ground: ground)], record.counts(for: key, now: now)
                else { continue }
                guard record.isProvisional else { return .held(ground, hold: record.hold.id) }
                suspected = suspected ?? record.hold
            }
            if let until = throttles[reach]?.until, until > now { wait = max(wait ?? until, until) }
        }
        if let wait { return .waiting(until: wait, .throttled) }
        if let suspected, let cause = suspected.cause { return .suspected(cause, hold: suspected.id) }
        var open: (until: Duration, cause: Cause)?
        for key in BreakerKey.all(place) {
            guard let breaker = breakers[key], let until = breaker.closedToAll(now: now) else { continue }
            if until > open?.until ?? .zero { open = (until, breaker.cause) }
        }
        if let open { return .open(until: open.until, open.cause) }
        return .free
    }

    /// Returns whether the model at this place has failed recently.
    func hasFailed(_ place: Target, now: Duration) -> Bool {
        breakers[.model(place)]?.hasFailed(since: now - policy.recently) ?? false
    }

    /// The cause of a breaker that isn't closed and has failed since then.
    func trouble(at place: Target, since: Duration) -> Cause? {
        for key in BreakerKey.all(place) {
            guard let breaker = breakers[key], breaker.asksForTrial, breaker.hasFailed(since: since) else { continue }
            return breaker.cause
        }
        return nil
    }

    /// Until when the place itself has asked to be left alone; nil where it
    /// hasn't, or something else is in the way.
    func namedWait(of place: Target, now: Duration) -> Duration? {
        guard case .waiting(let until, _) = standing(of: place, for: nil, now: now) else { return nil }
        let waits = FailureScope.all(of: place).compactMap { throttles[$0] }.filter { $0.until > now }
        return waits.allSatisfy(\.isNamed) ? until : nil
    }

    mutating func enter(_ place: Target, for caller: String?, now: Moment) -> AttemptToken? {
        tidy(now.tick)
        guard standing(of: place, for: caller, now: now.tick) == .free else { return nil }
        let keys = BreakerKey.all(place).filter { breakers[$0]?.asksForTrial == true }
        guard !keys.isEmpty else { return AttemptToken(place: place, entered: now.tick, lease: 0) }
        let lease = nextSerial()
        for key in keys { breakers[key]?.beginTrial(lease, now: now.tick, policy) }
        return AttemptToken(place: place, entered: now.tick, lease: lease)
    }

    mutating func abandoned(_ token: AttemptToken, now: Moment) {
        for key in BreakerKey.all(token.place) { breakers[key]?.giveBack(token.lease, now: now.tick) }
    }

    mutating func succeeded(_ token: AttemptToken, now: Moment) -> [HealthChange] {
        let changes = answered(token, now.tick)
        for reach in FailureScope.all(of: token.place) { throttles[reach]?.succeeded(token) }
        return finish(changes + contradictedByTraffic(token, now), now.tick)
    }

    mutating func failed(_ token: AttemptToken, _ report: FailureReport, now: Moment) -> HealthNews {
        var news = HealthNews()
        guard let verdict = report.judgement.memory else {
            // Nothing but the caller's words: no evidence either way.
            abandoned(token, now: now)
            if report.judgement.isQuestion, let sign = HoldEvidence(report.judgement.verdict) {
                news = suspect(sign, report.judgement.verdict, at: token.place, report, now: now)
            }
            news.changes = finish(news.changes, now.tick)
            return news
        }
        switch verdict.cause {
        case .overloaded, .broken, .unreachable, .silent, .truncated:
            if verdict.blamesRequest {
                abandoned(token, now: now)
            } else {
                news.changes += broke(token, verdict, report, now.tick)
            }
        default:
            // It said no, so it is there.
            news.changes += answered(token, now.tick)
        }
        if verdict.cause == .throttled {
            if !verdict.blamesRequest { news.changes += throttle(token, verdict, report, now: now) }
            news.probes += dueWaitProbes(now: now)
        } else if let sign = HoldEvidence(verdict) {
            if report.isOwn {
                news.changes += place(
                    sign, verdict, at: token.place, as: .lasting, origin: .probe, status: report.status,
                    kind: report.probe, now: now)
            } else {
                let more = suspect(sign, verdict, at: token.place, report, now: now)
                news.changes += more.changes
                news.probes += more.probes
            }
        }
        news.changes = finish(news.changes, now.tick)
        return news
    }

    // MARK: Breakers

    private mutating func answered(_ token: AttemptToken, _ now: Duration) -> [HealthChange] {
        BreakerKey.all(token.place).compactMap { key in
            breakers[key]?.succeeded(token, now: now, policy) == .closed ? .closed(key: key.text) : nil
        }
    }

    private mutating func broke(
        _ token: AttemptToken, _ verdict: Verdict, _ report: FailureReport, _ now: Duration
    ) -> [HealthChange] {
        var changes: [HealthChange] = []
        for key in BreakerKey.all(token.place) {
            let counts =
                switch key.kind {
                case .model: verdict.scope != .request && report.isKnownModel
                // Models that a caller makes up may well break a host's
                // answers, and not its connections.
                case .host:
                    (verdict.scope == .host || verdict.scope == .model)
                        && (report.isKnownModel || verdict.cause == .unreachable)
                case .credential: verdict.scope == .credential && !token.place.credential.isEmpty
                }
            guard counts else {
                // No evidence about this one: the trial is another's.
                breakers[key]?.giveBack(token.lease, now: now)
                continue
            }
            var breaker = breakers[key] ?? Breaker(verdict.cause, isHosts: key.kind == .host, now: token.entered)
            if breaker.failed(token, verdict.cause, now: now, policy) == .opened {
                changes.append(.opened(key: key.text, verdict.cause))
            }
            breakers[key] = breaker
        }
        return changes
    }

    // MARK: Time

    /// The hold that makes room for another: one that counts for few callers
    /// goes before one that counts for all.
    func nextToGiveWay() -> HoldKey? {
        records.filter(\.value.isProvisional).min {
            ($0.value.hold.keys == nil ? 1 : 0, $0.value.serial) < ($1.value.hold.keys == nil ? 1 : 0, $1.value.serial)
        }?.key
    }

    mutating func nextSerial() -> UInt64 {
        serial += 1
        return serial
    }

    /// Adds what came with time.
    mutating func finish(_ changes: [HealthChange], _ now: Duration) -> [HealthChange] {
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
        for (key, record) in records {
            guard let lapses = record.lapses, lapses <= now else { continue }
            records[key] = nil
            owed.append(.lifted(record.hold, by: "time"))
        }
        turns.tidy(now: now)
        doubts = doubts.filter { !$0.value.isForgettable(now: now, policy) }
        sightings = sightings.filter { $0.value.contains { now - $0.at < policy.sightingWindow } }
        for (key, breaker) in breakers where breaker.isForgettable(now: now, policy) {
            if breaker.asksForTrial { owed.append(.closed(key: key.text)) }
            breakers[key] = nil
        }
    }
}
