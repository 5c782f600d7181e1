package import Failures

/// A decision to send nothing somewhere, and the evidence for it.
package struct Hold: Sendable, Hashable {
    package enum Firmness: String, Sendable, Hashable {
        /// Traffic gave rise to it: it moves requests to others and refuses
        /// none, and a probe is to confirm or lift it.
        case provisional
        /// Confirmed, or an administrator's: until restored, or until a probe
        /// is answered where one is made.
        case lasting
        /// Throttled, until a tick.
        case timed
    }

    package enum Origin: String, Sendable, Hashable {
        case traffic
        case probe
        case administrator
    }

    /// Short, and the same for the same cause, scope and place, also after a
    /// restart.
    package var id: String
    package var ground: HoldGround
    package var scope: Scope
    /// The authority.
    package var host: String
    /// The key's fingerprint; empty where the scope does not reach it.
    package var credential: String
    /// Empty where the scope does not reach it.
    package var model: String
    /// The provider whose answer gave rise to the hold.
    package var provider: String
    package var firmness: Firmness
    package var origin: Origin
    /// The ground, or `misconfigured` for an ambiguous withdrawal of a model
    /// that has never answered.
    package var name: String
    /// Seconds since 1970.
    package var since: Int
    /// When a timed one ends.
    package var until: Duration?
    /// The provider's own.
    package var words: String
    /// The rule that decided.
    package var rule: String
    package var status: Int?
    /// The administrator who has acknowledged the hold, or placed it by hand.
    package var acknowledgedBy: String?
    /// The reason of a hold that was placed by hand.
    package var reason: String?
    /// The keys for whose requests it counts until a probe has confirmed it;
    /// nil is everybody's.
    package var keys: Set<String>?

    package init(
        id: String, ground: HoldGround, scope: Scope, host: String, credential: String, model: String, provider: String,
        firmness: Firmness, origin: Origin, name: String, since: Int, until: Duration? = nil, words: String = "",
        rule: String = "", status: Int? = nil, acknowledgedBy: String? = nil, reason: String? = nil
    ) {
        self.id = id
        self.ground = ground
        self.scope = scope
        self.host = host
        self.credential = credential
        self.model = model
        self.provider = provider
        self.firmness = firmness
        self.origin = origin
        self.name = name
        self.since = since
        self.until = until
        self.words = words
        self.rule = rule
        self.status = status
        self.acknowledgedBy = acknowledgedBy
        self.reason = reason
    }

    /// The failure that it is for; nil where a person holds it.
    package var cause: Cause? {
        if case .failure(let cause) = ground { cause } else { nil }
    }

    /// Tells whether a restart has to remember it: no wait, and nothing that counts
    /// for some callers only.
    package var isPersistent: Bool { firmness != .timed && keys == nil }

    /// A place that it concerns; of what its scope does not reach, nothing
    /// is said.
    var place: Target { Target(provider: provider, host: host, credential: credential, model: model) }
}
