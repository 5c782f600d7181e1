import Conversation
import Custody
import EngineHost
import Failures
import Gateway
import Resilience

/// Keeps traffic from a model whose weights have changed in memory twice, and
/// lets it be loaded again when an administrator lifts the hold.
struct Quarantine: HealthListener {
    let gateway: Gateway
    let engines: EngineRoom

    func note(_ event: CustodyEvent) {
        guard case .changed(let change) = event, change.verdict == .quarantine else { return }
        place(change.provider, change.model)
    }

    /// The holds of quarantines from before a restart, should somebody have
    /// removed them.
    func placeRemembered() {
        for (provider, model) in engines.quarantined { place(provider, model) }
    }

    private func place(_ provider: String, _ model: String) {
        guard let known = gateway.state.providers[provider] else { return }
        let changes = gateway.continuity.book.hold(
            known.place(of: model), scope: .model, reason: "its weights changed in memory twice within a day",
            by: "custody", now: gateway.continuity.now)
        gateway.continuity.report(changes)
    }

    func note(_ changes: [HealthChange]) {
        for case .lifted(let hold, _) in changes where hold.origin == .administrator && hold.scope == .model {
            engines.lift(hold.provider, model: hold.model)
        }
    }

    func noteProbe(_ place: Place, _ result: ProbeResult) {}
}
