import Failures

/// The hold that a verdict asks for.
struct HoldEvidence: Sendable {
    var cause: Cause
    var scope: Scope

    /// Nil for failures that hold nothing.
    init?(_ verdict: Verdict) {
        guard verdict.isOfService else { return nil }
        // A clean end with nothing in it may be how a retirement looks.
        cause = verdict.cause == .truncated ? .withdrawn : verdict.cause
        scope = verdict.scope
    }
}

extension HealthMachine {
    /// A verdict that traffic gave rise to: a provisional hold, and a probe
    /// that confirms or lifts it. No wider than a model where only words for
    /// people speak; of that caller's key only where the status blames the
    /// request; of nobody's where such words were wrong before, or stand in
    /// the request.
    mutating func suspect(
        _ sign: HoldEvidence, _ verdict: Verdict, at place: Target, _ report: FailureReport, now: Moment
    ) -> HealthNews {
        var sign = sign
        // A 401 says by its status that our key is meant.
        let isWords = verdict.basis == .words && verdict.status != 401
        if isWords, sign.scope == .credential || sign.scope == .host { sign.scope = .credentialModel }
        guard let reach = FailureScope(sign.scope, place), isKept(reach, report) else { return HealthNews() }
        let key = HoldKey(reach: reach, ground: .failure(sign.cause))
        var keys: Set<String>?
        if report.judgement.isQuestion || isWords && isDoubted(place, now: now.tick) {
            keys = []
        } else if verdict.blamesRequest {
            keys = [report.mark?.key ?? ""]
        }
        var changes: [HealthChange] = []
        if records[key] == nil {
            changes += self.place(
                sign, verdict, at: probed(place, report), as: .provisional, origin: .traffic, status: report.status,
                kind: report.probe, now: now, keys: keys,
                isUnheardOf: !report.everAnswered && verdict.evidence == .ambiguous)
            records[key]?.source = report.mark?.key
            records[key]?.quotesRequest = report.judgement.quotesRequest
            if !report.mayProbe { records[key]?.lapses = now.tick + policy.unprobedHold }
        } else {
            changes += widen(key, keys, now)
        }
        if !report.mayProbe { return HealthNews(changes: changes + sight(key, verdict, report, now)) }
        return HealthNews(changes: changes, probes: order(key, now: now).map { [$0] } ?? [])
    }

    /// A provisional hold counts for more callers than it did.
    private mutating func widen(_ key: HoldKey, _ keys: Set<String>?, _ now: Moment) -> [HealthChange] {
        guard let record = records[key], record.isProvisional, let known = record.hold.keys else { return [] }
        var hold = record.hold
        hold.keys = keys.map(known.union)
        // More keys than that are as good as everybody's, and everybody's it
        // may not be.
        guard hold.keys != known, hold.keys?.count ?? 0 <= 64 else { return [] }
        records[key]?.hold = hold
        return hold.keys == nil ? [.placed(hold)] : []
    }

    /// Confirms by a second sighting where nothing may be probed: two keys'
    /// requests that differ, where the words are about the model itself.
    private mutating func sight(
        _ key: HoldKey, _ verdict: Verdict, _ report: FailureReport, _ now: Moment
    ) -> [HealthChange] {
        guard let mark = report.mark, verdict.cause == .withdrawn, verdict.scope == .model,
            [.words, .code].contains(verdict.basis), !report.judgement.isQuestion
        else { return [] }
        var seen = (sightings[key] ?? []).filter { now.tick - $0.at < policy.sightingWindow }
        let isConfirmed = seen.contains { $0.mark.key != mark.key && $0.mark.digest != mark.digest }
        if seen.count == 8 { seen.removeFirst() }
        seen.append(HoldRecord.Sighting(mark: mark, at: now.tick))
        sightings[key] = seen
        guard isConfirmed, var hold = records[key]?.hold, hold.firmness == .provisional else { return [] }
        let wasKept = hold.isPersistent
        hold.firmness = .lasting
        hold.keys = nil
        records[key] = HoldRecord(
            hold, at: records[key]!.place, kind: report.probe, serial: nextSerial(), placed: now.tick, policy)
        sightings[key] = nil
        return [wasKept ? .changed(hold) : .placed(hold)]
    }

    /// Tells whether anything may be remembered there: callers make up models' names
    /// as they like.
    func isKept(_ reach: FailureScope, _ report: FailureReport) -> Bool { report.isKnownModel || reach.model.isEmpty }

