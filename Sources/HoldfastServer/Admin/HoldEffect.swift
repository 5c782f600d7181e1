import AdminAPI
import Gateway
import Resilience
import Routing

extension HoldEffectView {
    /// The effect of a hold on the routes as they are now.
    init(of held: Target, in gateway: Gateway) {
        let now = gateway.continuity.now
        func place(of candidate: Candidate) -> Target? {
            gateway.state.providers[candidate.provider]?.place(of: candidate.model)
        }
        // A hold is on a model at a host, under whatever provider's name.
        func isHit(_ candidate: Candidate) -> Bool {
            place(of: candidate).map { $0.host == held.host && $0.model == held.model } ?? false
        }
        self.init(
            routes: gateway.state.routes.routes.compactMap { route in
                guard route.candidates.contains(where: isHit) else { return nil }
                let left = route.candidates.filter { candidate in
                    guard candidate.unavailable == nil, !isHit(candidate), let other = place(of: candidate) else {
                        return false
                    }
                    if case .held = gateway.continuity.book.standing(of: other, now: now) { return false }
                    return true
                }
                return Loss(name: route.name, left: left.map(\.id))
            })
    }
}
