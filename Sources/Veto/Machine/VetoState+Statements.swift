import Signing

extension VetoState {
    /// Takes a statement whose signatures hold, if its signers may decide that,
    /// now, about exactly that.
    mutating func take(
        _ verified: VerifiedStatement, number: Int?, at time: VetoTime
    ) throws(VetoRefusal) -> [VetoEvent] {
        let statement = verified.statement
        if case .found(let first) = statement.decision { return try found(first, by: verified.signers) }
        guard let chain else { throw .noRoster }
        guard statement.installation == chain.current.installation else {
            throw .wrongInstallation(statement.installation)
        }
        if case .replace(let next) = statement.decision { return try replace(verified, next, chain, at: time) }
        try mustBeFresh(statement, at: time)
        let signers = try people(verified, chain)
        try RosterChain.mustBeDistinct(signers.map(\.member))
        switch statement.decision {
        case .order(let suspensions): return try order(verified, suspensions, signers, number, at: time)
        case .ratify(let target): return try ratify(verified, target, signers)
        case .restore(let target, let conditions):
            return try restore(verified, target, conditions, signers, at: time)
        case .shorten(let target, let expires): return try shorten(verified, target, expires, signers, at: time)
        case .roster(let next): return try follow(verified, next, signers)
        case .cancel(let version, let digest): return try cancel(verified, version, digest, signers)
        case .found, .replace: throw .recoveryKeyIsNoPerson
        }
    }

    /// A signature with the person behind it.
    struct Signer {
        var key: ECPublicKey
        var member: RosterChain.Member
    }

    // MARK: What all statements must be

    /// An order counts however late it comes: it only stops. Everything else
    /// has its time.
    private func mustBeFresh(_ statement: VetoStatement, at time: VetoTime) throws(VetoRefusal) {
        if case .order = statement.decision { return }
        guard statement.notAfter >= time.wall else { throw .stale(seconds: time.wall - statement.notAfter) }
        guard statement.notAfter - time.wall <= VetoStatement.longest else {
            throw .tooLong(seconds: statement.notAfter - time.wall)
        }
    }

    /// Returns the people who signed, all of them in the roster in force. The
    /// keys that the statement brings decide nothing.
    private func people(_ verified: VerifiedStatement, _ chain: RosterChain) throws(VetoRefusal) -> [Signer] {
        var signers: [Signer] = []
        let brought = verified.statement.brought.map { chain.newKeys(of: $0) } ?? []
        for key in verified.signers where !brought.contains(key) {
            if let member = chain.member(key) {
                signers.append(Signer(key: key, member: member))
            } else if let person = chain.owner(of: key) {
                throw .notInRosterNow(person: person)
            } else if chain.keys.contains(key) {
                throw .recoveryKeyIsNoPerson
            } else {
                throw .unknownSigner("it is signed by a key that is not in the roster, \(key.hint)")
            }
        }
        let signed = verified.statement.roster
        let current = chain.current.version
        switch verified.statement.decision {
        // What stops, or stands behind a stop, may be signed before a change of
        // the roster: the signer counted then and counts now.
        case .order, .ratify:
            guard signed <= current else { throw .rosterVersion(signed: signed, current: current) }
            for signer in signers where signer.member.since > signed {
                throw .notInRosterThen(person: signer.member.person, since: signer.member.since, ordered: signed)
            }
        default: guard signed == current else { throw .rosterVersion(signed: signed, current: current) }
        }
        return signers
    }

    /// Returns the suspension that a statement is about, if it is exactly that
    /// one, and all signers count for it.
    private func target(_ target: VetoTarget, _ signers: [Signer]) throws(VetoRefusal) -> SuspensionCase {
        let found = try found(target.number)
        guard found.digest == target.digest else { throw .wrongDigest("S\(target.number)") }
        guard found.suspension.scopes.map({ Array($0.text.utf8) }) == target.scopes.map({ Array($0.text.utf8) }) else {
            throw .rescoped(number: target.number)
        }
        guard !found.standing.phase.isOver else { throw .alreadyOver(number: target.number) }
        for signer in signers where signer.member.since > found.roster {
            throw .notInRosterThen(person: signer.member.person, since: signer.member.since, ordered: found.roster)
        }
        return found
    }

    /// Returns the signers whose signatures under this payload are new.
    private func fresh(_ verified: VerifiedStatement, _ signers: [Signer]) throws(VetoRefusal) -> [Signer] {
        let new = signers.filter { !used.contains(Use(payload: verified.digest, signer: $0.member.person)) }
        guard !new.isEmpty else { throw .replayed(number: verified.statement.number) }
        return new
    }

    private mutating func use(_ verified: VerifiedStatement, _ signers: [Signer]) {
        for signer in signers { used.insert(Use(payload: verified.digest, signer: signer.member.person)) }
    }

    // MARK: Orders

