/// `GET /admin/suspensions`: the suspensions, the newest first; those that are
/// over, too.
package struct SuspensionsView: Codable, Sendable, Hashable {
    package var suspensions: [SuspensionView]
    /// The version of the roster in force; 0 where there is none.
    package var roster: Int

    package init(suspensions: [SuspensionView], roster: Int) {
        self.suspensions = suspensions
        self.roster = roster
    }
}

/// A suspension.
package struct SuspensionView: Codable, Sendable, Hashable {
    package struct Reason: Codable, Sendable, Hashable {
        package var code: String
        package var basis: String?
        package var text: String
        package var evidence: String?
        package var isPublic: Bool

        package init(code: String, basis: String?, text: String, evidence: String?, isPublic: Bool) {
            self.code = code
            self.basis = basis
            self.text = text
            self.evidence = evidence
            self.isPublic = isPublic
        }
    }

    /// `S12`.
    package var id: String
    package var number: Int
    package var scopes: [String]
    package var mode: String
    package var reason: Reason
    /// `person:alice` or `standard:custody-receipt`.
    package var orderedBy: String
    /// Seconds since 1970.
    package var ordered: Int
    package var expires: Int?
    package var phase: String
    package var standing: SuspensionStandingView
    /// SHA-256 of the canonical record, in hexadecimal digits.
    package var digest: String

    package init(
        id: String, number: Int, scopes: [String], mode: String, reason: Reason, orderedBy: String, ordered: Int,
        expires: Int? = nil, phase: String, standing: SuspensionStandingView, digest: String
    ) {
        self.id = id
        self.number = number
        self.scopes = scopes
        self.mode = mode
        self.reason = reason
        self.orderedBy = orderedBy
        self.ordered = ordered
        self.expires = expires
        self.phase = phase
        self.standing = standing
        self.digest = digest
    }
}

/// The state of a suspension.
package struct SuspensionStandingView: Codable, Sendable, Hashable {
    /// Since when it is in its phase, in seconds since 1970.
    package var since: Int
    package var ratifiedBy: String?
    package var isOverdue: Bool
    package var approvers: [String]
    /// The share that is let through while it is half-open, in percent.
    package var percent: Int?
    /// The conditions of the gate, once it verifies.
    package var gate: [GateConditionView]
    /// The newest failure of its gate; nil where none has failed.
    package var failure: GateFailureView?
    /// The earlier ends for which one more person has to sign; nil where there
    /// are none.
    package var proposedEnds: [ProposedEndView]?

    package init(
        since: Int, ratifiedBy: String? = nil, isOverdue: Bool = false, approvers: [String] = [], percent: Int? = nil,
        gate: [GateConditionView] = [], failure: GateFailureView? = nil, proposedEnds: [ProposedEndView]? = nil
    ) {
        self.since = since
        self.ratifiedBy = ratifiedBy
        self.isOverdue = isOverdue
        self.approvers = approvers
        self.percent = percent
        self.gate = gate
        self.failure = failure
        self.proposedEnds = proposedEnds
    }
}

/// An earlier end of a suspension that a person has signed, and a second person
/// has not.
package struct ProposedEndView: Codable, Sendable, Hashable {
    /// Seconds since 1970.
    package var expires: Int
    package var people: [String]

    package init(expires: Int, people: [String]) {
        self.expires = expires
        self.people = people
    }
}

/// The failure of a gate, after which people approve anew.
package struct GateFailureView: Codable, Sendable, Hashable {
    /// Seconds since 1970.
    package var time: Int
    package var reason: String

    package init(time: Int, reason: String) {
        self.time = time
        self.reason = reason
    }
}

/// One condition that the gate asks for.
package struct GateConditionView: Codable, Sendable, Hashable {
    package var name: String
    /// `waiting`, `passed` or `failed`.
    package var state: String
    package var detail: String?

    package init(name: String, state: String, detail: String? = nil) {
        self.name = name
        self.state = state
        self.detail = detail
    }
}
