import Failures
package import Gateway
import Resilience
import Routing
import Settings
import Wire

/// The alerts about holds: with the provider's words, the routes that are
/// concerned, and the candidates that serve in its place.
package struct HoldAlerts: ServerEventSubscriber {
    private let gateway: Gateway
    private let alerts: AlertService

    package init(gateway: Gateway, alerts: AlertService) {
        self.gateway = gateway
        self.alerts = alerts
    }

    package func receive(_ event: ServerEvent) async {
        guard case .health(let changes) = event else { return }
        for change in changes { note(change) }
    }

    private func note(_ change: HealthChange) {
        switch change {
        case .placed(let hold) where hold.isPersistent: tell("hold.placed", hold)
        // Held by hand anew, with another reason.
        case .changed(let hold) where hold.ground == .byHand: tell("hold.placed", hold)
        case .changed(let hold) where hold.isPersistent && hold.firmness == .lasting: tell("hold.confirmed", hold)
        case .acknowledged(let hold) where hold.isPersistent:
            tell("hold.acknowledged", hold, by: hold.acknowledgedBy)
        case .answersAgain(let hold): tell("hold.answers-again", hold)
        case .lifted(let hold, let by) where hold.isPersistent: tell("hold.lifted", hold, by: by)
        case .flapping(let hold, _): tell("hold.flapping", hold)
        default: break
        }
    }

    private func tell(_ type: String, _ hold: Hold, by: String? = nil) {
        alerts.tell(.hold, type) { json in
            json.member("hold", hold.id)
            json.member("cause", hold.ground.rawValue)
            json.member("scope", hold.scope.rawValue)
            json.member("provider", hold.provider)
            json.member("model", hold.model)
            json.member("origin", hold.origin.rawValue)
            json.member("firmness", hold.firmness.rawValue)
            json.member("status", ifPresent: hold.status)
            // The provider's own, shortened and without secrets.
            json.member("words", hold.words)
            json.member("reason", ifPresent: hold.reason)
            json.member("by", ifPresent: by)
            json.array("routes") { json in
                for effect in effects(of: hold) {
                    json.object { json in
                        json.member("name", effect.route)
                        json.member("stand_in", ifPresent: effect.standIn)
                    }
                }
            }
        }
    }

    /// The routes with a candidate that the hold reaches, each with the first
    /// one that serves; nil where none does.
    private func effects(of hold: Hold) -> [(route: String, standIn: String?)] {
        let now = gateway.continuity.now
        return gateway.state.routes.routes.compactMap { route in
            let candidates = route.candidates.compactMap { candidate in
                gateway.state.providers[candidate.provider].map { (candidate, $0.place(of: candidate.model)) }
            }
            guard candidates.contains(where: { HealthBook.concerns(hold, $0.1) }) else { return nil }
            let serving = candidates.first { _, place in
                guard !HealthBook.concerns(hold, place) else { return false }
                return switch gateway.continuity.book.standing(of: place, now: now) {
                case .held, .suspected: false
                case .free, .waiting, .open: true
                }
            }
            return (route.name, serving?.0.id)
        }
    }
}
