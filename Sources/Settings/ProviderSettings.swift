package import Conversation
package import Routing

/// One entry of `providers`: a provider and the way to reach it.
package struct ProviderSettings: Sendable, Hashable {
    /// The kind of a provider.
    package enum Kind: Sendable, Hashable {
        /// An API that another party runs.
        case remote(RemoteProvider)
        /// A model that Holdfast hosts itself (`dialect: engine`).
        case engine(EngineProvider)

        /// The region of a cloud's own, where the provider is one.
        var cloudRegion: String? {
            if case .remote(let remote) = self { remote.cloud?.region } else { nil }
        }
    }

    /// The key under `providers`.
    package var name: String
    /// The kind of the provider, with the way to reach it.
    package var kind: Kind
    /// `models`: the models that requests may name there. If it is left out, a remote provider takes any model, and an
    /// engine has one model, named like its file.
    package var models: ProviderFacts.Models
    /// `lab`: the maker of the models.
    package var lab: String?
    /// `host`: the operator of the models; `self` for engines by default.
    package var host: String?
    /// `region`: the region in which the models run.
    package var region: String?
    /// `key_custodian`: the party that holds the account and its keys.
    package var custodian: String?
    /// `contract`: a template's name, or the path of a contract's file; nil is
    /// none that is known.
    package var contract: String?
    /// `context`: the most tokens that one request may use, prompt and
    /// answer together; 4096 for engines by default.
    package var context: Int?
    /// `capabilities`: the abilities of its models; nil means the usual ones.
    package var capabilities: Capabilities?
    /// `probes`: true if it may be asked for a token, or for its models, when no caller needs one of it; true by
    /// default.
    package var probes: Bool
    /// `model_list`: the period at which it is asked for its models and their retirements; 6 h by default, nil is
    /// never.
    package var modelList: Duration?
    /// `timeouts`
    package var timeouts: UpstreamTimeouts
    /// `max_connections`: the most connections that are open to it; 4096 by default.
    package var maxConnections: Int
    /// The reason why the provider is skipped (its key variable is not set); nil if it serves.
    package var unavailable: String?
    /// `supervision`: the level that it demands for all of its models; off by
    /// default.
    package var supervision = SupervisionPolicy.Level.off
    /// `supervision.models` of the file: the levels of single models here.
    package var supervisedModels: [String: SupervisionPolicy.Level] = [:]

    /// The API that it speaks.
    package var dialect: ProviderDialect {
        switch kind {
        case .remote(let remote): remote.dialect
        case .engine: .engine
        }
    }

    /// The facts about the provider that routing requires.
    package var facts: ProviderFacts {
        var facts = ProviderFacts(
            name: name, dialect: dialect.name, lab: lab, host: host, region: region, context: context, models: models,
            unavailable: unavailable, capabilities: capabilities, flavour: flavour)
        facts.supervision = supervision
        facts.supervisedModels = supervisedModels
        return facts
    }

    private var flavour: Flavour? {
        guard case .remote(let remote) = kind, remote.dialect.hasFlavours else { return nil }
        return remote.server.flavour
    }
}

/// The address and the credentials of an API that another party runs.
package struct RemoteProvider: Sendable, Hashable {
    /// A header that every request to it carries.
    package struct Header: Sendable, Hashable {
        /// As the file spells it; a valid RFC 9110 token.
        package var name: String
        /// Often a credential, so treated as one. Holds no line ends.
        package var value: Secret
    }

    /// `dialect`: any but engine.
    package var dialect: ProviderDialect
    /// `base_url`: the base URL, as it would be given to the provider's official client.
    package var baseURL: BaseURL
    /// `api_key`; nil when it takes none, or when it is skipped.
    package var apiKey: Secret?
    /// `credential`: `caller` if requests go out with a credential that the caller brings beside its Holdfast key; the
    /// settings' own by default.
    package var usesCallersCredential = false
    /// `headers`, in the order of the file.
    package var headers: [Header]
    /// `proxy`, or else the values of HTTPS_PROXY and NO_PROXY; with `proxy: none` it is always nil.
    package var proxy: ProxyAddress?
    /// `ca_file`: PEM roots to trust instead of the system's.
    package var caFile: String?
    /// `allow`: the choices that callers may make about the account; none by default.
    package var choices: CallerChoices = []
    /// `tls.minimum`: the oldest version of TLS that is spoken; 1.2 by default.
    package var minimumTLS = TLSMinimum.v12
    /// `responses`: true where it speaks OpenAI's Responses beside Chat
    /// Completions; by default at OpenAI's and Azure's own addresses.
    package var speaksResponses = false
    /// `flavour` and `traits`: the kind of server with OpenAI's format.
    package var server = ServerSettings()
    /// The settings that only `dialect: bedrock` has; nil for all others.
    package var cloud: CloudSettings?
}

