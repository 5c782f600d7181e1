package import Conversation
import Resilience
import Routing
package import Veto

/// The rest of a route without the candidates in some scopes.
package struct RouteStandbys: Sendable, Hashable {
    package var route: String
    /// True where the route itself is in the scopes: nobody stands by.
    package var isWhole: Bool
    /// The candidates in the scopes, as `provider/model`.
    package var hit: [String]
    /// The others that may serve: in service, not suspended, and not held.
    package var standbys: [String]
}

extension Gateway {
    /// Returns the routes that suspensions of these scopes would hit, each with
    /// the candidates that would stand by; in the order of their names.
    package func standbys(of scopes: [SuspendedScope]) -> [RouteStandbys] {
        let inForce = stages.permits?.inForce ?? .none
        let now = continuity.now
        return state.served.values.compactMap { served -> RouteStandbys? in
            let name = served.route.name
            let isWhole = scopes.contains(.route(name))
            let (hit, others) = served.upstreams.partitioned { upstream in
                scopes.contains { $0.covers(upstream.suspensionSubject) }
            }
            guard isWhole || !hit.isEmpty else { return nil }
            let standbys = others.filter { upstream in
                guard upstream.candidate.unavailable == nil, upstream.provider != nil,
                    inForce.stopping(upstream.suspensionSubject, chance: 0) == nil
                else { return false }
                guard let place = upstream.place, case .held = continuity.book.standing(of: place, now: now) else {
                    return true
                }
                return false
            }
            return RouteStandbys(
                route: name, isWhole: isWhole, hit: (isWhole ? served.upstreams : hit).map(\.id),
                standbys: isWhole ? [] : standbys.map(\.id))
        }.sorted { $0.route < $1.route }
    }

    /// Returns the entries of a list of models without those of which nothing
    /// is served at present, because all of it is suspended.
    package func served(_ models: [ListedModel]) -> [ListedModel] {
        guard let book = stages.permits else { return models }
        _ = book.tick()
        guard !book.isQuiet else { return models }
        let inForce = book.inForce
        return models.filter { model in
            guard let served = state.served[model.id] else {
                guard case .direct(let candidate) = state.routes.resolve(model.id) else { return true }
                return inForce.stopping(subject(of: candidate), chance: 0) == nil
            }
            guard inForce.stopping(key: "", route: model.id, chance: 0) == nil else { return false }
            return served.upstreams.contains { inForce.stopping($0.suspensionSubject, chance: 0) == nil }
        }
    }

    /// Returns whether nothing may be asked of a provider: it is in a scope
    /// itself, or each model of it that routes name.
    func isSuspended(_ provider: Provider) -> Bool {
        guard let book = stages.permits else { return false }
        _ = book.tick()
        guard !book.isQuiet else { return false }
        let inForce = book.inForce
        if let candidate = state.routes.provider(provider.name)?.candidate(model: ""),
            inForce.stopping(subject(of: candidate), chance: 0) != nil
        {
            return true
        }
        let known = state.served.values.lazy.flatMap(\.upstreams).filter { $0.candidate.provider == provider.name }
        return !known.isEmpty && known.allSatisfy { inForce.stopping($0.suspensionSubject, chance: 0) != nil }
    }

    private func subject(of candidate: Candidate) -> SuspensionSubject {
        candidate.suspensionSubject.with(state.providers[candidate.provider]?.weights)
    }
}

extension Array {
    /// The elements for which `isFirst` holds, and the others, in their order.
    fileprivate func partitioned(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
        (filter(isFirst), filter { !isFirst($0) })
    }
}
