/// The state of all suspensions and of the roster, and the rules by which it
/// changes.
///
/// Pure: it has no clock and does no I/O. Every call is given the time. What
/// breaks a rule is answered with ``VetoEvent/refused(number:reason:)`` alone,
/// and changes nothing. The machine isn't stored: another one that replays the
/// same facts has the same ``state``.
package struct VetoMachine: Sendable {
    package let policy: VetoPolicy
    package internal(set) var state: VetoState
    /// The clocks since this process started; no part of the state.
    package private(set) var clocks: ClockAgreement

    /// - Parameters:
    ///   - founding: version 1 of the roster, whose digest the caller has
    ///     compared with the one on record; nil where there are no people.
    ///   - start: now. The clocks must agree from here on, if an expiry is to
    ///     count.
    package init(policy: VetoPolicy = VetoPolicy(), founding: Roster?, start: VetoTime) throws(VetoRefusal) {
        self.policy = policy
        state = VetoState(
            chain: try founding.map { founding throws(VetoRefusal) in try RosterChain(founding: founding) })
        clocks = ClockAgreement(start: start)
    }

    // MARK: Looking

    /// The roster's versions; nil where there are no people.
    package var chain: RosterChain? { state.chain }

    /// The suspensions that are in force.
    package var index: SuspensionIndex {
        SuspensionIndex(state.cases.values.map(\.entry), version: state.version)
    }

    /// Returns the state of a suspension, also of one that is over.
    package func standing(of number: Int) -> SuspensionStanding? { state.cases[number]?.standing }

    /// Returns a suspension as it was ordered, also one that is over.
    package func suspension(_ number: Int) -> Suspension? { state.cases[number]?.suspension }

    /// Returns the end in force of a suspension, in seconds since 1970.
    package func expiry(of number: Int) -> Int? { state.cases[number]?.expires }

    /// Returns the earlier ends of a suspension for which people have signed,
    /// and not yet enough of them; the earliest first.
    /// - Parameter wall: now, in seconds since 1970.
    package func proposedEnds(of number: Int, at wall: Int) -> [ProposedEnd] {
        state.cases[number]?.proposedEnds(at: wall) ?? []
    }

    /// The numbers of all suspensions that ever were, in their order.
    package var numbers: [Int] { state.cases.keys.sorted() }

    /// Returns the suspension with that record; nil where there is none.
    package func number(of digest: [UInt8]) -> Int? { state.numbers[digest] }

    /// Returns the time until which a second person may ratify an order, in
    /// seconds since 1970; nil where none has to.
    package func ratifyUntil(_ number: Int) -> Int? {
        guard let found = state.cases[number], found.standing.ratifiedBy == nil, !found.standing.phase.isOver,
            case .person = found.suspension.orderer
        else { return nil }
        return found.taken + policy.ratifyWithin
    }

    /// The replacement of the roster that is announced, and the time when it is
    /// in force, in seconds since 1970.
    package var replacement: (roster: Roster, due: Int)? { state.replacement.map { ($0.roster, $0.due) } }

    /// The suspensions in force for which fewer people count than must restore
    /// them, in the order of their numbers.
    package var stranded: [Int] {
        index.entries.map(\.suspension.number).filter { people(countingFor: $0).count < VetoPolicy.restorers }
    }

    /// Returns the people who count for a suspension, in the order of their
    /// names.
    package func people(countingFor number: Int) -> [String] {
        guard let chain = state.chain, let found = state.cases[number] else { return [] }
        return chain.people(countingFor: found.roster)
    }

    /// Verifies the signatures of a statement, with the keys that this machine
    /// knows and those that the statement brings.
    package func verified(_ statement: SignedStatement) throws(VetoRefusal) -> VerifiedStatement {
        guard let chain = state.chain else {
            // Only version 1 of the roster can be signed by people of whom
            // nothing is known.
            guard statement.founds else { throw .noRoster }
            return try statement.verified(by: [])
        }
        return try statement.verified(by: chain.keys)
    }

    // MARK: Inputs

    /// Compares the clocks. To be called with the time of every input as it
    /// comes, but not of those out of the record: a wall clock that was set and
    /// set back has given its time to what came between.
    package mutating func observe(_ time: VetoTime) { clocks.observe(time) }

    /// Takes version 1 of the roster, where there is none yet; the caller
    /// vouches for it, as at the start.
    package mutating func found(_ roster: Roster, at time: VetoTime) -> [VetoEvent] {
        attempt(nil, at: time) { state throws(VetoRefusal) in try state.found(roster) }
    }

    /// Takes a decision of people.
    ///
    /// - Parameter number: the number of an order's first suspension; the
    ///   others follow it. Ignored for all other statements.
    package mutating func take(
        _ statement: VerifiedStatement, number: Int? = nil, at time: VetoTime
    ) -> [VetoEvent] {
        attempt(statement.statement.number ?? number, at: time) { state throws(VetoRefusal) in
            try state.take(statement, number: number, at: time)
        }
    }

    /// Takes an order of a standard. Its number must be new.
    package mutating func order(_ suspension: Suspension, at time: VetoTime) -> [VetoEvent] {
        attempt(suspension.number, at: time) { state throws(VetoRefusal) in try state.order(suspension, at: time) }
    }

    /// Takes a standard's word that it has been green for long enough, so that
    /// a suspension that it ordered with ``Suspension/Return/byItself`` may go
    /// through the gate.
    package mutating func green(_ number: Int, at time: VetoTime) -> [VetoEvent] {
        attempt(number, at: time) { state throws(VetoRefusal) in try state.green(number, at: time) }
    }

    /// Takes a result of the gate.
    package mutating func gate(_ number: Int, _ result: GateResult, at time: VetoTime) -> [VetoEvent] {
        attempt(number, at: time) { state throws(VetoRefusal) in try state.gate(number, result, at: time) }
    }

    /// Does what is due by the clocks: deadlines, expiries, a replacement of
    /// the roster. An expiry, a lapse and a replacement count only while the
    /// clocks have agreed since the start.
    ///
    /// - Returns: events of which each has a fact, ``VetoFact/init(ofTick:at:)``,
    ///   or follows from one that has.
    package mutating func tick(at time: VetoTime) -> [VetoEvent] {
        observe(time)
        var events: [VetoEvent] = []
        for fact in state.due(at: time, policy, clocksAgree: clocks.holds) { events += replay(fact) }
        return events
    }

    /// Takes a fact of the record.
    package mutating func replay(_ fact: VetoFact) -> [VetoEvent] {
        switch fact {
        case .founded(let roster, let time): found(roster, at: time)
        case .statement(let statement, let number, let time): take(statement, number: number, at: time)
        case .order(let suspension, let time): order(suspension, at: time)
        case .green(let number, let time): green(number, at: time)
        case .gate(let number, let result, let time): gate(number, result, at: time)
        case .overdue(let number, let time):
            attempt(number, at: time) { state throws(VetoRefusal) in try state.overdue(number) }
        case .lapsed(let number, let time):
            attempt(number, at: time) { state throws(VetoRefusal) in try state.lapse(number, at: time) }
        case .expired(let number, let time):
            attempt(number, at: time) { state throws(VetoRefusal) in try state.expire(number, at: time) }
        case .replaced(let version, let time):
            attempt(nil, at: time) { state throws(VetoRefusal) in try state.replace(version, at: time) }
        }
    }

    /// Changes a copy of the state, and keeps it unless a rule is broken.
    private mutating func attempt(
        _ number: Int?, at time: VetoTime,
        _ change: (inout VetoState) throws(VetoRefusal) -> [VetoEvent]
    ) -> [VetoEvent] {
        guard Suspension.times.contains(time.wall) else {
            return [.refused(number: number, reason: .malformed("the time \(time.wall) is none"))]
        }
        var next = state
        do throws(VetoRefusal) {
            let events = try change(&next)
            next.version &+= 1
            state = next
            return events
        } catch {
            return [.refused(number: number, reason: error)]
        }
    }
}
