import Availability
import Drills
import Failures
import Gateway
import Resilience
import Routing
import Telemetry

/// The gauges of holds, of breakers and of the state of every candidate; their values are read when the metrics are
/// requested.
struct HealthGauges {
    let gateway: Gateway

    private var book: HealthBook { gateway.continuity.book }

    func register(in registry: PrometheusRegistry) {
        registry.addGauges("holdfast_holds") { holds() }
        registry.addGauges("holdfast_breaker_state") { breakers() }
        registry.addGauges("holdfast_candidate_available") { candidates() }
        registry.addGauges("holdfast_drill_active") { drills() }
        registry.addGauges("holdfast_candidate_retires_timestamp_seconds") { retirements() }
    }

    static func burnRates(_ alerts: AlertService) -> [PrometheusRegistry.Sample] {
        alerts.burnRates.map { route, rate in
            .init([("route", route), ("window_minutes", String(rate.rule.long))], rate.long)
        }
    }

    private func holds() -> [PrometheusRegistry.Sample] {
        let now = gateway.continuity.now.tick
        return book.holds.filter { $0.until.map { $0 > now } ?? true }.map { hold in
            .init(
                [
                    ("id", hold.id), ("cause", hold.ground.rawValue), ("scope", hold.scope.rawValue),
                    ("provider", hold.provider), ("model", hold.model), ("firmness", hold.firmness.rawValue),
                    ("origin", hold.origin.rawValue),
                ], 1)
        }
    }

    /// 0 closed, 1 half-open, 2 open.
    private func breakers() -> [PrometheusRegistry.Sample] {
        book.breakers(now: gateway.continuity.now).map { breaker in
            let value: Double =
                switch breaker.state {
                case .closed: 0
                case .halfOpen: 1
                case .open: 2
                }
            return .init([("breaker", breaker.key), ("kind", breaker.kind.rawValue)], value)
        }
    }

    private func candidates() -> [PrometheusRegistry.Sample] {
        let now = gateway.continuity.now
        return eachCandidate { route, candidate in
            guard candidate.unavailable == nil, let provider = gateway.state.providers[candidate.provider] else {
                return 0
            }
            return book.standing(of: provider.place(of: candidate.model), now: now) == .free ? 1 : 0
        }
    }

    private func drills() -> [PrometheusRegistry.Sample] {
        gateway.drills.all.map { rehearsal in
            let order = rehearsal.order
            return .init(
                [
                    ("drill", order.id), ("route", order.route), ("provider", order.provider), ("model", order.model),
                    ("as", order.word), ("phase", rehearsal.phase.rawValue),
                ], 1)
        }
    }

    private func retirements() -> [PrometheusRegistry.Sample] {
        eachCandidate { _, candidate in candidate.retires.map(Double.init) }
    }

    private func eachCandidate(_ value: (Route, Candidate) -> Double?) -> [PrometheusRegistry.Sample] {
        gateway.state.routes.routes.flatMap { route in
            gateway.continuity.announcements.dated(route.candidates, in: gateway.state.routes).compactMap { candidate in
                value(route, candidate).map {
                    .init(
                        [("route", route.name), ("provider", candidate.provider), ("model", candidate.model)], $0)
                }
            }
        }
    }
}
