import Gateway
import NIOCore
import Resilience
import Routing
import Wire

/// The effect that a hold by hand would have on the routes.
struct HoldEffect {
    /// A route with the model among its candidates.
    struct Loss {
        var route: String
        /// The candidates that would serve in its place, in order, as
        /// `provider/model`.
        var left: [String]
    }

    let losses: [Loss]

    init(of held: Place, in gateway: Gateway) {
        let now = gateway.continuity.now
        func place(of candidate: Candidate) -> Place? {
            gateway.state.providers[candidate.provider]?.place(of: candidate.model)
        }
        losses = gateway.state.routes.routes.compactMap { route in
            // A hold is on a model at a host, under whatever provider's name.
            let isHit: (Candidate) -> Bool = { candidate in
                place(of: candidate).map { $0.host == held.host && $0.model == held.model } ?? false
            }
            guard route.candidates.contains(where: isHit) else { return nil }
            let left = route.candidates.filter { candidate in
                guard candidate.unavailable == nil, !isHit(candidate), let other = place(of: candidate) else {
                    return false
                }
                if case .held = gateway.continuity.book.standing(of: other, now: now) { return false }
                return true
            }
            return Loss(route: route.name, left: left.map(\.id))
        }
    }

    /// `{"routes": [{"name": …, "left": [provider/model, …]}]}`.
    var json: ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.array("routes") { json in
                for loss in losses {
                    json.object { json in
                        json.member("name", loss.route)
                        json.array("left") { json in for id in loss.left { json.value(id) } }
                    }
                }
            }
        }
        return json.buffer
    }
}
