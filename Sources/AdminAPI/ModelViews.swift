/// `GET /admin/models`: the models that requests may name, and the providers.
package struct ModelsView: Codable, Sendable, Hashable {
    package struct Route: Codable, Sendable, Hashable {
        package var name: String
        /// The names and patterns that are aliases of the route.
        package var aliases: [String]?
        package var candidates: [Candidate]

        package init(name: String, aliases: [String]?, candidates: [Candidate]) {
            self.name = name
            self.aliases = aliases
            self.candidates = candidates
        }
    }

    package struct Candidate: Codable, Sendable, Hashable {
        package var provider: String
        package var model: String
        package var health: String

        package init(provider: String, model: String, health: String) {
            self.provider = provider
            self.model = model
            self.health = health
        }
    }

    package var routes: [Route]
    package var providers: [ProviderView]

    package init(routes: [Route], providers: [ProviderView]) {
        self.routes = routes
        self.providers = providers
    }
}

/// A provider.
package struct ProviderView: Codable, Sendable, Hashable {
    package var name: String
    package var dialect: String
    package var flavour: String?
    package var traits: TraitsView?
    package var lab: String?
    package var host: String?
    package var region: String?
    package var health: String
    /// Open connections.
    package var connections: Int?
    /// Nil where it serves any name.
    package var models: [String]?
    /// The number of restarts, for an engine.
    package var restarts: Int?
    /// The process id, for an engine.
    package var pid: Int?

    package init(name: String, dialect: String, health: String) {
        self.name = name
        self.dialect = dialect
        self.health = health
    }
}

/// The traits of a provider's server, under the settings' names.
package struct TraitsView: Codable, Sendable, Hashable {
    package var tokenLimit: String
    package var developerRole: Bool
    package var laterInstructions: Bool
    package var streamOptions: Bool
    package var reasoningContent: Bool
    package var jsonSchema: Bool
    package var withoutSampling: [String]?
    package var leaveOut: [String]?

    package init(
        tokenLimit: String, developerRole: Bool, laterInstructions: Bool, streamOptions: Bool, reasoningContent: Bool,
        jsonSchema: Bool, withoutSampling: [String]?, leaveOut: [String]?
    ) {
        self.tokenLimit = tokenLimit
        self.developerRole = developerRole
        self.laterInstructions = laterInstructions
        self.streamOptions = streamOptions
        self.reasoningContent = reasoningContent
        self.jsonSchema = jsonSchema
        self.withoutSampling = withoutSampling
        self.leaveOut = leaveOut
    }
}
