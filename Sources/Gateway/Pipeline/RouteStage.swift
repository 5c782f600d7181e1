import Wire
import Resilience
import Failures
import Access
import Conversation
import Encodings
import Routing

/// The route stage: the candidates of a request, in their order.
extension Gateway {
    func route(
        _ request: AdmittedCall, in state: GatewayState, _ record: RequestRecord
    ) throws(APIProblem) -> RouteChoice {
        let choice = try resolve(request, in: state, record)
        let forbidden = choice.served.route.policy.forbidden
        if !forbidden.isEmpty { try request.refuse(forbidden: forbidden, by: "route") }
        let ofKey = request.call.principal.record.forbidden
        if !ofKey.isEmpty { try request.refuse(forbidden: ofKey, by: "key") }
        return choice
    }

    private func resolve(
        _ request: AdmittedCall, in state: GatewayState, _ record: RequestRecord
    ) throws(APIProblem) -> RouteChoice {
        let principal = request.call.principal
        let model = request.requestedModel
        if let served = state.served[model] {
            guard principal.mayUse(route: model) else { throw .notAllowed(model, principal) }
            record.route = model
            return choose(served, for: request, in: state, record)
        }
        // A name that is no route may be a key that stands in the wrong field.
        record.requested = state.secrets.masking(KeyShape.masking(record.requested))
        switch state.routes.resolve(model, allowed: principal.allowedRoutes) {
        case .route(let route):
            guard principal.mayUse(route: route.name) else { throw .notAllowed(model, principal) }
            record.route = route.name
            // By another name of it.
            let served = state.served[route.name] ?? ServedRoute(route, state.providers, state.instruments)
            return choose(served, for: request, in: state, record)
        case .direct(let candidate):
            guard principal.mayNameProviders else { throw .notAllowed(model, principal) }
            guard candidate.model.isModelName else { throw .noModelName(candidate.model) }
            guard !KeyShape.stands(in: candidate.model), state.secrets.masking(candidate.model) == candidate.model
            else {
                throw .keyAsModel
            }
            let served = ServedRoute(naming: candidate, state.providers, state.instruments)
            return RouteChoice(served: served, upstreams: served.upstreams, rehearsal: nil)
        case .unknown where principal.mayNameProviders && state.routes.provider(model) != nil:
            throw .modelMissing(of: model)
        case .unknown(let suggestion):
            throw .unknownModel(model, suggestion)
        case .modelNotServed(let provider, let model, let served):
            guard principal.mayNameProviders else { throw .notAllowed("\(provider)/\(model)", principal) }
            throw .unlisted(provider: provider, model: model, served: served)
        case .providerUnavailable(let provider, let reason):
            guard principal.mayNameProviders else { throw .notAllowed(model, principal) }
            throw APIProblem(.unavailable, "The provider \"\(provider)\" is not in service: \(reason).")
        }
    }
}
