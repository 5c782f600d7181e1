import Routing

/// Reads `routes`.
struct RouteReader {
    let notes: Notes
    let providers: ReadProviders

    func read(_ file: Section) -> [Route] {
        guard let section = file.named("routes") else { return [] }
        var routes: [Route] = []
        var successors: [ReadCandidates.Successor] = []
        for entry in section.entries {
            guard isName(entry.key) else {
                let hint = entry.key.contains("/") ? "; \"/\" is for provider/model" : ""
                notes.error(
                    entry.position,
                    "\(quoted(entry.key)) cannot name a route; use letters, digits, \".\", \"_\" and \"-\"\(hint)")
                continue
            }
            let path = section.path(entry.key)
            guard
                let route = Section(
                    entry.value, name: path, keys: ["candidates"] + RoutePolicyReader.keys, notes: notes)
            else { continue }
            guard let candidates = CandidateReader(notes: notes, providers: providers).read(route) else {
                notes.error(entry.position, "\(path) needs at least one candidate")
                continue
            }
            let policy = RoutePolicyReader(route: route, candidates: candidates).read()
            successors += candidates.successors
            if candidates.usable.isEmpty { continue }
            let result = Route(name: entry.key, candidates: candidates.usable, policy: policy)
            if !result.isServed {
                notes.warning(
                    entry.position, "nobody can serve route \"\(entry.key)\": every provider it names is skipped")
            }
            routes.append(result)
        }
        SuccessorCheck(notes: notes, providers: providers, routes: routes, names: section.entries.map(\.key))
            .check(successors)
        return routes
    }
}