    private mutating func order(
        _ verified: VerifiedStatement, _ suspensions: [Suspension], _ signers: [Signer], _ number: Int?,
        at time: VetoTime
    ) throws(VetoRefusal) -> [VetoEvent] {
        guard let number, (1...Suspension.greatestNumber).contains(number) else {
            throw .malformed("the order has no number")
        }
        for suspension in suspensions {
            if let taken = numbers[suspension.digest] { throw .replayed(number: taken) }
        }
        var events: [VetoEvent] = []
        for (index, given) in suspensions.enumerated() {
            guard case .person(let orderer) = given.orderer,
                signers.contains(where: { $0.member.person == orderer })
            else { throw .unknownSigner("the order is not signed by its orderer, \(given.orderer.text)") }
            var suspension = given
            suspension.number = number + index
            try add(suspension, at: time)
            events.append(.ordered(suspension))
            // Two people who order together need no third.
            if let second = signers.first(where: { $0.member.person != orderer }) {
                cases[suspension.number]?.standing.ratifiedBy = second.member.person
                events.append(.ratified(number: suspension.number, by: second.member.person))
            }
        }
        use(verified, signers)
        return events
    }

    private mutating func ratify(
        _ verified: VerifiedStatement, _ target: VetoTarget, _ signers: [Signer]
    ) throws(VetoRefusal) -> [VetoEvent] {
        let found = try self.target(target, signers)
        let new = try fresh(verified, signers)
        guard case .person(let orderer) = found.suspension.orderer else {
            throw .wrongPhase("a standard ordered S\(target.number), and nobody has to ratify it")
        }
        if let before = found.standing.ratifiedBy { throw .wrongPhase("S\(target.number) is ratified, by \(before)") }
        guard let second = new.first(where: { $0.member.person != orderer }) else {
            throw .selfApproval(person: orderer)
        }
        cases[target.number]?.standing.ratifiedBy = second.member.person
        cases[target.number]?.standing.isOverdue = false
        use(verified, new)
        return [.ratified(number: target.number, by: second.member.person)]
    }

    // MARK: The way back

    private mutating func restore(
        _ verified: VerifiedStatement, _ target: VetoTarget, _ conditions: RestoreConditions, _ signers: [Signer],
        at time: VetoTime
    ) throws(VetoRefusal) -> [VetoEvent] {
        var found = try self.target(target, signers)
        let new = try fresh(verified, signers)
        _ = try inForce(target.number)
        guard conditions.attempt == found.standing.attempt else {
            throw .spentAttempt(number: target.number, signed: conditions.attempt, current: found.standing.attempt)
        }
        var events = found.endApprovals { $0.notAfter >= time.wall }
            .map { VetoEvent.approvalEnded(number: target.number, by: $0) }
        events += try Self.add(new, verified.statement.notAfter, conditions.modelMayDiffer, to: &found.approvals)
            .map { .approved(number: target.number, by: $0) }
        found.showApprovals()
        cases[target.number] = found
        use(verified, new)
        if found.approvals.count >= VetoPolicy.restorers {
            events += verify(target.number, .people(found.standing.approvers), at: time)
        }
        return events
    }

    private mutating func shorten(
        _ verified: VerifiedStatement, _ target: VetoTarget, _ expires: Int, _ signers: [Signer], at time: VetoTime
    ) throws(VetoRefusal) -> [VetoEvent] {
        var found = try self.target(target, signers)
        let new = try fresh(verified, signers)
        _ = try inForce(target.number)
        guard expires > found.suspension.ordered, found.expires.map({ expires < $0 }) ?? true else {
            throw .notShorter(number: target.number)
        }
        var events = found.endApprovals { $0.notAfter >= time.wall }
            .map { VetoEvent.approvalEnded(number: target.number, by: $0) }
        _ = try Self.add(new, verified.statement.notAfter, false, to: &found.shortenings[expires, default: []])
        use(verified, new)
        let people = (found.shortenings[expires] ?? []).map(\.person)
        if people.count >= VetoPolicy.restorers {
            found.expires = expires
            found.shortenings = [:]
            events.append(.shortened(number: target.number, expires: expires, by: people))
        }
        cases[target.number] = found
        return events
    }

    /// Adds approvals of people who have not approved yet.
    /// - Returns: their names.
    private static func add(
        _ signers: [Signer], _ notAfter: Int, _ modelMayDiffer: Bool, to approvals: inout [SuspensionCase.Approval]
    ) throws(VetoRefusal) -> [String] {
        var added: [String] = []
        for signer in signers {
            let person = signer.member.person
            guard !approvals.contains(where: { $0.person == person }) else { throw .selfApproval(person: person) }
            approvals.append(
                .init(person: person, key: signer.key, notAfter: notAfter, modelMayDiffer: modelMayDiffer))
            added.append(person)
        }
        return added
    }

    // MARK: The roster

    mutating func found(_ roster: Roster) throws(VetoRefusal) -> [VetoEvent] {
        guard chain == nil else { throw .brokenChain("there is a roster already") }
        chain = try RosterChain(founding: roster)
        return rosterHasChanged(roster)
    }

