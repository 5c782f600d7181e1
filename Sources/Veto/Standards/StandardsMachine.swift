/// The rules by which judgements become warnings, suspensions and returns.
///
/// Pure: no clock, no I/O. It is given every judgement again and again, and
/// sees what has become of its orders among the suspensions in force. Grace and
/// steadiness are measured by the boot clock, which nobody can set.
///
/// It guarantees that `unknown` is never a breach and never green, that no
/// route loses its last candidate unless the standard says so, also where
/// several are breached at once, and that suspensions of one standard and
/// subject end by themselves at most ``Standard/returnsADay`` times a day.
package struct StandardsMachine: Sendable {
    private struct Return: Sendable {
        var wall: Int
        /// Nil where it was before this process.
        var boot: UInt64?
    }

    private enum Told: Hashable {
        case nothing
        /// The breach, while its grace runs.
        case breach
        case warning(StandardEvent.Warning)
        case unknown
    }

    /// The state of one standard and subject.
    private struct Watch {
        var breachedSince: VetoTime?
        var greenSince: UInt64?
        var told = Told.nothing
        /// An order that isn't among the suspensions in force yet.
        var pending: (order: Suspension, since: UInt64)?
        /// The suspension in force at the last look.
        var standing: Int?
        /// The last suspension for which people were asked.
        var askedPeople: Int?
    }

    /// The time after which an order that has not come into force is given
    /// again, as the same record.
    private static let orderAgain = 60
    private static let day = 86_400

    private var watches: [StandardPlace: Watch] = [:]
    private var returns: [StandardPlace: [Return]] = [:]
    private let nonce: @Sendable () -> String

    /// - Parameter nonce: makes a text that nobody has used before.
    package init(nonce: @escaping @Sendable () -> String) { self.nonce = nonce }

    /// Remembers a return by itself of an earlier process.
    /// - Parameter wall: seconds since 1970.
    package mutating func remember(returnOf place: StandardPlace, at wall: Int) {
        returns[place, default: []].append(Return(wall: wall, boot: nil))
    }

    /// Takes one round of judgements: one for each standard and subject. Places
    /// without one are forgotten.
    package mutating func take(
        _ findings: [StandardFinding], in situation: StandardSituation, at now: VetoTime
    ) -> [StandardEvent] {
        forgetOldReturns(at: now)
        var events: [StandardEvent] = []
        var seen: Set<StandardPlace> = []
        var round = Round(situation: situation, now: now)
        round.ordered = watches.values.compactMap(\.pending).flatMap(\.order.scopes)
        for finding in findings where seen.insert(finding.place).inserted {
            events += take(finding, &round)
        }
        watches = watches.filter { seen.contains($0.key) }
        return events
    }

    private struct Round {
        var situation: StandardSituation
        var now: VetoTime
        /// The scopes of orders that are not in force yet.
        var ordered: [SuspendedScope] = []
    }

    private mutating func take(_ finding: StandardFinding, _ round: inout Round) -> [StandardEvent] {
        let place = finding.place
        var watch = watches[place] ?? Watch()
        defer { watches[place] = watch }
        let entry = round.situation.suspended.first { $0.suspension.isOrdered(by: place) }
        if entry != nil { watch.pending = nil }
        // Restored by people meanwhile: a breach has its whole grace again.
        if watch.standing != nil, entry == nil { watch.breachedSince = nil }
        watch.standing = entry?.suspension.number
        switch finding.verdict.ruling {
        case .unknown: return unknown(finding, &watch)
        case .met: return met(finding, entry, &watch, at: round.now)
        case .breached: return breached(finding, entry, &watch, &round)
        }
    }

    private func unknown(_ finding: StandardFinding, _ watch: inout Watch) -> [StandardEvent] {
        watch.breachedSince = nil
        watch.greenSince = nil
        guard watch.told != .unknown else { return [] }
        watch.told = .unknown
        return [.unknown(finding.place, finding.verdict)]
    }

    // MARK: Green

    private mutating func met(
        _ finding: StandardFinding, _ entry: SuspensionIndex.Entry?, _ watch: inout Watch, at now: VetoTime
    ) -> [StandardEvent] {
        watch.breachedSince = nil
        let since = watch.greenSince ?? now.boot
        watch.greenSince = since
        guard let entry else {
            if let pending = watch.pending, now.seconds(since: pending.since) >= Self.orderAgain { watch.pending = nil }
            defer { watch.told = .nothing }
            switch watch.told {
            case .breach, .warning: return [.recovered(finding.place, finding.verdict)]
            case .nothing, .unknown: return []
            }
        }
        watch.told = .nothing
        guard entry.phase == .suspended, now.seconds(since: since) >= finding.standard.terms.steady else { return [] }
        let number = entry.suspension.number
        guard let because = reasonForPeople(finding, entry.suspension) else {
            // Should the gate fail, it has to be green for as long again.
            watch.greenSince = now.boot
            returns[finding.place, default: []].append(Return(wall: now.wall, boot: now.boot))
            return [.return(number: number, finding.place)]
        }
        guard watch.askedPeople != number else { return [] }
        watch.askedPeople = number
        return [.needsPeople(number: number, finding.place, because)]
    }

    private func reasonForPeople(
        _ finding: StandardFinding, _ suspension: Suspension
    ) -> StandardEvent.Because? {
        if finding.standard.terms.comesBack == .people { return .standard }
        return suspension.comesBack == .people || isFlapping(finding.place) ? .flapping : nil
    }

    /// True once it has returned by itself as often as it may in a day. Those
    /// of longer ago are forgotten already.
    private func isFlapping(_ place: StandardPlace) -> Bool {
        (returns[place]?.count ?? 0) >= Standard.returnsADay
    }

    private mutating func forgetOldReturns(at now: VetoTime) {
        for (place, all) in returns {
            let young = all.filter { one in
                guard let boot = one.boot else { return now.wall.subtractingSaturating(one.wall) < Self.day }
                return now.seconds(since: boot) < Self.day
            }
            returns[place] = young.isEmpty ? nil : young
        }
    }

    // MARK: Breached

    private func breached(
        _ finding: StandardFinding, _ entry: SuspensionIndex.Entry?, _ watch: inout Watch, _ round: inout Round
    ) -> [StandardEvent] {
        let standard = finding.standard
        watch.greenSince = nil
        let since = watch.breachedSince ?? round.now
        watch.breachedSince = since
        guard entry == nil else { return [] }
        guard round.now.seconds(since: since.boot) >= standard.terms.grace else {
            guard watch.told == .nothing || watch.told == .unknown else { return [] }
            watch.told = .breach
            return [.breached(finding.place, finding.verdict, standard.consequence)]
        }
        guard standard.consequence != .warn else {
            return warn(standard.breach == .warn ? .asItSays : .unsignedFeed, finding, &watch)
        }
        if let pending = watch.pending {
            guard round.now.seconds(since: pending.since) >= Self.orderAgain else { return [] }
            // Its own order is no reason to spare it.
            if let own = round.ordered.firstIndex(of: finding.scope) { round.ordered.remove(at: own) }
        }
        if !standard.terms.evenTheLast {
            let alone = round.situation.routesLeftAlone(by: finding.scope, ordered: round.ordered)
            if !alone.isEmpty { return warn(.lastCandidate(routes: alone), finding, &watch) }
        }
        let order = watch.pending?.order ?? order(finding, at: round.now)
        watch.pending = (order, round.now.boot)
        watch.told = .nothing
        round.ordered += order.scopes
        return [.order(order, finding.place, finding.verdict)]
    }

    private func warn(
        _ warning: StandardEvent.Warning, _ finding: StandardFinding, _ watch: inout Watch
    ) -> [StandardEvent] {
        guard watch.told != .warning(warning) else { return [] }
        watch.told = .warning(warning)
        return [.warned(finding.place, finding.verdict, warning)]
    }

    // MARK: Ahead

    /// Returns the suspensions that follow at a known date unless their breach
    /// is averted, the nearest first, of the judgements that were taken last.
    ///
    /// A candidate that a standard would spare as its route's last is not among
    /// them, also where the dates before it make it the last.
    package func planned(
        _ findings: [StandardFinding], in situation: StandardSituation, at now: VetoTime
    ) -> [PlannedStop] {
        var seen: Set<StandardPlace> = []
        let dated = findings.compactMap { finding -> (stop: PlannedStop, evenTheLast: Bool)? in
            guard seen.insert(finding.place).inserted, let stop = planned(finding, in: situation, at: now) else {
                return nil
            }
            return (stop, finding.standard.terms.evenTheLast)
        }
        var ordered = watches.values.compactMap(\.pending).flatMap(\.order.scopes)
        let inOrder = dated.sorted { ($0.stop.stops, $0.stop.place) < ($1.stop.stops, $1.stop.place) }
        return inOrder.filter { stop, evenTheLast in
            guard evenTheLast || situation.routesLeftAlone(by: stop.place.scope, ordered: ordered).isEmpty else {
                return false
            }
            ordered.append(stop.place.scope)
            return true
        }.map(\.stop)
    }

    private func planned(
        _ finding: StandardFinding, in situation: StandardSituation, at now: VetoTime
    ) -> PlannedStop? {
        let place = finding.place
        guard let until = finding.verdict.until, finding.verdict.ruling != .unknown,
            finding.standard.consequence != .warn, watches[place]?.pending == nil,
            !situation.suspended.contains(where: { $0.suspension.isOrdered(by: place) })
        else { return nil }
        // A breach that began later than its date has its whole grace.
        let begins = max(until, watches[place]?.breachedSince?.wall ?? until)
        let (stops, isTooLate) = begins.addingReportingOverflow(finding.standard.terms.grace)
        let stop = PlannedStop(place: place, stops: isTooLate ? .max : stops)
        return stop.since <= now.wall && now.wall < stop.stops ? stop : nil
    }

    private func order(_ finding: StandardFinding, at now: VetoTime) -> Suspension {
        let standard = finding.standard
        let isFlapping = isFlapping(finding.place)
        return Suspension(
            number: 0, scopes: [finding.scope], mode: standard.consequence == .suspend ? .cut : .drain,
            drainLimit: Standard.drainLimit,
            reason: SuspensionReason(
                standard.check.kind.reason, text: "\(standard.check.kind.rawValue): \(finding.verdict.evidence)"),
            orderer: .standard(standard.id), ordered: now.wall, roster: 0,
            comesBack: standard.terms.comesBack == .people || isFlapping ? .people : .byItself, nonce: nonce())
    }
}

extension Suspension {
    /// True where a standard ordered it, and no people are needed for its end.
    package var mayReturnByItself: Bool {
        if case .standard = orderer { comesBack == .byItself } else { false }
    }

    /// Returns whether a standard has ordered it for exactly this subject.
    package func isOrdered(by place: StandardPlace) -> Bool {
        orderer == .standard(place.standard) && scopes == [place.scope]
    }
}

extension VetoTime {
    /// Whole seconds by the boot clock; 0 before it.
    func seconds(since boot: UInt64) -> Int {
        self.boot > boot ? Int(clamping: (self.boot - boot) / 1_000_000_000) : 0
    }
}
