package import Conversation

/// The facts about a provider that routing needs: enough to turn
/// `provider/model` into a candidate, but not how to reach the provider.
package struct ProviderFacts: Sendable, Hashable {
    /// Which models a request may name at a provider.
    package enum Models: Sendable, Hashable {
        /// Every name. The provider itself answers 404 to those that it doesn't
        /// know.
        case any
        /// These and no others, in the order in which they are listed.
        case listed([String])
    }

    /// The provider's name in the settings; never contains `/`.
    package var name: String
    /// The API that it speaks.
    package var dialect: DialectName
    /// The maker of its models.
    package var lab: String?
    /// The operator of its machines.
    package var host: String?
    /// The place where its models run.
    package var region: String?
    /// The most tokens that one request may use there.
    package var context: Int?
    /// Which models a request may name.
    package var models: Models
    /// The reason why the provider was skipped (its key variable is not set),
    /// for people; nil when it serves.
    package var unavailable: String?
    /// The capabilities of its models; nil means those that are usual for the
    /// dialect.
    package var capabilities: Capabilities?
    /// Which server of OpenAI's format it is; nil for other dialects.
    package var flavour: Flavour?
    /// The supervision that requests to its models demand, on whatever route.
    package var supervision = SupervisionPolicy.Level.off
    /// That of single models; the stricter one of both counts.
    package var supervisedModels: [String: SupervisionPolicy.Level] = [:]

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
        var candidate = Candidate(
            provider: name, model: model, dialect: dialect, lab: lab, host: host, region: region, context: context,
            unavailable: unavailable, capabilities: capabilities)
        candidate.supervision = max(supervision, supervisedModels[model] ?? .off)
        return candidate
    }

    /// Returns whether a request may name this model here.
    package func serves(_ model: String) -> Bool {
        switch models {
        case .any: !model.isEmpty
        case .listed(let names): names.contains(model)
        }
    }
}
