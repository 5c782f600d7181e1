package import Access
package import Veto

/// The ones who depend on models, with what a suspension or a retirement means
/// to each. Pure.
package struct Dependants: Sendable {
    /// One receiver and the routes of its own that are concerned.
    package struct Notice: Sendable, Hashable {
        /// A webhook by its name, or a key as ``KeyReceivers`` names it.
        package var receiver: String
        package var routes: [Effect]
        /// True for a receiver of the operator's, which may hear which models
        /// are meant.
        package var isOperator: Bool

        package init(receiver: String, routes: [Effect], isOperator: Bool) {
            self.receiver = receiver
            self.routes = routes
            self.isOperator = isOperator
        }
    }

    /// The effect on a route's requests.
    package struct Effect: Sendable, Hashable {
        package var route: String
        /// The candidate that answers instead; nil where nobody does.
        package var standIn: String?
        /// The models of the route that are meant.
        package var models: [String]

        package init(route: String, standIn: String?, models: [String]) {
            self.route = route
            self.standIn = standIn
            self.models = models
        }
    }

    private let routes: [StandardSituation.Route]
    private let notify: [String: [String]]
    private let keys: [KeyRecord]
    /// The scopes of other suspensions: what they cover stands in for nobody.
    private let suspended: [SuspendedScope]

    /// - Parameters:
    ///   - routes: as they are now.
    ///   - notify: the webhooks of each route, by its name.
    ///   - keys: those that count.
    ///   - suspended: the scopes of all suspensions.
    package init(
        routes: [StandardSituation.Route], notify: [String: [String]], keys: [KeyRecord],
        suspended: [SuspendedScope] = []
    ) {
        self.routes = routes
        self.notify = notify
        self.keys = keys
        self.suspended = suspended
    }

    /// The notices of something that happens to some scopes.
    ///
    /// A key is told of its own routes alone. A scope of a key concerns that key
    /// and nobody else.
    package func notices(of scopes: [SuspendedScope]) -> [Notice] {
        let effects = effects(of: scopes)
        var notices: [Notice] = []
        for effect in effects {
            for webhook in notify[effect.route] ?? [] {
                add(effect, to: webhook, isOperator: true, &notices)
            }
        }
        for key in keys {
            guard let receiver = KeyReceivers.name(of: key) else { continue }
            let isMeant = scopes.contains(.key(key.id)) || scopes.contains(.key(key.name))
            let own =
                isMeant
                ? routes.map { Effect(route: $0.name, standIn: nil, models: []) } : effects
            for effect in own where key.routes?.contains(effect.route) ?? true {
                add(effect, to: receiver, isOperator: false, &notices)
            }
        }
        return notices
    }

    private func add(_ effect: Effect, to receiver: String, isOperator: Bool, _ notices: inout [Notice]) {
        if let place = notices.firstIndex(where: { $0.receiver == receiver }) {
            if !notices[place].routes.contains(effect) { notices[place].routes.append(effect) }
        } else {
            notices.append(Notice(receiver: receiver, routes: [effect], isOperator: isOperator))
        }
    }

    /// The routes that are concerned.
    package func effects(of scopes: [SuspendedScope]) -> [Effect] {
        routes.compactMap { route in
            let isWhole = scopes.contains { $0.covers(key: "", route: route.name) }
            let hit = route.candidates.filter { one in isWhole || scopes.contains { $0.covers(one.subject) } }
            guard !hit.isEmpty else { return nil }
            let standIn =
                isWhole
                ? nil
                : route.candidates.first { one in
                    one.serves && !(scopes + suspended).contains { $0.covers(one.subject) }
                }
            return Effect(route: route.name, standIn: standIn?.subject.id, models: hit.map(\.subject.id))
        }
    }
}
