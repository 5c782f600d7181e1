import Access
package import Resilience
package import Routing

/// A candidate, and all that a request has to know of it: made once with the
/// settings, so that requests refer to it and copy nothing.
package final class Upstream: Sendable {
    package let candidate: Candidate
    /// `provider/model`.
    package let id: String
    /// Nil where it isn't in service.
    let provider: Provider?
    /// Where memory of its failures is kept; nil where it isn't in service.
    package let place: Place?
    let meters: CandidateInstruments

    /// - Parameter route: its name; empty where the caller named the provider.
    init(_ candidate: Candidate, on route: String, _ providers: [String: Provider], _ instruments: Instruments) {
        self.candidate = candidate
        id = candidate.id
        provider = providers[candidate.provider]
        place = provider?.place(of: candidate.model)
        meters = instruments.meters(of: candidate, on: route)
    }
}

/// A route, ready to be used.
final class ServedRoute: Sendable {
    let route: Route
    /// In the order of the settings.
    let upstreams: [Upstream]
    /// The candidate for which others stand in; nil where there is none.
    let lead: Upstream?
    /// Whether the order of the settings is the order in which all requests
    /// ask, while all are well and nobody has announced anything.
    let isInOrder: Bool

    /// - Parameter dated: the route's candidates, where a provider has
    ///   announced more of them than the settings say.
    init(
        _ route: Route, candidates dated: [Candidate]? = nil, _ providers: [String: Provider],
        _ instruments: Instruments
    ) {
        self.route = route
        let candidates = dated ?? route.candidates
        upstreams = candidates.map { Upstream($0, on: route.name, providers, instruments) }
        lead = route.policy.order == .ordered ? upstreams.first : nil
        isInOrder = route.policy.order == .ordered && candidates.allSatisfy { $0.retires == nil }
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
    }

    /// In the order in which they are to be asked (``Routing/Route/order(now:draw:)``).
    func order(now: Int) -> [Upstream] {
        let ordered = Route(name: route.name, candidates: upstreams.map(\.candidate), policy: route.policy)
            .order(now: now) { Int.random(in: 0..<$0) }
        return ordered.compactMap { candidate in upstreams.first { $0.candidate == candidate } }
    }
}

extension Gateway {
    /// Who is asked, in which order.
    func choose(_ settled: ServedRoute, in state: GatewayState) -> RouteChoice {
        var served = settled
        let announcements = continuity.announcements
        if !announcements.isEmpty {
            let dated = announcements.dated(served.route.candidates, in: state.routes)
            if dated != served.route.candidates {
                served = ServedRoute(served.route, candidates: dated, state.providers, state.instruments)
            }
        }
        var upstreams = served.isInOrder ? served.upstreams : served.order(now: continuity.now.unix)
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

/// Who is to be asked for an answer, and how.
struct RouteChoice {
    let served: ServedRoute
    /// In the order in which they are to be asked.
    let upstreams: [Upstream]
    /// The drill that runs on the route.
    let rehearsal: Rehearsal?
}
