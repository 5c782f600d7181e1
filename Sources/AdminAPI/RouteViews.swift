/// `GET /admin/routes`: the routes with the state of their candidates, and the
/// breakers.
package struct RoutesView: Codable, Sendable, Hashable {
    /// The state of a route; any other word is another version's.
    package enum State: String, Codable, Sendable, Hashable, CaseIterable {
        case serving
        /// Requests are answered, but not by the first candidate, or not all.
        case degraded
        case down
    }

    package struct Route: Codable, Sendable, Hashable {
        package var name: String
        package var order: String
        package var `return`: String
        package var state = State.serving
        /// The reason where it isn't `serving`.
        package var reason: String?
        /// Requests of the last five minutes that say something of the route.
        package var recentRequests = 0
        /// Those of them that were answered.
        package var recentAnswered = 0
        /// Seconds since 1970; nil where no request came since the start.
        package var lastRequest: Int?
        package var candidates: [CandidateView]

        package init(name: String, order: String, return: String, candidates: [CandidateView]) {
            self.name = name
            self.order = order
            self.return = `return`
            self.candidates = candidates
        }
    }

    package struct Breaker: Codable, Sendable, Hashable {
        package var key: String
        package var kind: String
        package var state: String
        package var cause: String
        /// In a row.
        package var failures: Int

        package init(key: String, kind: String, state: String, cause: String, failures: Int) {
            self.key = key
            self.kind = kind
            self.state = state
            self.cause = cause
            self.failures = failures
        }
    }

    package var routes: [Route]
    package var breakers: [Breaker]
    /// The first problem of the settings file, if its last edit is broken: the settings from before are in force.
    package var refusedEdit: String?

    package init(routes: [Route], breakers: [Breaker]) {
        self.routes = routes
        self.breakers = breakers
    }
}

/// A candidate of a route.
package struct CandidateView: Codable, Sendable, Hashable {
    package var provider: String
    package var model: String
    package var lab: String?
    package var host: String?
    package var region: String?
    package var weight: Int
    /// Seconds since 1970.
    package var retires: Int?
    package var successor: String?
    /// `free`, or the reason that it isn't asked first.
    package var standing: String = ""
    package var secondsSinceAnswer: Int?
    package var secondsLeft: Int?
    /// The event that the route waits for before it relies on the candidate.
    package var awaits: String?
    package var cause: String?
    /// The id of the hold on it.
    package var hold: String?

    package init(provider: String, model: String, weight: Int) {
        self.provider = provider
        self.model = model
        self.weight = weight
    }
}
