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
        retiringLast(policy.order == .weighted ? self.draw(draw) : Array(candidates.indices), now: now)
    }

    /// The same for a session: on a weighted route its requests ask in one
    /// order, as long as the candidates stay the same, so that a provider's
    /// cache serves them.
    /// - Parameters:
    ///   - session: A number that is the session's alone.
    ///   - moved: The candidate with which the conversation has gone on, as
    ///     `provider/model`, where that was not the first one.
    package func places(now: Int, session: UInt64, moved: String? = nil) -> [Int] {
        guard policy.order == .weighted else { return retiringLast(Array(candidates.indices), now: now) }
        var places = Rendezvous.order(candidates.map { (name: $0.id, weight: $0.weight) }, for: session)
        if let moved, let place = places.firstIndex(where: { candidates[$0].id == moved }) {
            places.insert(places.remove(at: place), at: 0)
        }
        return retiringLast(places, now: now)
    }

    private func retiringLast(_ places: [Int], now: Int) -> [Int] {
        let isDue: (Int) -> Bool = { candidates[$0].retires.map { $0 <= now } ?? false }
        guard places.contains(where: isDue) else { return places }
        return places.filter { !isDue($0) } + places.filter(isDue)
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
