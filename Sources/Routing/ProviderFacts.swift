package import Conversation

/// What routing knows of a provider: enough to turn `provider/model` into a
/// candidate, nothing of how to reach it.
package struct ProviderFacts: Sendable, Hashable {
    /// Which models a request may name at a provider.
    package enum Models: Sendable, Hashable {
        /// Whatever the provider accepts; an unknown one is its 404 to give.
        case any
        /// These and no others, in the order in which they are listed.
        case listed([String])
    }

    /// The provider's name in the settings; never contains `/`.
    package var name: String
    /// The API that it speaks.
    package var dialect: DialectName
    /// Who made its models.
    package var lab: String?
    /// Who runs them.
    package var host: String?
    /// Where they run.
    package var region: String?
    /// The most tokens that one request may use there.
    package var context: Int?
    /// Which models a request may name.
    package var models: Models
    /// Why the provider was skipped (its key variable is not set), for
    /// people; nil when it serves.
    package var unavailable: String?
    /// What its models can do; nil is what is usual for the dialect.
    package var capabilities: Capabilities?
    /// Which server of OpenAI's format it is; nil for other dialects.
    package var flavour: Flavour?

    /// A provider that takes any model and serves, unless said otherwise.
    package init(
        name: String, dialect: DialectName, lab: String? = nil, host: String? = nil, region: String? = nil,
        context: Int? = nil, models: Models = .any, unavailable: String? = nil,
        capabilities: Capabilities? = nil, flavour: Flavour? = nil
    ) {
        self.name = name
        self.flavour = flavour
        self.dialect = dialect
        self.lab = lab
        self.host = host
        self.region = region
        self.context = context
        self.models = models
        self.unavailable = unavailable
        self.capabilities = capabilities
    }

    /// The candidate for a model here; does not check `models`.
    package func candidate(model: String) -> Candidate {
        Candidate(
            provider: name, model: model, dialect: dialect, lab: lab, host: host, region: region, context: context,
            unavailable: unavailable, capabilities: capabilities)
    }

    /// Whether a request may name this model here.
    package func serves(_ model: String) -> Bool {
        switch models {
        case .any: !model.isEmpty
        case .listed(let names): names.contains(model)
        }
    }
}
