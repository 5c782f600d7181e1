package import Conversation
package import Routing

/// One entry of `providers`: who serves, and how to reach them.
package struct ProviderSettings: Sendable, Hashable {
    /// What kind of provider it is.
    package enum Kind: Sendable, Hashable {
        /// Somebody else's API.
        case remote(RemoteProvider)
        /// A model that Holdfast hosts itself (`dialect: engine`).
        case engine(EngineProvider)
    }

    /// The key under `providers`.
    package var name: String
    /// How to reach it.
    package var kind: Kind
    /// `models`: what requests may name there. Left out, a remote provider
    /// takes any, and an engine has one model, called like its file.
    package var models: ProviderFacts.Models
    /// `lab`: who made the models.
    package var lab: String?
    /// `host`: who runs them; `self` for engines unless the file says else.
    package var host: String?
    /// `region`: where they run.
    package var region: String?
    /// `key_custodian`: who holds the account and its keys.
    package var custodian: String?
    /// `contract`: a template's name, or the path of a contract's file; nil is
    /// none that is known.
    package var contract: String?
    /// `context`: the most tokens that one request may use, prompt and
    /// answer together; 4096 for engines by default.
    package var context: Int?
    /// `capabilities`: what its models can do; nil is what is usual.
    package var capabilities: Capabilities?
    /// `probes`: whether it may be asked for a token, or for its models, when
    /// no caller wants one of it; true by default.
    package var probes: Bool
    /// `model_list`: how often it is asked for its models, for what it says of
    /// retirements; 6 h by default, nil is never.
    package var modelList: Duration?
    /// `timeouts`
    package var timeouts: UpstreamTimeouts
    /// `max_connections`: how many connections are open to it at most; 4096
    /// by default.
    package var maxConnections: Int
    /// Why it is skipped (its key variable is not set); nil when it serves.
    package var unavailable: String?

    /// The API that it speaks.
    package var dialect: ProviderDialect {
        switch kind {
        case .remote(let remote): remote.dialect
        case .engine: .engine
        }
    }

    /// What routing has to know.
    package var facts: ProviderFacts {
        ProviderFacts(
            name: name, dialect: dialect.name, lab: lab, host: host, region: region, context: context, models: models,
            unavailable: unavailable, capabilities: capabilities, flavour: flavour)
    }

    private var flavour: Flavour? {
        guard case .remote(let remote) = kind, remote.dialect == .openai else { return nil }
        return remote.server.flavour
    }
}

/// How to reach somebody else's API.
package struct RemoteProvider: Sendable, Hashable {
    /// A header that every request to it carries.
    package struct Header: Sendable, Hashable {
        /// As the file spells it; a valid RFC 9110 token.
        package var name: String
        /// Often a credential, so treated as one. Holds no line ends.
        package var value: Secret
    }

    /// `dialect`: openai or anthropic.
    package var dialect: ProviderDialect
    /// `base_url`: what its official client would be given.
    package var baseURL: BaseURL
    /// `api_key`; nil when it takes none, or when it is skipped.
    package var apiKey: Secret?
    /// `headers`, in the order of the file.
    package var headers: [Header]
    /// `proxy`, else what HTTPS_PROXY and NO_PROXY say; `proxy: none` is nil
    /// whatever they say.
    package var proxy: ProxyAddress?
    /// `ca_file`: PEM roots to trust instead of the system's.
    package var caFile: String?
    /// `allow`: what callers may choose of the account; nothing by default.
    package var choices: CallerChoices = []
    /// `tls.minimum`: the oldest version of TLS that is spoken; 1.2 by default.
    package var minimumTLS = TLSMinimum.v12
    /// `flavour` and `traits`: which server of OpenAI's format it is.
    package var server = ServerSettings()
}

/// `flavour` and `traits` of a provider that speaks OpenAI's format.
package struct ServerSettings: Sendable, Hashable {
    /// `flavour`, else what the address tells.
    package var flavour = Flavour.compatible
    /// The flavour's, with what `traits` says otherwise.
    package var traits = Flavour.compatible.traits
    /// Whether that is known to be so, and no guess.
    package var isKnown = false

    package init() {}
}

/// A model that Holdfast hosts itself.
package struct EngineProvider: Sendable, Hashable {
    /// How token vectors become one (`embeddings`).
    package enum Pooling: String, Sendable, Hashable, CaseIterable {
        case mean, cls, last
    }

    /// What runs the model.
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
    /// `parallel`: how many requests run at once; 4 by default.
    package var parallel: Int
    /// `embeddings`: enables `/v1/embeddings`; nil is off.
    package var embeddings: Pooling?
    /// `engine`, else the file's top-level `engine`.
    package var program: Program
    /// `start_timeout`: how long loading may take; 2 min by default.
    package var startTimeout: Duration
    /// `custody`, else the file's top-level `custody`.
    package var custody: Custody
    /// `signed`: who vouches for the weights; nil where nobody does.
    package var signed: SignedWeights?
    /// `weights_key`: what opens encrypted weights; nil where they aren't.
    package var weightsKey: WeightsKey?
    /// `scrub`: how much of a core goes into reading the weights in memory
    /// again and again; 1 % by default, nil is none.
    package var scrub: Double?

    /// `egress.per_day`: how much of its answers may leave in a day; a tenth
    /// of the weights' size by default.
    package var egress: EgressLimit
    /// `logprobs.per_key`, `.per_tenant`: which part of the values that
    /// recover the model's last layer one key, and all keys of a tenant, may
    /// be told; a twentieth and a tenth by default.
    package var logprobShares: LogprobShares

    /// What has to hold before it may serve.
    package enum Custody: String, Sendable, Hashable, CaseIterable {
        /// Everything that shuts an engine in.
        case required
        /// What the kernel offers; the rest is told.
        case bestEffort = "best-effort"
    }

    /// Where the key of encrypted weights comes from.
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
    /// Of the size of the weights.
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
