import Availability
import NIOCore
import AdminAPI
import Failures
import FrontDoor
import Gateway
import Resilience
import Routing

/// The administrators' resources for holds, breakers and routes.
struct HoldPages {
    let gateway: Gateway
    let states: RouteStates
    let settings: CurrentSettings

    private var book: HealthBook { gateway.continuity.book }

    var pages: [AdminDoor.Page] {
        [
            AdminDoor.Page(AdminPath.holds) {
                let view = holds()
                await gateway.continuity.untilDurable()
                return view
            },
            AdminDoor.Page(AdminPath.routes) {
                let view = routes()
                await gateway.continuity.untilDurable()
                return view
            },
        ]
    }

    var actions: [AdminDoor.Action] {
        [
            AdminDoor.Action(AdminPath.restoreAnyHold) { request in
                await answer(book.restore(request.parameter, by: request.who, now: gateway.continuity.now), request)
            },
            AdminDoor.Action(AdminPath.acknowledgeAnyHold) { request in
                await answer(book.acknowledge(request.parameter, by: request.who, now: gateway.continuity.now), request)
            },
            AdminDoor.Action(AdminPath.holds) { request in
                do throws(BadOrder) {
                    return await hold(
                        try request.order(
                            HoldOrder.self,
                            usage: #"{"provider": …, "model": …, "reason": …}; a reason is needed for the record"#),
                        by: request.who)
                } catch {
                    return .failure(400, error.message)
                }
            },
        ]
    }

    // MARK: Actions

    private func answer(
        _ changes: [HealthChange]?, _ request: AdminDoor.ActionRequest
    ) async -> AdminDoor.Outcome {
        guard let changes else {
            return .failure(
                404, "There is no hold \"\(request.parameter.prefix(64))\"; GET \(AdminPath.holds) lists them.")
        }
        await gateway.continuity.untilDurable(gateway.continuity.report(changes))
        return .done(200, view: holds())
    }

    private func hold(_ order: HoldOrder, by who: String) async -> AdminDoor.Outcome {
        guard !order.model.isEmpty else { return .failure(400, "\"model\" must name a model.") }
        guard let provider = gateway.state.providers[order.provider] else {
            return .failure(404, "There is no provider \"\(order.provider.prefix(64))\" in service.")
        }
        let place = provider.place(of: order.model)
        if order.dryRun == true {
            return .preview(view: HoldEffectView(of: place, in: gateway))
        }
        guard let reason = order.reason, !reason.isEmpty else {
            return .failure(400, "\"reason\" is needed, for the record and for those who meet the hold.")
        }
        let changes = book.hold(
            place, scope: .model, reason: String(reason.prefix(300)), by: who, now: gateway.continuity.now)
        await gateway.continuity.untilDurable(gateway.continuity.report(changes))
        return .done(201, view: holds())
    }

    // MARK: Views

    private func holds() -> HoldsView {
        let now = gateway.continuity.now.tick
        let holds = book.holds.sorted(by: { ($0.since, $0.id) < ($1.since, $1.id) }).filter { hold in
            // Those that time has ended are only swept later.
            hold.until.map { $0 > now } ?? true
        }
        return HoldsView(
            holds: holds.map { HoldView($0, now: now) },
            returned: book.returned.map { back in
                ReturnedView(
                    id: back.hold.id, cause: back.hold.ground.rawValue, provider: back.hold.provider,
                    model: back.hold.model.isEmpty ? nil : back.hold.model, since: back.since, byHand: back.isByHand,
                    drilled: back.drilled.sorted())
            })
    }

    private func routes() -> RoutesView {
        let now = gateway.continuity.now
        let routes = gateway.state.routes
        var view = RoutesView(
            routes: routes.routes.map { route in
                var view = RoutesView.Route(
                    name: route.name, order: route.policy.order.rawValue,
                    return: route.policy.substitution.return.rawValue,
                    candidates: gateway.continuity.announcements.dated(route.candidates, in: routes).map {
                        self.view(of: $0, route, now)
                    })
                let report = states.report(of: route)
                view.state = .init(report.state)
                view.reason = report.state.reason
                view.recentRequests = report.recent.requests
                view.recentAnswered = report.recent.answered
                view.lastRequest = report.lastRequest
                return view
            },
            breakers: book.breakers(now: now).map { breaker in
                RoutesView.Breaker(
                    key: breaker.key, kind: breaker.kind.rawValue, state: breaker.state.rawValue,
                    cause: breaker.cause.rawValue, failures: breaker.failures)
            })
        view.refusedEdit = settings.refusedEdit
        return view
    }

    private func view(of candidate: Candidate, _ route: Route, _ now: Moment) -> CandidateView {
        var view = CandidateView(provider: candidate.provider, model: candidate.model, weight: candidate.weight)
        view.lab = candidate.lab
        view.host = candidate.host
        view.region = candidate.region
        view.retires = candidate.retires
        view.successor = candidate.successor
        guard candidate.unavailable == nil, let provider = gateway.state.providers[candidate.provider] else {
            view.standing = "out of service"
            return view
        }
        let place = provider.place(of: candidate.model)
        if let answer = gateway.continuity.lastAnswer(of: ServedModel(host: place.host, model: place.model)) {
            view.secondsSinceAnswer = Int((now.tick - answer).components.seconds)
        }
        if gateway.isAwaitingReturn(route, at: place) { view.awaits = route.policy.substitution.return.rawValue }
        switch book.standing(of: place, now: now) {
        case .free:
            let trouble = states.trouble(of: candidate)
            view.standing = trouble == nil ? "free" : "breaker half-open"
            view.cause = trouble?.rawValue
        case .waiting(let until, let cause):
            view.standing = cause.rawValue
            view.secondsLeft = Int((until - now.tick).components.seconds) + 1
        case .suspected(let cause, let hold):
            view.standing = "suspected"
            view.cause = cause.rawValue
            view.hold = hold
        case .held(let ground, let hold):
            view.standing = ground.rawValue
            view.hold = hold
        case .open(_, let cause):
            view.standing = "breaker open"
            view.cause = cause.rawValue
        }
        return view
    }
}

extension RoutesView.State {
    fileprivate init(_ state: RouteState) {
        self =
            switch state {
            case .serving: .serving
            case .degraded: .degraded
            case .down: .down
            }
    }
}

extension HoldView {
    fileprivate init(_ hold: Hold, now: Duration) {
        self.init(
            id: hold.id, name: hold.name, cause: hold.ground.rawValue, scope: hold.scope.rawValue,
            firmness: hold.firmness.rawValue, origin: hold.origin.rawValue, provider: hold.provider, host: hold.host,
            model: hold.model.isEmpty ? nil : hold.model, since: hold.since, words: hold.words, rule: hold.rule)
        secondsLeft = hold.until.map { Int(($0 - now).components.seconds) + 1 }
        status = hold.status
        acknowledgedBy = hold.acknowledgedBy
        reason = hold.reason
        countsForKeys = hold.keys.map { $0.sorted() }
    }
}
