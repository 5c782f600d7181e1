/// A name that applications ask for, and who can serve it.
package struct Route: Sendable, Hashable {
    /// The name that an application sends as `model`. Never contains `/`, which
    /// distinguishes a route from `provider/model`.
    package var name: String
    /// Best first, never empty in a table that came from settings.
    package var candidates: [Candidate]
    /// The rules by which the route uses its candidates.
    package var policy: RoutePolicy

    /// A route; takes all as it is, settings have checked it.
    package init(name: String, candidates: [Candidate], policy: RoutePolicy = RoutePolicy()) {
        self.name = name
        self.candidates = candidates
        self.policy = policy
    }

    /// True when at least one candidate's provider is available.
    package var isServed: Bool { candidates.contains { $0.unavailable == nil } }

    /// Returns the candidates in the order in which they are to be asked.
    ///
    /// The order of a weighted route is drawn by the weights. A candidate whose
    /// retirement date has passed comes after all others: it may still answer,
    /// but is no longer relied on.
    ///
    /// - Parameters:
    ///   - now: The present time, in seconds since 1970.
    ///   - draw: Returns a random number from 0 up to, but not including, its
    ///     argument.
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
