import Signing

/// The machine's knowledge of one suspension.
struct SuspensionCase: Sendable, Hashable {
    /// The word of one person for a return, or for an earlier end.
    struct Approval: Sendable, Hashable {
        var person: String
        var key: ECPublicKey
        /// Seconds since 1970.
        var notAfter: Int
        /// True where the model may return though it may be another.
        var modelMayDiffer: Bool
    }

    let suspension: Suspension
    /// ``Suspension/digest``, which people sign.
    let digest: [UInt8]
    /// Seconds since 1970, when the machine took the order.
    let taken: Int
    /// The version of the roster by which people count for it.
    let roster: Int
    var standing: SuspensionStanding
    /// For the attempt that is being approved.
    var approvals: [Approval] = []
    /// For an earlier end, by the end that they name.
    var shortenings: [Int: [Approval]] = [:]
    /// The end in force, in seconds since 1970; nil where there is none, or
    /// where it has passed and the gate has failed.
    var expires: Int?

    init(_ suspension: Suspension, taken: Int, roster: Int) {
        self.suspension = suspension
        digest = suspension.digest
        self.taken = taken
        self.roster = roster
        standing = SuspensionStanding(since: taken)
        expires = suspension.expires
    }

    var number: Int { suspension.number }

    /// As the index shows it.
    var entry: SuspensionIndex.Entry {
        var shown = suspension
        shown.expires = expires
        return SuspensionIndex.Entry(shown, standing.phase)
    }

    mutating func move(to phase: SuspensionPhase, at time: VetoTime) {
        standing.phase = phase
        standing.since = time.wall
    }

    /// Ends the approvals, and the words for an earlier end, of those who no
    /// longer count.
    /// - Returns: the people whose approvals of a return have ended.
    mutating func endApprovals(unless counts: (Approval) -> Bool) -> [String] {
        let ended = approvals.filter { !counts($0) }.map(\.person)
        approvals.removeAll { !counts($0) }
        shortenings = shortenings.mapValues { $0.filter(counts) }.filter { !$0.value.isEmpty }
        showApprovals()
        return ended
    }

    /// The earlier ends that one more signature may bring into force.
    func proposedEnds(at wall: Int) -> [ProposedEnd] {
        guard standing.phase == .suspended else { return [] }
        return shortenings.compactMap { end, approvals in
            let people = approvals.filter { $0.notAfter >= wall }.map(\.person)
            guard !people.isEmpty, expires.map({ end < $0 }) ?? true else { return nil }
            return ProposedEnd(expires: end, people: people)
        }.sorted { $0.expires < $1.expires }
    }

    mutating func spendApprovals() {
        approvals = []
        showApprovals()
    }

    mutating func showApprovals() {
        standing.approvers = approvals.map(\.person)
        standing.modelMayDiffer = !approvals.isEmpty && approvals.allSatisfy(\.modelMayDiffer)
    }
}

/// An earlier end of a suspension for which fewer people have signed than must.
package struct ProposedEnd: Sendable, Hashable {
    /// Seconds since 1970.
    package var expires: Int
    /// In the order of their signatures.
    package var people: [String]
}
