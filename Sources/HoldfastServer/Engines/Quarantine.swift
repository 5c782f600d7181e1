import Failures
import Custody
import EngineHost
package import Gateway
import Resilience
import Settings

/// The quarantine of models whose weights have changed in memory twice: holds
/// keep traffic away, until an administrator lifts them.
package struct Quarantine: ServerEventSubscriber {
    private let gateway: Gateway
    private let engines: EngineService

    package init(gateway: Gateway, engines: EngineService) {
        self.gateway = gateway
        self.engines = engines
    }

    package func receive(_ event: ServerEvent) async {
        switch event {
        case .custody(.changed(let change)) where change.verdict == .quarantine:
            place(change.provider, change.model)
        case .health(let changes):
            for case .lifted(let hold, _) in changes where hold.origin == .administrator && hold.scope == .model {
                engines.lift(hold.provider, model: hold.model)
            }
        default: break
        }
    }

    /// Places the holds of quarantines from before a restart, should they have
    /// been removed.
    package func placeRemembered() {
        for (provider, model) in engines.quarantined { place(provider, model) }
    }

    /// The supervisor serves no caller: its hold keeps nothing away, and is
    /// there to be lifted.
    private func placeOfEngine(_ provider: String, _ model: String) -> Target? {
        if let known = gateway.state.providers[provider] { return known.place(of: model) }
        guard provider == SupervisorEngine.name else { return nil }
        return Target(provider: provider, host: provider, credential: "", model: model)
    }

    private func place(_ provider: String, _ model: String) {
        guard let place = placeOfEngine(provider, model) else { return }
        let changes = gateway.continuity.book.hold(
            place, scope: .model, reason: "its weights changed in memory twice within a day",
            by: "custody", now: gateway.continuity.now)
        gateway.continuity.report(changes)
    }
}
