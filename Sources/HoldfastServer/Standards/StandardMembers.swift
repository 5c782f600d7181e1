import Gateway
import Resilience
import Routing
import Veto

/// The routes and candidates of the moment, as standards find them.
struct StandardMembers: Sendable {
    /// A candidate with the properties by which suspensions find it.
    struct Member: Sendable {
        var candidate: Candidate
        var subject: SuspensionSubject
    }

    let situation: StandardSituation
    private let byRoute: [(route: String, members: [Member])]

    init(_ gateway: Gateway, suspended: SuspensionIndex) {
        let state = gateway.state
        let now = gateway.continuity.now
        var routes: [StandardSituation.Route] = []
        byRoute = state.routes.routes.map { route in
            let members = gateway.continuity.announcements.dated(route.candidates, in: state.routes).map { candidate in
                var subject = candidate.suspensionSubject
                if let weights = state.providers[candidate.provider]?.weights {
                    subject.weights = weights.name
                    subject.epoch = weights.epoch
                }
                return Member(candidate: candidate, subject: subject)
            }
            routes.append(
                StandardSituation.Route(
                    name: route.name,
                    candidates: members.map { member in
                        .init(member.subject, serves: Self.serves(member.candidate, state, gateway, now))
                    }))
            return (route.name, members)
        }
        situation = StandardSituation(routes: routes, suspended: suspended.entries)
    }

    private static func serves(
        _ candidate: Candidate, _ state: GatewayState, _ gateway: Gateway, _ now: Moment
    ) -> Bool {
        guard candidate.unavailable == nil, let provider = state.providers[candidate.provider] else { return false }
        switch gateway.continuity.book.standing(of: provider.place(of: candidate.model), now: now) {
        case .held, .suspected, .open: return false
        case .free, .waiting: return true
        }
    }

    /// The candidates that a scope is about, each once.
    func members(of scope: SuspendedScope) -> [Member] {
        var seen: Set<String> = []
        return byRoute.flatMap { route, members in
            members.filter { scope == .route(route) || scope.covers($0.subject) }
        }.filter { seen.insert($0.candidate.id).inserted }
    }

    /// The routes that a scope is about.
    func routes(of scope: SuspendedScope) -> [String] {
        byRoute.filter { route, members in
            scope == .route(route) || members.contains { scope.covers($0.subject) }
        }.map(\.route)
    }

    /// The suspensions that cover a candidate.
    func suspensions(of member: Member) -> [SuspensionIndex.Entry] {
        situation.suspended.filter { entry in entry.suspension.scopes.contains { $0.covers(member.subject) } }
    }
}
