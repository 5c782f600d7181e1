/// What is stored of a key: who it is for, what it may do, never the key.
package struct KeyRecord: Sendable, Hashable {
    /// Short, safe to log, unique in a key file: `k_` and eight digits of the
    /// digest.
    package var id: String
    /// What people call it.
    package var name: String
    /// Whose it is, where one Holdfast serves several.
    package var tenant: String?
    /// What a presented key is recognised by.
    package var digest: KeyDigest
    /// The routes it may use; nil is all of them and `provider/model` too.
    package var routes: Set<String>?
    /// Whether the admin listener takes it.
    package var admin: Bool
    /// What it may use up.
    package var limits: RateLimits
    /// Where its requests may be served, as regions are named in the
    /// settings; nil is anywhere.
    package var residency: [String]?
    /// Who may not serve its requests.
    package var exclusions: Exclusions
    /// What it may be told of a hosted model beside an answer's words.
    package var disclosures: Disclosures
    /// Top-level members that its requests may not have.
    package var forbidden: [String]
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
        created: UnixTime,
        expires: UnixTime? = nil,
        revoked: UnixTime? = nil, id: String? = nil
    ) {
        self.id = id ?? "k_" + digest.hex.prefix(8)
        self.name = name
        self.tenant = tenant
        self.digest = digest
        self.routes = routes
        self.admin = admin
        self.limits = limits
        self.residency = residency
        self.exclusions = exclusions
        self.disclosures = disclosures
        self.forbidden = forbidden
        self.created = created
        self.expires = expires
        self.revoked = revoked
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

    /// Why a candidate may not serve, as the end of a sentence; nil if it may.
    package func reason(against lab: String?, host: String?, region: String?) -> String? {
        for (kind, excluded, own) in [("lab", labs, lab), ("host", hosts, host), ("region", regions, region)]
        where !excluded.isEmpty {
            guard let own else { return "its \(kind) is not said" }
            if excluded.contains(own) { return "its \(kind) is \(own)" }
        }
        return nil
    }
}

/// What a key may ask of models that are hosted here, by which their weights
/// can be measured. Nothing unless somebody says so.
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

/// How much a key may use up in a minute; nil is without a limit.
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

    /// Whether nothing is limited.
    package var isEmpty: Bool { requestsPerMinute == nil && tokensPerMinute == nil }
}
