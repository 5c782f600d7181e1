import Failures

/// The rules by which a provisional hold becomes a lasting one, or is lifted:
/// the answer to a probe decides, a request of Holdfast's own which carries
/// nothing of a caller's.
extension HealthMachine {
    mutating func dueProbes(now: Moment) -> [ProbeOrder] {
        tidy(now.tick)
        var orders: [ProbeOrder] = []
        for key in records.keys.sorted(by: { records[$0]!.serial < records[$1]!.serial }) {
            if let order = order(key, now: now) { orders.append(order) }
        }
        return orders + dueWaitProbes(now: now)
    }

    /// The probe of a hold, where one is due and it is its place's turn.
    mutating func order(_ key: HoldKey, now: Moment) -> ProbeOrder? {
        guard var record = records[key], record.isDue(now: now, policy) else { return nil }
        defer { records[key] = record }
        guard turns.isFree(record.place, now: now.tick) else { return nil }
        turns.begin(record.place, now: now.tick, policy)
        return record.order(now: now.tick, policy)
    }

    mutating func probed(_ order: ProbeOrder, _ result: ProbeResult, now: Moment) -> [HealthChange] {
        turns.end(order.place)
        if let changes = waitProbed(order, result, now: now) { return finish(changes, now.tick) }
        guard let (key, record) = records.first(where: { $0.value.serial == order.serial }),
            let schedule = ProbeSchedule(record.hold, policy)
        else { return finish([], now.tick) }
        var changes: [HealthChange] = []
        switch result {
        case .answered:
            changes += answeredItself(order.place, now)
            guard records[key]?.serial == order.serial else { break }
            if schedule.lifts {
                changes += lift(key, by: .itself("probe"), now)
            } else {
                records[key]?.postpone(now: now, policy)
                changes.append(.answersAgain(record.hold))
            }
        case .failed(let verdict, let status):
            changes += refusedItself(key, record, verdict, status, now)
        case .inconclusive: records[key]?.postpone(now: now, policy)
        case .impossible:
            records[key]?.postpone(now: now, policy)
            if record.isProvisional, record.lapses == nil { records[key]?.lapses = now.tick + policy.unprobedHold }
        }
        return finish(changes, now.tick)
    }

    /// The place has answered a request of Holdfast's own: nothing provisional
    /// is left of what was said against it.
    private mutating func answeredItself(_ place: Target, _ now: Moment) -> [HealthChange] {
        provisional(at: place).flatMap { contradict($0, by: "probe", now) }
    }

    /// The place has refused one: that is evidence without a caller's words.
    private mutating func refusedItself(
        _ key: HoldKey, _ record: HoldRecord, _ verdict: Verdict, _ status: Int?, _ now: Moment
    ) -> [HealthChange] {
        guard let sign = HoldEvidence(verdict), let reach = FailureScope(sign.scope, record.place), isNamed(reach)
        else {
            records[key]?.postpone(now: now, policy)
            return []
        }
        let isSame = record.hold.ground == .failure(sign.cause)
        if isSame, reach == key.reach {
            guard record.isProvisional else {
                records[key]?.postpone(now: now, policy)
                return []
            }
            var hold = record.hold
            let wasKept = hold.isPersistent
            hold.firmness = .lasting
            hold.keys = nil
            hold.status = status ?? hold.status
            if !verdict.words.isEmpty { hold.words = verdict.words }
            renew(key, hold, record, now)
            return [wasKept ? .changed(hold) : .placed(hold)]
        }
        var changes: [HealthChange] = []
        if isSame, record.isProvisional {
            // It reaches further, or less far, than was believed.
            changes += lift(key, by: .nobody("its confirmation"), now)
        } else {
            records[key]?.postpone(now: now, policy)
        }
        return changes
            + place(
                sign, verdict, at: record.place, as: .lasting, origin: .probe, status: status, kind: record.kind,
                now: now)
    }

    /// Keeps a hold in another form, with the probes that this one wants.
    private mutating func renew(_ key: HoldKey, _ hold: Hold, _ record: HoldRecord, _ now: Moment) {
        records[key] = HoldRecord(
            hold, at: record.place, kind: record.kind, serial: nextSerial(), placed: now.tick, policy)
    }

    // MARK: Contradiction

    /// Provisional holds on what a request to that place depends on.
    private func provisional(at place: Target) -> [HoldKey] {
        FailureScope.all(of: place).flatMap { reach in
            HoldGround.standing.map { HoldKey(reach: reach, ground: $0) }
        }.filter { records[$0]?.isProvisional == true }
    }

    /// A request that went out after them was answered.
    mutating func contradictedByTraffic(_ token: AttemptToken, _ now: Moment) -> [HealthChange] {
        provisional(at: token.place).filter { key in
            records[key].map { $0.placed ?? .zero <= token.entered } ?? false
        }.flatMap { contradict($0, by: "traffic", now) }
    }

    private mutating func contradict(_ key: HoldKey, by: String, _ now: Moment) -> [HealthChange] {
        guard let record = records[key], let cause = record.hold.cause else { return [] }
        var changes = lift(key, by: .itself(by), now)
        // A 404 stays what it said; a 400 that quoted its caller was the
        // caller's.
        changes.append(
            .contradicted(
                Contradiction(hold: record.hold, by: by, cause: record.quotesRequest ? .callerFault : cause)))
        var doubt = doubts[key.reach] ?? Doubt(now: now.tick)
        if let keys = doubt.contradicted(record.source, now: now.tick, policy) {
            changes.append(.flapping(record.hold, keys: keys))
        }
        doubts[key.reach] = doubt
        return changes
    }

    /// Tells whether words start no hold there before a probe has confirmed it.
    func isDoubted(_ place: Target, now: Duration) -> Bool {
        FailureScope.all(of: place).contains { doubts[$0]?.stands(now: now) == true }
    }
}
