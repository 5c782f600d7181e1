import Signing

/// The part of a machine that its facts determine.
package struct VetoState: Sendable, Hashable {
    /// A replacement of the roster that waits for its time.
    struct Replacement: Sendable, Hashable {
        var roster: Roster
        var digest: [UInt8]
        /// Seconds since 1970.
        var due: Int
    }

    /// A signature that has been used: a person, or a recovery key, under a
    /// payload.
    struct Use: Sendable, Hashable {
        var payload: [UInt8]
        var signer: String
    }

    var chain: RosterChain?
    var cases: [Int: SuspensionCase] = [:]
    /// The numbers of the suspensions by the digests of their records.
    var numbers: [[UInt8]: Int] = [:]
    var used: Set<Use> = []
    var replacement: Replacement?
    /// Counts the changes.
    var version: UInt64 = 0

    init(chain: RosterChain?) { self.chain = chain }

    func found(_ number: Int) throws(VetoRefusal) -> SuspensionCase {
        guard let found = cases[number] else { throw .unknownNumber(number) }
        return found
    }

    // MARK: Orders

    mutating func order(_ suspension: Suspension, at time: VetoTime) throws(VetoRefusal) -> [VetoEvent] {
        guard case .standard = suspension.orderer else { throw .malformed("a person's order has to be signed") }
        if let defect = suspension.defect { throw .malformed("the suspension's \(defect)") }
        let current = chain?.current.version ?? 0
        // 0 where it was ordered before there was a roster.
        guard suspension.roster <= current else { throw .rosterVersion(signed: suspension.roster, current: current) }
        try add(suspension, at: time)
        return [.ordered(suspension)]
    }

    mutating func add(_ suspension: Suspension, at time: VetoTime) throws(VetoRefusal) {
        guard (1...Suspension.greatestNumber).contains(suspension.number) else {
            throw .malformed("the suspension's number is none")
        }
        guard cases[suspension.number] == nil else { throw .numberTaken(suspension.number) }
        let named = max(1, suspension.roster)
        let new = SuspensionCase(
            suspension, taken: time.wall, roster: chain?.counting(from: named, atLeast: VetoPolicy.restorers) ?? named)
        if let number = numbers[new.digest] { throw .replayed(number: number) }
        cases[suspension.number] = new
        numbers[new.digest] = suspension.number
    }

    // MARK: The way back

    mutating func green(_ number: Int, at time: VetoTime) throws(VetoRefusal) -> [VetoEvent] {
        let found = try inForce(number)
        guard case .standard(let id) = found.suspension.orderer, found.suspension.comesBack == .byItself else {
            throw .wrongPhase("S\(number) returns by people")
        }
        return verify(number, .standard(id), at: time)
    }

    mutating func expire(_ number: Int, at time: VetoTime) throws(VetoRefusal) -> [VetoEvent] {
        let found = try inForce(number)
        guard let expires = found.expires, expires <= time.wall else {
            throw .wrongPhase("the end of S\(number) has not come")
        }
        return verify(number, .expiry, at: time)
    }

    mutating func verify(_ number: Int, _ cause: VetoEvent.ReturnCause, at time: VetoTime) -> [VetoEvent] {
        cases[number]?.move(to: .verifying, at: time)
        return [.verifying(number: number, cause: cause)]
    }

    mutating func gate(
        _ number: Int, _ result: GateResult, at time: VetoTime
    ) throws(VetoRefusal) -> [VetoEvent] {
        let found = try found(number)
        switch (found.standing.phase, result) {
        case (.restored, _), (.lapsed, _): throw .alreadyOver(number: number)
        case (.suspended, _): throw .wrongPhase("S\(number) is not on its way back")
        case (.verifying, .whole): throw .wrongPhase("S\(number) must be half-open before it is restored")
        case (.verifying, .share(let percent)), (.halfOpen, .share(let percent)):
            guard (1...99).contains(percent) else { throw .malformed("a share is from 1 to 99 percent") }
            if case .halfOpen(let before) = found.standing.phase, percent <= before {
                throw .wrongPhase("S\(number) is half-open with \(before) percent already")
            }
            cases[number]?.move(to: .halfOpen(percent: percent), at: time)
            return [.halfOpen(number: number, percent: percent)]
        case (.halfOpen, .whole):
            cases[number]?.move(to: .restored, at: time)
            return [.restored(number: number)]
        case (.verifying, .failed(let reason)), (.halfOpen, .failed(let reason)):
            fail(number, reason, at: time)
            return [.gateFailed(number: number, reason: reason)]
        }
    }

    /// Back to the beginning: the approvals are spent, and so is an end that
    /// has passed, so that people decide next.
    private mutating func fail(_ number: Int, _ reason: String, at time: VetoTime) {
        guard var found = cases[number] else { return }
        found.move(to: .suspended, at: time)
        found.spendApprovals()
        found.standing.failure = GateFailure(time: time.wall, reason: reason)
        found.standing.attempt += 1
        if let expires = found.expires, expires <= time.wall { found.expires = nil }
        cases[number] = found
    }

    /// Returns a suspension that nobody brings back yet.
    func inForce(_ number: Int) throws(VetoRefusal) -> SuspensionCase {
        let found = try found(number)
        guard !found.standing.phase.isOver else { throw .alreadyOver(number: number) }
        guard found.standing.phase == .suspended else {
            throw .wrongPhase("S\(number) is on its way back already: \(found.standing.phase.name)")
        }
        return found
    }

    // MARK: Deadlines

    /// Returns what is due, in the order of the numbers.
    func due(at time: VetoTime, _ policy: VetoPolicy, clocksAgree: Bool) -> [VetoFact] {
        var facts: [VetoFact] = []
        guard Suspension.times.contains(time.wall) else { return facts }
        if let replacement, clocksAgree, replacement.due <= time.wall {
            facts.append(.replaced(version: replacement.roster.version, at: time))
        }
        for (number, found) in cases.sorted(by: { $0.key < $1.key }) where found.standing.phase == .suspended {
            if let expires = found.expires, expires <= time.wall, clocksAgree {
                facts.append(.expired(number: number, at: time))
            } else if found.isUnratified, time.wall - found.taken >= policy.ratifyWithin {
                if policy.unratified == .lapses, clocksAgree, found.mayLapse {
                    facts.append(.lapsed(number: number, at: time))
                } else if !found.standing.isOverdue {
                    facts.append(.overdue(number: number, at: time))
                }
            }
        }
        return facts
    }

    mutating func overdue(_ number: Int) throws(VetoRefusal) -> [VetoEvent] {
        let found = try inForce(number)
        guard found.isUnratified, !found.standing.isOverdue else {
            throw .wrongPhase("S\(number) is not waiting to be ratified")
        }
        cases[number]?.standing.isOverdue = true
        return [.overdue(number: number)]
    }

    mutating func lapse(_ number: Int, at time: VetoTime) throws(VetoRefusal) -> [VetoEvent] {
        let found = try inForce(number)
        guard found.isUnratified, found.mayLapse else {
            throw .wrongPhase("S\(number) is not waiting to be ratified")
        }
        cases[number]?.move(to: .lapsed, at: time)
        return [.lapsed(number: number)]
    }
}

extension SuspensionCase {
    /// True where a second person has to stand behind the order. A standard's
    /// order needs none.
    var isUnratified: Bool {
        guard case .person = suspension.orderer else { return false }
        return standing.ratifiedBy == nil
    }

    /// True until people, or a gate, have dealt with its return: what has
    /// failed a gate doesn't come back because nobody ratified it.
    var mayLapse: Bool { standing.attempt == 1 && approvals.isEmpty }
}
