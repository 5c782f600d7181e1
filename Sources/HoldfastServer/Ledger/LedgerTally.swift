import Access
package import Availability
import Ledger
package import Wire

/// Counts a ledger's entries, as a running Holdfast counts what they tell of.
package struct LedgerTally {
    private let period: Period
    private let now: Int
    private var counts: [AvailabilityBook.Key: HourCounts] = [:]
    /// Ids of requests whose end waits for the record, and those whose end is
    /// on record: for some seconds it may still turn out that it wasn't sent.
    private var admitted: Set<String> = []
    private var ended: [String: (time: Int, request: CountedRequest)] = [:]
    /// The holds that have not been lifted yet: their start, and their services.
    private var holds: [String: (since: Int, provider: String, model: String)] = [:]
    private var heldTimes: [(provider: String, model: String, time: Range<Int>)] = []

    /// Longer than an answer is held back.
    private static let doubt = 60

    /// - Parameter now: seconds since 1970; what is held is held until then.
    package init(_ period: Period, now: Int) {
        self.period = period
        self.now = now
    }

    package mutating func add(_ bytes: ArraySlice<UInt8>) {
        guard let entry = EntryText(bytes)?.document?.root, let at = entry["at"]?.string,
            let time = UnixTime(at).map({ Int($0.seconds) })
        else { return }
        switch entry["kind"]?.string.flatMap(EntryKind.init(rawValue:)) {
        case .requestAdmitted:
            if let id = entry["id"]?.string { admitted.insert(id) }
        case .requestSettled:
            guard let request = CountedRequest(entry) else { return }
            if let id = entry["id"]?.string, admitted.remove(id) != nil {
                ended[id] = (time, request)
                forgetDoubts(before: time - Self.doubt)
            } else {
                count(request, at: time)
            }
        case .requestWithheld:
            if let id = entry["id"]?.string { ended[id]?.request.isWithheld = true }
        case .holdPlaced:
            guard let id = entry["hold"]?.string else { return }
            holds[id] = (time, entry["provider"]?.string ?? "", entry["model"]?.string ?? "")
        case .holdLifted:
            guard let id = entry["hold"]?.string, let hold = holds.removeValue(forKey: id) else { return }
            heldTimes.append((hold.provider, hold.model, hold.since..<max(hold.since + 1, time)))
        case .holdConfirmed, .holdAcknowledged, .verdictUnconfirmed, .drillBegan, .drillEnded, .weightsVerified,
            .weightsLoaded, .weightsRefused, .weightsScrubMismatch, .engineImpostor, .configurationChanged,
            .administration, .supervisorDown, .supervisorUp, .suspensionOrdered, .suspensionRatified,
            .suspensionOverdue, .suspensionLapsed, .suspensionApproved, .suspensionRefused, .suspensionShortened,
            .suspensionVerifying, .suspensionHalfOpen, .suspensionGateFailed, .suspensionRestored, .rosterChanged,
            .rosterAnnounced, .rosterCancelled, .permitGranted, .permitDenied, .permitEnded, .permitAsked, .permitTicks,
            .vetoBegan, .vetoRecord, .suspensionApprovalEnded, .standardBreached, .standardWarned, .standardSuspends,
            .standardReturns, .standardNeedsPeople, .standardMet, .standardUnknown:
            break
        // A later version's: it counts nothing that this one knows.
        case nil: break
        }
    }

    private mutating func count(_ request: CountedRequest, at time: Int) {
        guard period.minute(at: time) != nil else { return }
        request.count { subject, counter in
            counts[.init(hour: time / 3600, subject: subject), default: HourCounts()].add(
                counter, minute: time / 60 % 60)
        }
    }

    /// Now and then, so that not all of a log's requests are remembered.
    private mutating func forgetDoubts(before time: Int) {
        guard ended.count >= 10_000 else { return }
        for (id, end) in ended where end.time < time {
            count(end.request, at: end.time)
            ended[id] = nil
        }
    }

    package var histories: [Subject: History] {
        var whole = self
        for end in ended.values { whole.count(end.request, at: end.time) }
        var histories: [Subject: History] = [:]
        for (key, hour) in whole.held().sorted(by: { $0.key.hour < $1.key.hour }) {
            histories[key.subject, default: History(period)].add(hour, hour: key.hour)
        }
        return histories
    }

    /// Adds the minutes in which services were held.
    private func held() -> [AvailabilityBook.Key: HourCounts] {
        let end = min(now, period.start + period.minutes * 60)
        let services = counts.keys.compactMap { key -> String? in
            if case .service(let name) = key.subject { name } else { nil }
        }
        var all = counts
        let open = holds.values.map {
            (provider: $0.provider, model: $0.model, time: $0.since..<max($0.since + 1, end))
        }
        for (provider, model, time) in heldTimes + open {
            let concerned =
                model.isEmpty ? Set(services.filter { $0.hasPrefix("\(provider)/") }) : ["\(provider)/\(model)"]
            guard period.start < end else { continue }
            let time = time.clamped(to: period.start..<end)
            guard !time.isEmpty else { continue }
            for minute in time.lowerBound / 60...(time.upperBound - 1) / 60 {
                let seconds = time.clamped(to: minute * 60..<minute * 60 + 60).count
                for service in concerned {
                    all[.init(hour: minute / 60, subject: .service(service)), default: HourCounts()].add(
                        .held, minute: minute % 60, UInt32(seconds))
                }
            }
        }
        return all
    }
}

extension CountedRequest {
    /// As the ledger tells it; nil for another kind of entry.
    package init?(_ entry: JSONView) {
        guard entry["kind"]?.isString("request.settled") == true,
            let outcome = entry["outcome"]?.string.flatMap(Outcome.init(rawValue:))
        else { return nil }
        self.init(route: entry["route"]?.string, outcome: outcome)
        reason = entry["reason"]?.string
        by = entry["served_by"]?.string
        isByStandIn = entry["stand_in"] != nil || entry["continued"] != nil
        isStream = entry["stream"] != nil
        isLate = entry["late"] != nil
        isRehearsed = entry["drill"] != nil
        isOfDrill = isRehearsed && entry["key"]?.isString("drill") == true
        attempts =
            entry["attempts"]?.elements.map {
                Attempt(
                    by: $0["by"]?.string ?? "", status: $0["status"]?.int, failure: $0["failure"]?.string,
                    cause: $0["cause"]?.string)
            } ?? []
    }
}
