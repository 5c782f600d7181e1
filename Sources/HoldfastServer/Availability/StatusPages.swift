import Access
import Availability
import Failures
package import FrontDoor
package import Gateway
package import NIOCore
import Resilience
import Routing
import Settings
import Synchronization

/// The public status pages of a running Holdfast: the names of routes, models and hosts, and their state. They show no
/// words of providers and no keys.
package final class StatusPages: Sendable {
    private let gateway: Gateway
    private let settings: CurrentSettings
    private let routes: RouteStates
    /// Nil where there is no ledger whose key could sign it.
    private let suspensions: SuspensionFeed?
    /// Anybody may ask, as often as they like: made anew once a second only.
    private let made = Mutex<(at: Int, json: ByteBuffer, page: ByteBuffer)?>(nil)

    package init(
        gateway: Gateway, settings: CurrentSettings, routes: RouteStates, suspensions: SuspensionFeed? = nil
    ) {
        self.routes = routes
        self.gateway = gateway
        self.settings = settings
        self.suspensions = suspensions
    }

    /// Nil where the settings switch the page off.
    package func answer(_ form: HouseView.StatusForm) -> ByteBuffer? {
        guard let page = settings.now.statusPage else { return nil }
        let now = routes.availability.now
        if form == .suspensions { return suspensions?.note(at: now) }
        let pair = made.withLock { made in
            if let made, made.at == now { return (made.json, made.page) }
            let board = board(page.title, now)
            made = (now, board.json, board.page)
            return (made!.json, made!.page)
        }
        return form == .json ? pair.0 : pair.1
    }

    // MARK: The board

    private func board(_ title: String, _ now: Int) -> StatusBoard {
        let settings = settings.now
        let hosts = Dictionary(settings.providers.map { ($0.name, $0.host ?? $0.name) }) { first, _ in first }
        var models: [String: (state: StatusBoard.State, detail: String, host: String)] = [:]
        var components: [StatusBoard.Component] = []
        for route in gateway.state.routes.routes {
            // A candidate that is skipped for want of a key is no outage.
            let candidates = route.candidates.filter { $0.unavailable == nil }
            for candidate in candidates {
                let (state, detail) = standing(candidate)
                models[candidate.id] = (state, detail, hosts[candidate.provider] ?? candidate.provider)
            }
            components.append(component(route, candidates.first.flatMap { models[$0.id]?.state }))
        }
        for (name, model) in models.sorted(by: { $0.key < $1.key }) {
            components.append(.init(group: .models, name: name, state: model.state, detail: model.detail))
        }
        for (host, members) in Dictionary(grouping: models.values, by: \.host).sorted(by: { $0.key < $1.key }) {
            let down = members.count { $0.state == .major }
            let state: StatusBoard.State =
                down == members.count ? .major : down > 0 ? .partial : members.map(\.state).max() ?? .operational
            components.append(
                .init(
                    group: .hosts, name: host, state: state,
                    detail: down == 0 ? "" : "\(down) of \(members.count) models out of service"))
        }
        return StatusBoard(
            title: title, components: components, incidents: incidents(models.keys.sorted()), now: now,
            time: { UnixTime(seconds: Int64($0)).description })
    }

    /// A route serves as long as its requests are answered, by whichever
    /// candidate.
    ///
    /// - Parameter lead: the state of its first candidate.
    private func component(_ route: Route, _ lead: StatusBoard.State?) -> StatusBoard.Component {
        let report = routes.report(of: route)
        let state: StatusBoard.State
        var detail = report.state.reason ?? ""
        switch report.state {
        case .down: state = .major
        case .degraded: state = .degraded
        case .serving:
            state = min(lead ?? .operational, .partial)
            if report.recent.requests == 0 {
                detail =
                    "idle since \(report.lastRequest.map { UnixTime(seconds: Int64($0)).description } ?? "the start")"
            }
        }
        return StatusBoard.Component(group: .routes, name: route.name, state: state, detail: detail)
    }

    private func standing(_ candidate: Candidate) -> (StatusBoard.State, String) {
        guard let provider = gateway.state.providers[candidate.provider] else {
            return (.major, "not in service")
        }
        let place = provider.place(of: candidate.model)
        switch gateway.continuity.book.standing(of: place, now: gateway.continuity.now) {
        case .free:
            // Free for a trial is not yet sound.
            guard let cause = routes.trouble(of: candidate) else { return (.operational, "") }
            return (.partial, "\(cause.words), to be tried again")
        case .waiting: return (.degraded, "throttled")
        case .open(_, let cause): return (.partial, cause.words)
        case .suspected(let cause, _): return (.partial, "\(cause.words), to be confirmed")
        case .held(let ground, _): return (.major, ground.words)
        }
    }

    private func incidents(_ models: [String]) -> [StatusBoard.Incident] {
        gateway.continuity.book.holds.filter(\.isPersistent).map { hold in
            let name = hold.model.isEmpty ? hold.provider : "\(hold.provider)/\(hold.model)"
            let concerned = hold.model.isEmpty ? models.filter { $0.hasPrefix("\(hold.provider)/") } : [name]
            return StatusBoard.Incident(
                id: hold.id,
                name: "\(name): \(hold.ground.words)\(hold.firmness == .provisional ? ", to be confirmed" : "")",
                since: hold.since, components: concerned.map { "models-\($0)" })
        }
    }
}

extension Cause {
    /// For people.
    fileprivate var words: String { rawValue.split(separator: "_").joined(separator: " ") }
}

extension HoldGround {
    fileprivate var words: String {
        switch self {
        case .failure(let cause): cause.words
        case .byHand: "held by an administrator"
        }
    }
}
