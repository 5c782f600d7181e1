/// One entry of `GET /v1/models`.
package struct ListedModel: Sendable, Hashable {
    /// The text that a request gives as its `model`.
    package var id: String
    /// The provider of a `provider/model`; nil for a route.
    package var provider: String?
    /// The most tokens that one request may use: for a route the least of
    /// its candidates', nil where one of them doesn't say.
    package var context: Int?

    /// An entry; without a provider it is a route's.
    package init(id: String, provider: String? = nil, context: Int? = nil) {
        self.id = id
        self.provider = provider
        self.context = context
    }
}

extension RouteTable {
    /// Returns the list of models that a caller sees: its routes first, then
    /// `provider/model` of every listed model.
    ///
    /// `allowed` is the caller's scope: nil means every route and every model,
    /// a set means those routes and no model by its provider's name. Models
    /// that no provider can serve at present are left out.
    package func listing(allowed: Set<String>? = nil) -> [ListedModel] {
        var entries: [ListedModel] = []
        for route in routes where route.isServed && allowed?.contains(route.name) ?? true {
            let contexts = route.candidates.filter { $0.unavailable == nil }.map(\.context)
            let least = contexts.contains(nil) ? nil : contexts.compactMap { $0 }.min()
            entries.append(ListedModel(id: route.name, context: least))
        }
        guard allowed == nil else { return entries }
        for provider in providers where provider.unavailable == nil {
            guard case .listed(let models) = provider.models else { continue }
            for model in models {
                entries.append(
                    ListedModel(id: "\(provider.name)/\(model)", provider: provider.name, context: provider.context))
            }
        }
        return entries
    }
}
