import Routing

/// Successors that lead back to the candidate whose place they are to take.
struct SuccessorCycle {
    let notes: Notes
    private let table: RouteTable
    /// The successors, by the candidate that each one follows.
    private let successors: [String: String]

    init(notes: Notes, providers: ReadProviders, routes: [Route]) {
        self.notes = notes
        table = RouteTable(providers: providers.usable.map(\.facts), routes: routes)
        let named = routes.flatMap(\.candidates).compactMap { candidate in
            candidate.successor.map { (candidate.id, $0) }
        }
        successors = Dictionary(named) { first, _ in first }
    }

    func check(_ root: DocumentNode) {
        for route in root["routes"]?.entries ?? [] {
            for (index, candidate) in (route.value["candidates"]?.elements ?? []).enumerated() {
                guard let node = candidate["successor"], let provider = candidate["provider"]?.spelled,
                    let model = candidate["model"]?.spelled
                else { continue }
                let start = "\(provider)/\(model)"
                guard let name = successors[start], let path = way(back: start, from: name, passed: [start]),
                    // Itself is an error, and told as one.
                    path.count > 1
                else { continue }
                notes.warning(
                    node.position,
                    "routes.\(route.key).candidates[\(index)].successor goes in a circle: "
                        + "\(([start] + path).joined(separator: " → ")); name one that stays")
            }
        }
    }

    /// Those on the way to `start`, which stands last; nil where it leads
    /// elsewhere. A route leads back only if all of its candidates do.
    private func way(back start: String, from name: String, passed: Set<String>) -> [String]? {
        let heirs: [String]
        switch table.resolve(name) {
        case .direct(let candidate): heirs = [candidate.id]
        case .route(let route):
            // Its own place is not what it is to be given.
            heirs = route.candidates.map(\.id).filter { passed.count > 1 || $0 != start }
        default: return nil
        }
        var found: [String]?
        for heir in heirs {
            if heir == start {
                found = found ?? [start]
                continue
            }
            guard !passed.contains(heir), let next = successors[heir],
                let rest = way(back: start, from: next, passed: passed.union([heir]))
            else { return nil }
            found = found ?? [heir] + rest
        }
        return found
    }
}
