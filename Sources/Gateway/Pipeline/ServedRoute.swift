import Resilience
import Routing

/// A route, ready to be used.
final class ServedRoute: Sendable {
    let route: Route
    /// In the order of the settings.
    let upstreams: [Upstream]
    /// The candidate for which others stand in; nil where there is none.
    let lead: Upstream?
    /// True when all requests ask in the order of the settings, as long as all
    /// candidates are healthy and no provider has announced anything.
    let isInOrder: Bool
    /// The route's rules, with the strictest level that covers it or any of its
    /// candidates.
    let supervision: SupervisionPolicy
    var isSupervised: Bool { supervision.level == .required }

    init(_ route: Route, _ providers: [String: Provider], _ instruments: Instruments) {
        self.route = route
        upstreams = route.candidates.map { Upstream($0, on: route.name, providers, instruments) }
        lead = route.policy.order == .ordered ? upstreams.first : nil
        isInOrder = route.policy.order == .ordered && route.candidates.allSatisfy { $0.retires == nil }
        supervision = route.strictestSupervision
    }

    /// A provider that the caller named: who does wants its answer, whatever
    /// it is.
    init(naming candidate: Candidate, _ providers: [String: Provider], _ instruments: Instruments) {
        var policy = RoutePolicy()
        policy.patience = .zero
        route = Route(name: "", candidates: [candidate], policy: policy)
        upstreams = [Upstream(candidate, on: "", providers, instruments)]
        lead = nil
        isInOrder = true
        supervision = route.strictestSupervision
    }
}

extension Route {
    /// The route's rules about its supervisor, with the strictest level that
    /// covers the route or any of its candidates.
    fileprivate var strictestSupervision: SupervisionPolicy {
        var supervision = policy.supervision
        for candidate in candidates { supervision.level = max(supervision.level, candidate.supervision) }
        return supervision
    }
}

extension Gateway {
    /// Chooses which candidates are asked, and in which order. Whatever a
    /// candidate lacks at this moment (a hold, a suspension, a region) is found
    /// out later, and goes before the order.
    func choose(
        _ settled: ServedRoute, for request: AdmittedCall, in state: GatewayState, _ record: RequestRecord
    ) -> RouteChoice {
        var served = settled
        let announcements = continuity.announcements
        if !announcements.isEmpty {
            var route = served.route
            route.candidates = announcements.dated(route.candidates, in: state.routes)
            if route.candidates != served.route.candidates {
                served = ServedRoute(route, state.providers, state.instruments)
            }
        }
        var upstreams = served.upstreams
        let conversation = upstreams.count > 1 ? ConversationKey(of: request) : nil
        record.conversation = conversation
        if !served.isInOrder {
            let now = continuity.now
            let places =
                if let conversation {
                    served.route.places(
                        now: now.unix, session: conversation.session,
                        moved: continuity.conversations.moved(conversation, now: now.tick))
                } else {
                    served.route.places(now: now.unix) { Int.random(in: 0..<$0) }
                }
            upstreams = places.map { served.upstreams[$0] }
        }
        if served.route.policy.substitution.return != .automatic, !continuity.book.isQuiet {
            // Who is back and not let back yet is relied on last.
            let isWaiting: (Upstream) -> Bool = { upstream in
                upstream.place.map { self.isAwaitingReturn(served.route, at: $0) } ?? false
            }
            upstreams = upstreams.filter { !isWaiting($0) } + upstreams.filter(isWaiting)
        }
        return RouteChoice(
            served: served, upstreams: upstreams, rehearsal: drills.rehearsal(on: served.route.name))
    }
}

/// The candidates to be asked for an answer, in their order.
struct RouteChoice {
    let served: ServedRoute
    /// In the order in which they are to be asked.
    let upstreams: [Upstream]
    /// The drill that runs on the route.
    let rehearsal: Rehearsal?
}
