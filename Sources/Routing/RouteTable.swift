import Conversation

/// Every name that a request may give as its model, and what it means.
///
/// Immutable: a reload makes a new table, and a request keeps the one it
/// started with. Looking up a route is one dictionary lookup and does not
/// allocate.
package struct RouteTable: Sendable {
    /// In the order of the settings, the order of listings too.
    package let routes: [Route]
    /// In the order of the settings.
    package let providers: [ProviderFacts]
    /// Other names of routes, in the order of the settings: the first that
    /// matches counts.
    package let aliases: [RouteAlias]

    private let routesByName: [String: Route]
    private let providersByName: [String: ProviderFacts]
    /// `provider/model` of every listed model, so that naming one costs no
    /// more than naming a route.
    private let listedModels: [String: Candidate]
    /// `provider/model` of every route's candidates.
    private let routedModels: Set<String>

    /// Builds the table. Where two routes or two providers share a name, the
    /// first one counts; settings refuse such files before.
    package init(providers: [ProviderFacts], routes: [Route], aliases: [RouteAlias] = []) {
        self.routes = routes
        self.aliases = aliases
        self.providers = providers
        routesByName = Dictionary(routes.map { ($0.name, $0) }) { first, _ in first }
        providersByName = Dictionary(providers.map { ($0.name, $0) }) { first, _ in first }
        var listed: [String: Candidate] = [:]
        for provider in providers where provider.unavailable == nil {
            guard case .listed(let models) = provider.models else { continue }
            for model in models {
                let candidate = provider.candidate(model: model)
                listed[candidate.id] = candidate
            }
        }
        listedModels = listed
        routedModels = Set(routes.flatMap { $0.candidates.map(\.id) })
    }

    /// Tells whether a route or a provider's list names it. Callers can name any
    /// other model of a provider that lists none.
    /// - Parameter model: `provider/model`.
    package func names(_ model: String) -> Bool { routedModels.contains(model) || listedModels[model] != nil }

    /// Finds the meaning of `requested`: a route by its name, else a listed
    /// `provider/model`, else a route by another name or a pattern, else
    /// `provider/model`. The latter is split at the first slash, because names
    /// of models have slashes themselves. An ARN that has no other name here means
    /// what its resource's name means.
    ///
    /// `allowed` limits only the suggestion: a key that may use two routes is
    /// not told the names of others. `Principal` decides whether the caller may
    /// use the result.
    package func resolve(_ requested: String, allowed: Set<String>? = nil) -> Resolution {
        if let route = routesByName[requested] { return .route(route) }
        if let candidate = listedModels[requested] { return .direct(candidate) }
        if let alias = aliases.first(where: { $0.matches(requested) }), let route = routesByName[alias.route] {
            return .route(route)
        }
        if let resource = ResourceName.resource(of: requested) { return resolve(resource, allowed: allowed) }
        guard let (provider, model) = parts(of: requested) else {
            return .unknown(suggestion: suggestion(for: requested, allowed: allowed))
        }
        if let reason = provider.unavailable {
            return .providerUnavailable(provider: provider.name, reason: reason)
        }
        if case .listed(let served) = provider.models {
            return .modelNotServed(provider: provider.name, model: model, served: served)
        }
        return .direct(provider.candidate(model: model))
    }

    /// Finds a model at a provider by its id, whatever routes and patterns have
    /// the same name: for what Holdfast itself asks, and not a caller.
    ///
    /// - Parameter id: `provider/model`.
    /// - Returns: nil where the provider is not in service, or doesn't serve it.
    package func candidate(_ id: String) -> Candidate? {
        if let listed = listedModels[id] { return listed }
        guard let (provider, model) = parts(of: id), provider.unavailable == nil, case .any = provider.models else {
            return nil
        }
        return provider.candidate(model: model)
    }

    /// Splits `provider/model`; nil where no provider has that name.
    private func parts(of id: String) -> (provider: ProviderFacts, model: String)? {
        guard let slash = id.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let model = String(id[id.utf8.index(after: slash)...])
        guard let provider = providersByName[String(id[..<slash])], !model.isEmpty else { return nil }
        return (provider, model)
    }

    /// A provider by its name.
    package func provider(_ name: String) -> ProviderFacts? { providersByName[name] }

    private func suggestion(for requested: String, allowed: Set<String>?) -> String? {
        let names = listing(allowed: allowed).map(\.id)
        if let name = Spelling.closest(to: requested, among: names) { return name }
        // `anthropc/claude`: only the provider is misspelt, and its models
        // are not listed.
        guard allowed == nil, let slash = requested.firstIndex(of: "/"), !requested[slash...].dropFirst().isEmpty
        else { return nil }
        let reachable = providers.filter { $0.unavailable == nil }.map(\.name)
        return Spelling.closest(to: String(requested[..<slash]), among: reachable)
            .map { $0 + requested[slash...].prefix(Spelling.longest) }
    }
}
