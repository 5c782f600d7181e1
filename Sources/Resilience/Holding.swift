import Failures

/// The hold that a verdict asks for.
struct Sign: Sendable {
    var cause: Cause
    var firmness: Hold.Firmness
    var scope: Scope

    /// Nil for failures that hold nothing.
    init?(_ verdict: Verdict) {
        cause = verdict.cause
        scope = verdict.scope
        firmness = .lasting
        switch verdict.cause {
        case .withdrawn: firmness = verdict.evidence == .explicit ? .lasting : .provisional
        case .denied, .exhausted, .credential: break
        case .truncated where verdict.evidence == .ambiguous:
            // A clean end with nothing in it may be how a retirement looks.
            cause = .withdrawn
            firmness = .provisional
        default: return nil
        }
    }
}

extension HealthMachine {
    mutating func place(
        _ sign: Sign, _ verdict: Verdict, at place: Place, name: String, status: Int?, streams: Bool,
        origin: Hold.Origin, now: Moment
    ) -> [HealthChange] {
        guard let reach = Reach(sign.scope, place) else { return [] }
        let key = HoldKey(reach: reach, cause: sign.cause)
        let hold = Hold(
            id: reach.holdID(sign.cause), cause: sign.cause, scope: reach.scope, host: reach.host,
            credential: reach.credential, model: reach.model, provider: place.provider, firmness: sign.firmness,
            origin: origin, name: name, since: now.unix, words: verdict.words, rule: verdict.rule, status: status)
        if let old = records[key]?.hold {
            let isFirmer = old.firmness == .provisional && hold.firmness == .lasting
            guard old.origin != .administrator, isFirmer else { return [] }
        } else if records.count >= policy.mostHolds {
            guard let gone = nextToGiveWay(), let old = records.removeValue(forKey: gone)?.hold else { return [] }
            owed.append(.lifted(old, by: "space"))
        }
        let isNew = records[key] == nil
        returned[key] = nil
        records[key] = HoldRecord(hold, at: place, streams: streams, serial: nextSerial(), placed: now.tick, policy)
        return [isNew ? .placed(hold) : .changed(hold)]
    }

    mutating func hold(_ place: Place, scope: Scope, reason: String, by: String, now: Moment) -> [HealthChange] {
        guard let reach = Reach(scope, place) else { return [] }
        let key = HoldKey(reach: reach, cause: .withdrawn)
        let isNew = records[key] == nil
        let hold = Hold(
            id: reach.holdID(.withdrawn), cause: .withdrawn, scope: scope, host: reach.host,
            credential: reach.credential, model: reach.model, provider: place.provider, firmness: .lasting,
            origin: .administrator, name: Cause.withdrawn.rawValue, since: now.unix, rule: "by hand",
            acknowledgedBy: by, reason: reason)
        returned[key] = nil
        records[key] = HoldRecord(hold, at: place, streams: false, serial: nextSerial(), placed: now.tick, policy)
        return settle([isNew ? .placed(hold) : .changed(hold)], now.tick)
    }

    mutating func restore(_ id: String, by: String, now: Moment) -> [HealthChange]? {
        if let key = records.first(where: { $0.value.hold.id == id })?.key {
            return settle(lift(key, by: .hand(by), now), now.tick)
        }
        if let changes = release(id, by: by) { return settle(changes, now.tick) }
        guard let (reach, throttle) = throttles.first(where: { $0.value.hold?.id == id }), let hold = throttle.hold
        else { return nil }
        throttles[reach] = nil
        return settle([.lifted(hold, by: by)], now.tick)
    }

    mutating func acknowledge(_ id: String, by: String, now: Moment) -> [HealthChange]? {
        if let key = records.first(where: { $0.value.hold.id == id })?.key {
            records[key]?.hold.acknowledgedBy = by
            return records[key].map { settle([.changed($0.hold)], now.tick) }
        }
        guard let reach = throttles.first(where: { $0.value.hold?.id == id })?.key else { return nil }
        throttles[reach]?.hold?.acknowledgedBy = by
        return throttles[reach]?.hold.map { settle([.changed($0)], now.tick) }
    }

    mutating func remembered(_ holds: [Hold]) {
        for hold in holds where hold.isPersistent {
            guard let reach = Reach(hold) else { continue }
            records[HoldKey(reach: reach, cause: hold.cause)] = HoldRecord(
                hold, at: hold.place, streams: false, serial: nextSerial(), placed: nil, policy)
        }
    }

    /// A hold on a key that nobody uses any more holds nothing.
    mutating func credentials(inUse: Set<String>, now: Moment) -> [HealthChange] {
        remove(by: .hand("new key"), now) {
            $0.origin != .administrator && !$0.credential.isEmpty && !inUse.contains($0.credential)
        }
    }

    private mutating func remove(by lifter: Lifter, _ now: Moment, where matches: (Hold) -> Bool) -> [HealthChange] {
        var changes: [HealthChange] = []
        for (key, record) in records where matches(record.hold) { changes += lift(key, by: lifter, now) }
        let by =
            switch lifter {
            case .itself(let by), .hand(let by), .nobody(let by): by
            }
        for (reach, throttle) in throttles {
            guard let hold = throttle.hold, matches(hold) else { continue }
            throttles[reach] = nil
            changes.append(.lifted(hold, by: by))
        }
        return settle(changes, now.tick)
    }

    mutating func dueProbes(now: Moment) -> [ProbeOrder] {
        tidy(now.tick)
        return records.keys.compactMap { records[$0]?.order(now: now, policy) }.sorted { $0.serial < $1.serial }
    }

    mutating func probed(_ order: ProbeOrder, _ result: ProbeResult, now: Moment) -> [HealthChange] {
        guard let (key, record) = records.first(where: { $0.value.serial == order.serial }),
            ProbeSchedule(record.hold, policy) != nil
        else { return settle([], now.tick) }
        var changes: [HealthChange] = []
        switch result {
        case .answered:
            changes += lift(key, by: .itself("probe"), now)
        case .failed(let verdict, let status):
            let sign = Sign(verdict)
            if record.hold.cause == .withdrawn, sign?.cause == .withdrawn {
                records[key]?.hold.firmness = .lasting
                if !verdict.words.isEmpty { records[key]?.hold.words = verdict.words }
                if let hold = records[key]?.hold { changes.append(.changed(hold)) }
            } else {
                records[key]?.postpone(now: now, policy)
                if let sign, sign.cause != record.hold.cause {
                    changes += place(
                        sign, verdict, at: order.place, name: sign.cause.rawValue, status: status,
                        streams: order.streams, origin: .probe, now: now)
                }
            }
        case .inconclusive: records[key]?.postpone(now: now, policy)
        }
        return settle(changes, now.tick)
    }

    func breakerReports(now: Duration) -> [BreakerReport] {
        breakers.map { key, breaker in
            var state = BreakerReport.State.closed
            var until: Duration?
            switch breaker.state {
            case .closed: break
            case .open(let end): (state, until) = (end > now ? .open : .halfOpen, end)
            case .trial(_, let end): (state, until) = (.halfOpen, end)
            }
            return BreakerReport(
                key: key.text, kind: key.kind, state: state, cause: breaker.cause, failures: breaker.run.failures,
                until: until)
        }.sorted { $0.key < $1.key }
    }
}
