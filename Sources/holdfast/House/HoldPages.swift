import Conversation
import Failures
import FrontDoor
import Gateway
import NIOCore
import Resilience
import Routing
import Wire

/// What the admin listener shows and does about holds, breakers and routes.
struct HoldPages {
    let gateway: Gateway

    private var book: HealthBook { gateway.continuity.book }

    var pages: [AdminDoor.Page] {
        [
            AdminDoor.Page("/admin/holds") { (200, holds()) },
            AdminDoor.Page("/admin/routes") { (200, routes()) },
        ]
    }

    var actions: [AdminDoor.Action] {
        [
            AdminDoor.Action("/admin/holds/:id/restore") { request in
                answer(book.restore(request.parameter, by: request.who, now: gateway.continuity.now), request)
            },
            AdminDoor.Action("/admin/holds/:id/acknowledge") { request in
                answer(book.acknowledge(request.parameter, by: request.who, now: gateway.continuity.now), request)
            },
            AdminDoor.Action("/admin/holds") { request in hold(request) },
        ]
    }

    // MARK: Actions

    private func answer(_ changes: [HealthChange]?, _ request: AdminDoor.ActionRequest) -> AdminDoor.Outcome {
        guard let changes else {
            return .failure(404, "There is no hold \"\(request.parameter.prefix(64))\"; GET /admin/holds lists them.")
        }
        gateway.continuity.report(changes)
        return .done(200, holds())
    }

    /// `{"provider": …, "model": …, "reason": …}`: stops sending anything
    /// there until a person restores it. With `"dry_run": true` nothing is
    /// held, and the answer is what would be taken away.
    private func hold(_ request: AdminDoor.ActionRequest) -> AdminDoor.Outcome {
        guard let root = try? JSONDocument(request.body).root, root.kind == .object,
            let name = root["provider"]?.string, let model = root["model"]?.string, !model.isEmpty
        else {
            return .failure(400, #"Send {"provider": …, "model": …, "reason": …}; a reason is needed for the record."#)
        }
        guard let provider = gateway.state.providers[name] else {
            return .failure(404, "There is no provider \"\(name.prefix(64))\" in service.")
        }
        if root["dry_run"]?.bool == true {
            return .preview(HoldEffect(of: provider.place(of: model), in: gateway).json)
        }
        guard let reason = root["reason"]?.string, !reason.isEmpty else {
            return .failure(400, "\"reason\" is needed, for the record and for those who meet the hold.")
        }
        let changes = book.hold(
            provider.place(of: model), scope: .model, reason: String(reason.prefix(300)), by: request.who,
            now: gateway.continuity.now)
        gateway.continuity.report(changes)
        return .done(201, holds())
    }

    // MARK: Pages

    private func holds() -> ByteBuffer {
        var json = JSONWriter()
        let now = gateway.continuity.now.tick
        json.object { json in
            json.array("holds") { json in
                for hold in book.holds.sorted(by: { ($0.since, $0.id) < ($1.since, $1.id) }) {
                    // Those that time has ended are only swept later.
                    if let until = hold.until, until <= now { continue }
                    json.object { write(hold, now, &$0) }
                }
            }
            json.array("returned") { json in
                for back in book.returned {
                    json.object { json in
                        json.member("id", back.hold.id)
                        json.member("cause", back.hold.ground.rawValue)
                        json.member("provider", back.hold.provider)
                        if !back.hold.model.isEmpty { json.member("model", back.hold.model) }
                        json.member("since", back.since)
                        json.member("by_hand", back.isByHand)
                        json.array("drilled") { json in for route in back.drilled.sorted() { json.value(route) } }
                    }
                }
            }
        }
        return json.buffer
    }

    private func write(_ hold: Hold, _ now: Duration, _ json: inout JSONWriter) {
        json.member("id", hold.id)
        json.member("name", hold.name)
        json.member("cause", hold.ground.rawValue)
        json.member("scope", hold.scope.rawValue)
        json.member("firmness", hold.firmness.rawValue)
        json.member("origin", hold.origin.rawValue)
        json.member("provider", hold.provider)
        json.member("host", hold.host)
        if !hold.model.isEmpty { json.member("model", hold.model) }
        json.member("since", hold.since)
        if let until = hold.until { json.member("seconds_left", Int((until - now).components.seconds) + 1) }
        json.member("status", ifPresent: hold.status)
        json.member("words", hold.words)
        json.member("rule", hold.rule)
        json.member("acknowledged_by", ifPresent: hold.acknowledgedBy)
        json.member("reason", ifPresent: hold.reason)
        // It counts for the callers that met it, until a probe has confirmed
        // it.
        if let keys = hold.keys {
            json.array("counts_for_keys") { json in for key in keys.sorted() { json.value(key) } }
        }
    }

    private func routes() -> ByteBuffer {
        let now = gateway.continuity.now
        var json = JSONWriter()
        json.object { json in
            json.array("routes") { json in
                for route in gateway.state.routes.routes {
                    json.object { json in
                        json.member("name", route.name)
                        json.member("order", route.policy.order.rawValue)
                        json.member("return", route.policy.substitution.return.rawValue)
                        json.array("candidates") { json in
                            for candidate in gateway.continuity.announcements.dated(
                                route.candidates, in: gateway.state.routes)
                            {
                                json.object { write(candidate, route, now, &$0) }
                            }
                        }
                    }
                }
            }
            json.array("breakers") { json in
                for breaker in book.breakers(now: now) {
                    json.object { json in
                        json.member("key", breaker.key)
                        json.member("kind", breaker.kind.rawValue)
                        json.member("state", breaker.state.rawValue)
                        json.member("cause", breaker.cause.rawValue)
                        json.member("failures", breaker.failures)
                    }
                }
            }
        }
        return json.buffer
    }

    private func write(_ candidate: Candidate, _ route: Route, _ now: Moment, _ json: inout JSONWriter) {
        json.member("provider", candidate.provider)
        json.member("model", candidate.model)
        json.member("lab", ifPresent: candidate.lab)
        json.member("host", ifPresent: candidate.host)
        json.member("region", ifPresent: candidate.region)
        json.member("weight", candidate.weight)
        json.member("retires", ifPresent: candidate.retires)
        json.member("successor", ifPresent: candidate.successor)
        guard candidate.unavailable == nil, let provider = gateway.state.providers[candidate.provider] else {
            return json.member("standing", "out of service")
        }
        let place = provider.place(of: candidate.model)
        if let answer = gateway.continuity.lastAnswer(of: ServedModel(host: place.host, model: place.model)) {
            json.member("seconds_since_answer", Int((now.tick - answer).components.seconds))
        }
        if gateway.isAwaitingReturn(route, at: place) {
            json.member("awaits", route.policy.substitution.return.rawValue)
        }
        switch book.standing(of: place, now: now) {
        case .free: json.member("standing", "free")
        case .waiting(let until, let cause):
            json.member("standing", cause.rawValue)
            json.member("seconds_left", Int((until - now.tick).components.seconds) + 1)
        case .suspected(let cause, let hold):
            json.member("standing", "suspected")
            json.member("cause", cause.rawValue)
            json.member("hold", hold)
        case .held(let ground, let hold):
            json.member("standing", ground.rawValue)
            json.member("hold", hold)
        case .open(_, let cause):
            json.member("standing", "breaker open")
            json.member("cause", cause.rawValue)
        }
    }
}
