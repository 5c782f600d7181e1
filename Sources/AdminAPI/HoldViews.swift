/// `GET /admin/holds`: the holds, and the models that are back and not relied
/// on yet.
package struct HoldsView: Codable, Sendable, Hashable {
    package var holds: [HoldView]
    package var returned: [ReturnedView]

    package init(holds: [HoldView], returned: [ReturnedView]) {
        self.holds = holds
        self.returned = returned
    }
}

/// A hold.
package struct HoldView: Codable, Sendable, Hashable {
    package var id: String
    package var name: String
    package var cause: String
    package var scope: String
    package var firmness: String
    package var origin: String
    package var provider: String
    package var host: String
    package var model: String?
    /// Seconds since 1970.
    package var since: Int
    /// The remaining seconds, if the hold ends by itself.
    package var secondsLeft: Int?
    package var status: Int?
    /// The provider's own words, shortened.
    package var words: String
    package var rule: String
    package var acknowledgedBy: String?
    /// An administrator's reason.
    package var reason: String?
    /// The keys for which it counts until a probe has confirmed it; nil where
    /// it counts for all.
    package var countsForKeys: [String]?

    package init(
        id: String, name: String, cause: String, scope: String, firmness: String, origin: String, provider: String,
        host: String, model: String?, since: Int, words: String, rule: String
    ) {
        self.id = id
        self.name = name
        self.cause = cause
        self.scope = scope
        self.firmness = firmness
        self.origin = origin
        self.provider = provider
        self.host = host
        self.model = model
        self.since = since
        self.words = words
        self.rule = rule
    }
}

/// A lifted hold that a route with `return:` still minds.
package struct ReturnedView: Codable, Sendable, Hashable {
    package var id: String
    package var cause: String
    package var provider: String
    package var model: String?
    /// Seconds since 1970.
    package var since: Int
    package var byHand: Bool
    /// The routes on which a drill has passed since.
    package var drilled: [String]

    package init(
        id: String, cause: String, provider: String, model: String?, since: Int, byHand: Bool, drilled: [String]
    ) {
        self.id = id
        self.cause = cause
        self.provider = provider
        self.model = model
        self.since = since
        self.byHand = byHand
        self.drilled = drilled
    }
}

/// `POST /admin/holds`: an order to send nothing more to a model.
package struct HoldOrder: Codable, Sendable, Hashable {
    package var provider: String
    package var model: String
    /// For the record, and for callers that meet the hold. Needed, but for a
    /// dry run.
    package var reason: String?
    /// Nothing is held; the answer is the effect (``HoldEffectView``).
    package var dryRun: Bool?

    package init(provider: String, model: String, reason: String?, dryRun: Bool? = nil) {
        self.provider = provider
        self.model = model
        self.reason = reason
        self.dryRun = dryRun
    }
}

/// The effect that a hold by hand would have.
package struct HoldEffectView: Codable, Sendable, Hashable {
    /// A route with the model among its candidates.
    package struct Loss: Codable, Sendable, Hashable {
        package var name: String
        /// The candidates that would serve in its place, in order, as
        /// `provider/model`.
        package var left: [String]

        package init(name: String, left: [String]) {
            self.name = name
            self.left = left
        }
    }

    package var routes: [Loss]

    package init(routes: [Loss]) { self.routes = routes }
}
