/// The stored record of a key: its owner, its permissions and its limits, but never the key itself.
package struct KeyRecord: Sendable, Hashable {
    /// Short, safe to log, unique in a key file: `k_` and eight digits of the
    /// digest, or a ``SigningKeyID``.
    package var id: String
    /// The name that people gave the key.
    package var name: String
    /// The tenant that the key belongs to, if one Holdfast serves several.
    package var tenant: String?
    /// The fact by which a request's key is recognised.
    package var proof: KeyProof
    /// The routes it may use; nil is all of them and `provider/model` too.
    package var routes: Set<String>?
    /// True if the administrators' listener accepts the key.
    package var admin: Bool
    /// The limits on the key's use.
    package var limits: RateLimits
    /// The regions in which its requests may be served, as the settings name them; nil allows all.
    package var residency: [String]?
    /// The labs, hosts and regions that may not serve its requests.
    package var exclusions: Exclusions
    /// The facts about a hosted model that the key may obtain in addition to an answer's text.
    package var disclosures: Disclosures
    /// Top-level members that its requests may not have.
    package var forbidden: [String]
    /// The receiver of notices of what happens to models that it may use; nil
    /// is none.
    package var notify: KeyNotice?
    /// When it was made.
    package var created: UnixTime
    /// From when on it counts no more.
    package var expires: UnixTime?
    /// When it was revoked.
    package var revoked: UnixTime?

    /// A record; the id comes from the digest unless there is one already.
    package init(
        name: String, digest: KeyDigest, tenant: String? = nil, routes: Set<String>? = nil, admin: Bool = false,
        limits: RateLimits = RateLimits(), residency: [String]? = nil,
        exclusions: Exclusions = Exclusions(), disclosures: Disclosures = Disclosures(), forbidden: [String] = [],
        notify: KeyNotice? = nil, created: UnixTime,
        expires: UnixTime? = nil,
        revoked: UnixTime? = nil, id: String? = nil
    ) {
        self.init(
            id: id ?? "k_" + digest.hex.prefix(8), proof: .digest(digest), name: name, tenant: tenant, routes: routes,
            admin: admin, limits: limits, residency: residency, exclusions: exclusions, disclosures: disclosures,
            forbidden: forbidden, notify: notify, created: created, expires: expires, revoked: revoked)
    }

    /// The record of a key that signs requests.
    package init(
        name: String, id: SigningKeyID, seed: SigningSeed, tenant: String? = nil, routes: Set<String>? = nil,
        limits: RateLimits = RateLimits(), residency: [String]? = nil,
        exclusions: Exclusions = Exclusions(), disclosures: Disclosures = Disclosures(), forbidden: [String] = [],
        notify: KeyNotice? = nil, created: UnixTime, expires: UnixTime? = nil, revoked: UnixTime? = nil
    ) {
        self.init(
            id: id.text, proof: .signature(seed), name: name, tenant: tenant, routes: routes, admin: false,
            limits: limits, residency: residency, exclusions: exclusions, disclosures: disclosures,
            forbidden: forbidden, notify: notify, created: created, expires: expires, revoked: revoked)
    }

    private init(
        id: String, proof: KeyProof, name: String, tenant: String?, routes: Set<String>?, admin: Bool,
        limits: RateLimits, residency: [String]?, exclusions: Exclusions, disclosures: Disclosures,
        forbidden: [String], notify: KeyNotice?, created: UnixTime, expires: UnixTime?, revoked: UnixTime?
    ) {
        self.id = id
        self.proof = proof
        self.name = name
        self.tenant = tenant
        self.routes = routes
        self.admin = admin
        self.limits = limits
        self.residency = residency
        self.exclusions = exclusions
        self.disclosures = disclosures
        self.forbidden = forbidden
        self.notify = notify
        self.created = created
        self.expires = expires
        self.revoked = revoked
    }

    /// The digest by which a presented key is recognised; nil for a key that
    /// signs and is never presented.
    package var digest: KeyDigest? {
        if case .digest(let digest) = proof { digest } else { nil }
    }
}

/// The fact by which a request's key is recognised.
package enum KeyProof: Sendable, Hashable {
    /// The request presents the key, which has this digest.
    case digest(KeyDigest)
    /// The request is signed (SigV4) with the secret that comes of this seed.
    case signature(SigningSeed)
}

/// The receiver of a key's notices.
package enum KeyNotice: Sendable, Hashable {
    /// A webhook of the settings, by its name.
    case webhook(String)
    /// An address of the key's owner.
    /// - Parameter secret: signs the notices, as Standard Webhooks says.
    case url(String, secret: String)

    /// Returns whether a text can be the address of a receiver: `https` or
    /// `http`, of printable ASCII without blanks, 2,048 bytes at most.
    package static func isAddress(_ text: String) -> Bool {
        let lower = text.lowercased()
        return text.utf8.count <= 2048 && (lower.hasPrefix("https://") || lower.hasPrefix("http://"))
            && text.unicodeScalars.allSatisfy { $0.isASCII && $0.value > 0x20 && $0.value < 0x7F }
    }
}

/// Labs, hosts and regions, as they are named in the settings, that may not
/// serve a key's requests.
///
/// It fails closed: where one is excluded, a candidate that doesn't say whose
/// it is is excluded too.
package struct Exclusions: Sendable, Hashable {
    package var labs: [String]
    package var hosts: [String]
    package var regions: [String]

    package init(labs: [String] = [], hosts: [String] = [], regions: [String] = []) {
        self.labs = labs
        self.hosts = hosts
        self.regions = regions
    }

    package var isEmpty: Bool { labs.isEmpty && hosts.isEmpty && regions.isEmpty }

    /// The reason why a candidate may not serve, as the end of a sentence; nil if it may.
    package func reason(against lab: String?, host: String?, region: String?) -> String? {
        for (kind, excluded, own) in [("lab", labs, lab), ("host", hosts, host), ("region", regions, region)]
        where !excluded.isEmpty {
            guard let own else { return "its \(kind) is not said" }
            if excluded.contains(own) { return "its \(kind) is \(own)" }
        }
        return nil
    }
}

/// The outputs of hosted models that a key may request although the models' weights can be measured with them. The
/// default is none.
package struct Disclosures: Sendable, Hashable {
    /// `logprobs`, metered.
    package var logprobs: Bool
    /// `logit_bias`, and penalties beside a schema or tools; metered.
    package var logitBias: Bool

    package init(logprobs: Bool = false, logitBias: Bool = false) {
        self.logprobs = logprobs
        self.logitBias = logitBias
    }
}

/// The limits of a key for each minute; nil means without a limit.
package struct RateLimits: Sendable, Hashable {
    /// Requests, counted when they are admitted.
    package var requestsPerMinute: Int?
    /// Tokens of prompts and answers, set aside when a request is admitted and
    /// counted when it is done.
    package var tokensPerMinute: Int?

    /// Limits; none unless given, and those given are 1 or more.
    package init(requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil) {
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
    }

    /// True if there is no limit.
    package var isEmpty: Bool { requestsPerMinute == nil && tokensPerMinute == nil }
}