    /// Takes version 1, of which every key has signed.
    private mutating func found(_ roster: Roster, by signers: [ECPublicKey]) throws(VetoRefusal) -> [VetoEvent] {
        let keys = Set(roster.peoplesKeys)
        for key in signers where !keys.contains(key) {
            throw .unknownSigner("it is signed by a key that is not in that roster, \(key.hint)")
        }
        let events = try found(roster)
        try Self.mustBeHeld(roster, by: signers, after: nil)
        return events
    }

    /// Refuses a version with a key that has not signed it. Each must be in
    /// somebody's hands: else people could be counted on who can sign nothing,
    /// or a key be claimed that is another's.
    /// - Parameter chain: the versions before; nil where there is none.
    private static func mustBeHeld(
        _ next: Roster, by signers: [ECPublicKey], after chain: RosterChain?
    ) throws(VetoRefusal) {
        let new = chain?.newKeys(of: next) ?? Set(next.peoplesKeys)
        for person in next.people {
            for key in person.keys where new.contains(key) && !signers.contains(key) {
                throw .notHeld(person: person.name, key: key.hint)
            }
        }
    }

    private mutating func follow(
        _ verified: VerifiedStatement, _ next: Roster, _ signers: [Signer]
    ) throws(VetoRefusal) -> [VetoEvent] {
        // Newcomers alone.
        guard !signers.isEmpty else { throw .notEnough(have: 0, need: chain?.current.threshold ?? 0) }
        _ = try fresh(verified, signers)
        let members = signers.map(\.member)
        try chain?.check(next, signedBy: members)
        try Self.mustBeHeld(next, by: verified.signers, after: chain)
        chain?.follow(next, signedBy: members)
        use(verified, signers)
        return rosterHasChanged(next)
    }

    private mutating func replace(
        _ verified: VerifiedStatement, _ next: Roster, _ chain: RosterChain, at time: VetoTime
    ) throws(VetoRefusal) -> [VetoEvent] {
        try mustBeFresh(verified.statement, at: time)
        let brought = chain.newKeys(of: next)
        let sealed = verified.signers.filter { !brought.contains($0) }
        for key in sealed where !chain.isRecoveryKey(key) {
            if let person = chain.owner(of: key) { throw .notARecoveryKey(person: person) }
            throw .unknownSigner("it is signed by a key that is no recovery key of the roster, \(key.hint)")
        }
        guard verified.statement.roster == chain.current.version else {
            throw .rosterVersion(signed: verified.statement.roster, current: chain.current.version)
        }
        let need = chain.current.recovery?.threshold ?? 1
        guard sealed.count >= need else { throw .notEnough(have: sealed.count, need: need) }
        try chain.mustFollow(next)
        try Self.mustBeHeld(next, by: verified.signers, after: chain)
        // One use of the payload spends it: those who sealed the keys sign anew
        // after a person has cancelled.
        guard used.insert(Use(payload: verified.digest, signer: "")).inserted else { throw .replayed(number: nil) }
        guard replacement == nil else { throw .wrongPhase("a replacement of the roster is announced already") }
        let due = time.wall + VetoPolicy.replacementDelay
        replacement = Replacement(roster: next, digest: next.digest, due: due)
        return [.replacementAnnounced(version: next.version, due: due)]
    }

    private mutating func cancel(
        _ verified: VerifiedStatement, _ version: Int, _ digest: [UInt8], _ signers: [Signer]
    ) throws(VetoRefusal) -> [VetoEvent] {
        _ = try fresh(verified, signers)
        guard let replacement else { throw .wrongPhase("no replacement of the roster is announced") }
        guard replacement.roster.version == version, replacement.digest == digest else {
            throw .wrongDigest("the replacement that is announced")
        }
        self.replacement = nil
        use(verified, signers)
        return [.replacementCancelled(version: version, by: signers[0].member.person)]
    }

    /// The replacement that was announced takes force.
    mutating func replace(_ version: Int, at time: VetoTime) throws(VetoRefusal) -> [VetoEvent] {
        guard let next = replacement, next.roster.version == version, next.due <= time.wall else {
            throw .wrongPhase("no replacement of the roster is due")
        }
        try chain?.mustFollow(next.roster)
        chain?.replace(by: next.roster)
        replacement = nil
        return rosterHasChanged(next.roster)
    }

    /// Ends the approvals of those who don't count any more, and a replacement
    /// of a roster that isn't there any more.
    private mutating func rosterHasChanged(_ next: Roster) -> [VetoEvent] {
        var events: [VetoEvent] = [.roster(version: next.version, digest: Roster.hex(next.digest))]
        if let old = replacement {
            replacement = nil
            events.append(.replacementCancelled(version: old.roster.version, by: nil))
        }
        guard let chain else { return events }
        for (number, found) in cases.sorted(by: { $0.key < $1.key }) where found.standing.phase == .suspended {
            let ended = cases[number]?.endApprovals { approval in
                chain.member(approval.key).map { $0.person == approval.person && $0.since <= found.roster } ?? false
            }
            events += (ended ?? []).map { .approvalEnded(number: number, by: $0) }
        }
        return events
    }
}
