/// A name that applications ask for, and who can serve it.
package struct Route: Sendable, Hashable {
    /// What an application sends as `model`. Never contains `/`: that is how
    /// a route and `provider/model` are told apart.
    package var name: String
    /// Best first, never empty in a table that came from settings.
    package var candidates: [Candidate]
    /// How it treats them.
    package var policy: RoutePolicy

    /// A route; takes all as it is, settings have checked it.
    package init(name: String, candidates: [Candidate], policy: RoutePolicy = RoutePolicy()) {
        self.name = name
        self.candidates = candidates
        self.policy = policy
    }

    /// Whether at least one candidate's provider is up for service.
    package var isServed: Bool { candidates.contains { $0.unavailable == nil } }

    /// Its candidates in the order in which they are to be asked.
    ///
    /// A weighted route's are drawn by their weights. Whose retirement is due
    /// comes after all others: it may still answer, and is no longer relied
    /// on.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - draw: a number from 0 up to, not including, the one given.
    package func order(now: Int, draw: (Int) -> Int) -> [Candidate] {
        places(now: now, draw: draw).map { candidates[$0] }
    }

    /// As ``order(now:draw:)``, by their places among ``candidates``.
    package func places(now: Int, draw: (Int) -> Int) -> [Int] {
        let isDue: (Int) -> Bool = { candidates[$0].retires.map { $0 <= now } ?? false }
        let drawn = policy.order == .weighted ? self.draw(draw) : Array(candidates.indices)
        guard drawn.contains(where: isDue) else { return drawn }
        return drawn.filter { !isDue($0) } + drawn.filter(isDue)
    }

    private func draw(_ draw: (Int) -> Int) -> [Int] {
        var left = Array(candidates.indices)
        var drawn: [Int] = []
        while !left.isEmpty {
            let total = left.reduce(0) { $0 + max(0, candidates[$1].weight) }
            // Those without weight serve when nobody else can.
            guard total > 0 else { return drawn + left }
            var ticket = draw(total)
            let index = left.firstIndex { place in
                ticket -= max(0, candidates[place].weight)
                return ticket < 0
            }
            drawn.append(left.remove(at: index ?? 0))
        }
        return drawn
    }
}
