/// One suspension, as it was ordered. None of it changes afterwards, except
/// what ``SuspensionStanding`` says.
package struct Suspension: Sendable, Hashable {
    /// The way in which running requests end.
    package enum Mode: String, Sendable, CaseIterable {
        /// Running requests finish within ``Suspension/drainLimit``; new ones
        /// are refused.
        case drain
        /// Running requests end now.
        case cut
    }

    /// The orderer of a suspension.
    package enum Orderer: Sendable, Hashable {
        /// A person of the roster, by name.
        case person(String)
        /// A standard of `standards.yaml`, by id.
        case standard(String)

        /// `person:alice`, `standard:custody-receipt`.
        package var text: String {
            switch self {
            case .person(let name): "person:\(name)"
            case .standard(let id): "standard:\(id)"
            }
        }
    }

    /// The way back for a suspension that a standard ordered.
    package enum Return: String, Sendable {
        /// Two people restore it.
        case people
        /// The suspension ends by itself once the standard has been green for
        /// long enough.
        case byItself = "by-itself"
    }

    /// Counts all suspensions of an installation from 1.
    package var number: Int
    /// One or more; the suspension stops what any of them covers.
    package var scopes: [SuspendedScope]
    package var mode: Mode
    /// Seconds that running requests have left under ``Mode/drain``.
    package var drainLimit: Int
    /// True where streams that are cut may go on with a standby outside of the
    /// scope.
    package var mayContinue: Bool
    package var reason: SuspensionReason
    package var orderer: Orderer
    /// Seconds since 1970.
    package var ordered: Int
    /// The time of its end, in seconds since 1970; nil where only people end
    /// it. The end passes the gate, as a restoration does.
    package var expires: Int?
    /// The version of the roster when it was ordered; a person who joined in a
    /// later version doesn't count for it. 0 where there was no roster.
    package var roster: Int
    package var comesBack: Return
    /// A random text, so that no two orders have one digest.
    package var nonce: String

    package init(
        number: Int, scopes: [SuspendedScope], mode: Mode = .cut, drainLimit: Int = 30, mayContinue: Bool = true,
        reason: SuspensionReason, orderer: Orderer, ordered: Int, expires: Int? = nil, roster: Int,
        comesBack: Return = .people, nonce: String
    ) {
        self.number = number
        self.scopes = scopes
        self.mode = mode
        self.drainLimit = drainLimit
        self.mayContinue = mayContinue
        self.reason = reason
        self.orderer = orderer
        self.ordered = ordered
        self.expires = expires
        self.roster = roster
        self.comesBack = comesBack
        self.nonce = nonce
    }

    /// The id in commands, errors and records: `S12`.
    package var id: String { "S\(number)" }
}

/// The reason for a suspension.
package struct SuspensionReason: Sendable, Hashable {
    package enum Code: String, Sendable, CaseIterable {
        case security, legal, quality, cost, other
    }

    package var code: Code
    /// The legal basis, e.g. a recall; required for ``Code/legal``, nil for
    /// others.
    package var basis: String?
    /// For people. Never told to callers unless ``isPublic``.
    package var text: String
    /// A reference to evidence, e.g. a ticket; never told to callers.
    package var evidence: String?
    /// True where the text may be told to callers and published.
    package var isPublic: Bool

    package init(
        _ code: Code, basis: String? = nil, text: String, evidence: String? = nil, isPublic: Bool = false
    ) {
        self.code = code
        self.basis = basis
        self.text = text
        self.evidence = evidence
        self.isPublic = isPublic
    }
}

/// The place of a suspension on its way from the order to its end.
package enum SuspensionPhase: Sendable, Hashable {
    /// In force.
    case suspended
    /// Approved by two people, or expired, or green again: only the gate's own
    /// requests reach what it covers.
    case verifying
    /// A share of the requests is let through, in percent.
    case halfOpen(percent: Int)
    /// Over.
    case restored
    /// Over: nobody ratified it in time, and the settings let it lapse.
    case lapsed

    /// `suspended`, `verifying`, `half-open`, `restored`, `lapsed`.
    package var name: String {
        switch self {
        case .suspended: "suspended"
        case .verifying: "verifying"
        case .halfOpen: "half-open"
        case .restored: "restored"
        case .lapsed: "lapsed"
        }
    }

    package var isOver: Bool { self == .restored || self == .lapsed }
}

/// The state of one suspension: what has become of the order.
package struct SuspensionStanding: Sendable, Hashable {
    package var phase = SuspensionPhase.suspended
    /// Seconds since 1970 since when it is in this phase.
    package var since: Int
    /// The second person; nil while it is unratified.
    package var ratifiedBy: String?
    /// True once the deadline has passed without a second person.
    package var isOverdue = false
    /// The people who have approved the restoration that is under way, in the
    /// order of their approvals; spent when the gate fails.
    package var approvers: [String] = []
    /// Counts the attempts to bring it back, from 1: goes up when the gate
    /// fails. People approve one attempt.
    package var attempt = 1
    /// True where all who approved let the model return though it isn't shown
    /// to be the same as before.
    package var modelMayDiffer = false
    /// The newest failure of its gate; nil where none has failed.
    package var failure: GateFailure?

    package init(since: Int) { self.since = since }
}

/// The failure of a gate.
package struct GateFailure: Sendable, Hashable {
    /// Seconds since 1970.
    package var time: Int
    package var reason: String

    package init(time: Int, reason: String) {
        self.time = time
        self.reason = reason
    }
}