    /// A model that a scope reaches has a name, or it can't be asked for.
    func isNamed(_ reach: FailureScope) -> Bool {
        reach.scope != .model && reach.scope != .credentialModel || !reach.model.isEmpty
    }

    /// The place as a probe may ask for it: without a name that a caller made
    /// up.
    func probed(_ place: Target, _ report: FailureReport) -> Target {
        guard !report.isKnownModel else { return place }
        var place = place
        place.model = ""
        return place
    }

    /// - Parameter isUnheardOf: the model has never answered, and may not be
    ///   there at all.
    mutating func place(
        _ sign: HoldEvidence, _ verdict: Verdict, at place: Target, as firmness: Hold.Firmness, origin: Hold.Origin,
        status: Int?, kind: ProbeKind, now: Moment, keys: Set<String>? = nil, isUnheardOf: Bool = false
    ) -> [HealthChange] {
        guard let reach = FailureScope(sign.scope, place) else { return [] }
        let key = HoldKey(reach: reach, ground: .failure(sign.cause))
        let isMisconfigured = isUnheardOf && sign.cause == .withdrawn
        var hold = Hold(
            id: reach.holdID(key.ground), ground: key.ground, scope: reach.scope, host: reach.host,
            credential: reach.credential, model: reach.model, provider: place.provider, firmness: firmness,
            origin: origin, name: isMisconfigured ? "misconfigured" : sign.cause.rawValue, since: now.unix,
            words: verdict.words, rule: verdict.rule, status: status)
        hold.keys = keys
        let old = records[key]?.hold
        if let old {
            guard old.firmness == .provisional, firmness == .lasting else { return [] }
        } else if records.count >= policy.mostHolds {
            guard let gone = nextToGiveWay(), let old = records.removeValue(forKey: gone)?.hold else { return [] }
            owed.append(.lifted(old, by: "space"))
        }
        returned[key] = nil
        records[key] = HoldRecord(hold, at: place, kind: kind, serial: nextSerial(), placed: now.tick, policy)
        return [old?.isPersistent == true ? .changed(hold) : .placed(hold)]
    }

    mutating func hold(_ place: Target, scope: Scope, reason: String, by: String, now: Moment) -> [HealthChange] {
        guard let reach = FailureScope(scope, place) else { return [] }
        let key = HoldKey(reach: reach, ground: .byHand)
        let isNew = records[key] == nil
        let hold = Hold(
            id: reach.holdID(.byHand), ground: .byHand, scope: scope, host: reach.host,
            credential: reach.credential, model: reach.model, provider: place.provider, firmness: .lasting,
            origin: .administrator, name: HoldGround.byHand.rawValue, since: now.unix, rule: "by hand",
            acknowledgedBy: by, reason: reason)
        returned[key] = nil
        records[key] = HoldRecord(hold, at: place, kind: .whole, serial: nextSerial(), placed: now.tick, policy)
        return finish([isNew ? .placed(hold) : .changed(hold)], now.tick)
    }

    mutating func restore(_ id: String, by: String, now: Moment) -> [HealthChange]? {
        if let key = records.first(where: { $0.value.hold.id == id })?.key {
            return finish(lift(key, by: .hand(by), now), now.tick)
        }
        if let changes = release(id, by: by) { return finish(changes, now.tick) }
        guard let (reach, throttle) = throttles.first(where: { $0.value.hold?.id == id }), let hold = throttle.hold
        else { return nil }
        throttles[reach] = nil
        return finish([.lifted(hold, by: by)], now.tick)
    }

    mutating func acknowledge(_ id: String, by: String, now: Moment) -> [HealthChange]? {
        if let key = records.first(where: { $0.value.hold.id == id })?.key {
            records[key]?.hold.acknowledgedBy = by
            return records[key].map { finish([.acknowledged($0.hold)], now.tick) }
        }
        guard let reach = throttles.first(where: { $0.value.hold?.id == id })?.key else { return nil }
        throttles[reach]?.hold?.acknowledgedBy = by
        return throttles[reach]?.hold.map { finish([.acknowledged($0)], now.tick) }
    }

    mutating func remembered(_ holds: [Hold]) {
        for hold in holds where hold.isPersistent {
            guard let reach = FailureScope(hold) else { continue }
            records[HoldKey(reach: reach, ground: hold.ground)] = HoldRecord(
                hold, at: hold.place, kind: .whole, serial: nextSerial(), placed: nil, policy)
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
        return finish(changes, now.tick)
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
