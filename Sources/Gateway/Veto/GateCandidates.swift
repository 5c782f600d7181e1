import Routing
package import Veto

extension Gateway {
    /// Returns the candidates in service that a suspension of these scopes
    /// stops, as `provider/model`, in the order of their names: those that its
    /// gate has to ask. Where the scope is a route, all of its candidates.
    package func candidates(of scopes: [SuspendedScope]) -> [String] {
        var found: Set<String> = []
        for served in state.served.values {
            let isWhole = scopes.contains(.route(served.route.name))
            for upstream in served.upstreams where upstream.candidate.unavailable == nil {
                if isWhole || scopes.contains(where: { $0.covers(upstream.suspensionSubject) }) {
                    found.insert(upstream.id)
                }
            }
        }
        // A model that no route names, and that callers ask for by its provider.
        for scope in scopes {
            guard case .model(let id) = scope else { continue }
            if let candidate = state.routes.candidate(id), candidate.unavailable == nil { found.insert(id) }
        }
        return found.sorted()
    }
}
