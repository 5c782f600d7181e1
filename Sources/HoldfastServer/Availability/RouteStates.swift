package import Availability
import Failures
package import Gateway
import Resilience
package import Routing

/// The states of routes, as every page and command shows them.
package struct RouteStates: Sendable {
    let gateway: Gateway
    let availability: AvailabilityService

    package init(gateway: Gateway, availability: AvailabilityService) {
        self.gateway = gateway
        self.availability = availability
    }

    /// The state of one route with what it follows from.
    package struct Report: Sendable {
        package var state: RouteState
        package var recent: RouteTraffic.Counts
        /// In seconds since 1970; nil where none came since the start.
        package var lastRequest: Int?
    }

    package func report(of route: Route) -> Report {
        let traffic = availability.traffic(of: route.name)
        let recent = traffic.recent(at: availability.now)
        // A candidate that is skipped for want of a key is no outage.
        let candidates = route.candidates.filter { $0.unavailable == nil }
        let inService = candidates.filter(isInService)
        let sound = inService.filter { trouble(of: $0) == nil }
        let serving = sound.first ?? inService.first
        let state = RouteState(
            recent, unanswered: traffic.unanswered(at: availability.now), isAnyoneSound: !sound.isEmpty,
            leadServes: serving.map { $0.id == candidates.first?.id } ?? false, standIn: serving?.id)
        return Report(state: state, recent: recent, lastRequest: traffic.last)
    }

    /// The cause of what a candidate has failed with in the last minutes, if its breaker opened and no answer has closed
    /// it since. Requests may be tried there, but nobody knows yet that they will be answered.
    func trouble(of candidate: Candidate) -> Cause? {
        guard let provider = gateway.state.providers[candidate.provider] else { return nil }
        return gateway.continuity.book.trouble(
            at: provider.place(of: candidate.model), within: .seconds(RouteTraffic.window),
            now: gateway.continuity.now)
    }

    private func isInService(_ candidate: Candidate) -> Bool {
        guard let provider = gateway.state.providers[candidate.provider] else { return false }
        let standing = gateway.continuity.book.standing(
            of: provider.place(of: candidate.model), now: gateway.continuity.now)
        if case .held = standing { return false }
        return true
    }
}
