/// A name that applications ask for, and who can serve it.
package struct Route: Sendable, Hashable {
    /// What an application sends as `model`. Never contains `/`: that is how
    /// a route and `provider/model` are told apart.
    package var name: String
    /// Best first, never empty in a table that came from settings.
    package var candidates: [Candidate]

    /// A route; takes both as they are, settings have checked them.
    package init(name: String, candidates: [Candidate]) {
        self.name = name
        self.candidates = candidates
    }

    /// Whether at least one candidate's provider is up for service.
    package var isServed: Bool { candidates.contains { $0.unavailable == nil } }
}