/// `flavour` and `traits` of a provider that speaks OpenAI's format.
package struct ServerSettings: Sendable, Hashable {
    /// `flavour`, else what the address tells.
    package var flavour = Flavour.compatible
    /// The flavour's, with what `traits` says otherwise.
    package var traits = Flavour.compatible.traits
    /// True if the flavour and the traits are certain, and false if they are only assumed.
    package var isKnown = false

    package init() {}
}

/// A model that Holdfast hosts itself.
package struct EngineProvider: Sendable, Hashable {
    /// The method by which the vectors of tokens are combined into one (`embeddings`).
    package enum Pooling: String, Sendable, Hashable, CaseIterable {
        case mean, cls, last
    }

    /// The program that runs the model.
    package enum Program: Sendable, Hashable {
        /// Holdfast's launcher on this Python; nil is the one that `make run`
        /// set up.
        case launcher(python: String?)
        /// A program of the operator's that speaks OpenAI's API, and its
        /// arguments.
        case command([String])
    }

    /// `model_file`: the weights, GGUF for the default engine.
    package var modelFile: String
    /// `context`: the most tokens that *one* request may use. The engine
    /// divides what it is given among its slots, so it is given
    /// `context × parallel`.
    package var context: Int
    /// `parallel`: the number of requests that run at once; 4 by default.
    package var parallel: Int
    /// `embeddings`: enables `/v1/embeddings`; nil is off.
    package var embeddings: Pooling?
    /// `engine`, else the file's top-level `engine`.
    package var program: Program
    /// `start_timeout`: the longest time that loading may take; 2 min by default.
    package var startTimeout: Duration
    /// `custody`, else the file's top-level `custody`.
    package var custody: Custody
    /// `signed`: the signatures of the weights; nil if they are not signed.
    package var signed: SignedWeights?
    /// `weights_key`: the source of the key of encrypted weights; nil if they aren't encrypted.
    package var weightsKey: WeightsKey?
    /// `scrub`: the share of a core that is used for verifying the weights in memory again and again; 1 % by default,
    /// nil is none.
    package var scrub: Double?

    /// `egress.per_day`: the amount of its answers that may leave in a day; a tenth of the weights' size by default.
    package var egress: EgressLimit
    /// `logprobs.per_key`, `.per_tenant`: the share of the values which recover the model's last layer that one key,
    /// and all keys of a tenant, may obtain; a twentieth and a tenth by default.
    package var logprobShares: LogprobShares

    /// The protections that must be in force before the engine may serve.
    package enum Custody: String, Sendable, Hashable, CaseIterable {
        /// Everything that shuts an engine in.
        case required
        /// Those protections that the kernel offers; the missing ones are reported.
        case bestEffort = "best-effort"
    }

    /// The source of the key of encrypted weights.
    package enum WeightsKey: Sendable, Hashable {
        /// `file`
        case file(String)
        /// `command`: a program that prints it, and its arguments.
        case command([String])
        /// `descriptor`: a variable that holds the number of an open
        /// descriptor.
        case descriptor(variable: String)
    }
}

/// `egress.per_day` of a hosted model.
package enum EgressLimit: Sendable, Hashable {
    /// A part of the size of the weights.
    case part(Double)
    case bytes(Int)
    /// `off`
    case unlimited

    package static let usual = EgressLimit.part(0.1)
}

/// `logprobs` of a hosted model, as parts of one.
package struct LogprobShares: Sendable, Hashable {
    package var perKey = 0.05
    package var perTenant = 0.1

    package init() {}
}

/// `timeouts` of a provider.
package struct UpstreamTimeouts: Sendable, Hashable {
    /// `connect`: TCP with its name lookup, a proxy's tunnel, and TLS, each;
    /// 10 s by default.
    package var connect = Duration.seconds(10)
    /// `first_byte`: from the request's end to the answer's first byte; 5 min
    /// by default, because an answer that is not streamed comes all at once.
    package var firstByte = Duration.seconds(300)
    /// `first_token`: from the request's end to the first piece of a stream
    /// that a caller would read; no limit by default.
    package var firstToken: Duration?
    /// `idle`: between two parts of an answer; 2 min by default.
    package var idle = Duration.seconds(120)
    /// `total`: the whole exchange; 30 min by default.
    package var total = Duration.seconds(1800)
}
