package import Conversation

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
