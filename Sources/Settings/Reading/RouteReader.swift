import Routing

/// Reads `routes`.
struct RouteReader {
    let notes: Notes
    let providers: ReadProviders

    func read(_ file: Section) -> [Route] {
        guard let section = file.named("routes") else { return [] }
        var routes: [Route] = []
        var successors: [ReadCandidates.Successor] = []
        for entry in section.entries where !entry.value.isScalar {
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
            checkCredentials(of: candidates.usable, entry.position, path)
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
        check(section, routes)
        SuccessorCheck(notes: notes, providers: providers, routes: routes, names: section.entries.map(\.key))
            .check(successors)
        return routes
    }

    /// A caller's credential is for one provider: where it doesn't answer, another must not get it.
    private func checkCredentials(of candidates: [Candidate], _ position: Position, _ path: String) {
        var asked: [String] = []
        for candidate in candidates where !asked.contains(candidate.provider) {
            guard case .remote(let remote)?? = providers[candidate.provider].map({ $0?.kind }),
                remote.usesCallersCredential
            else { continue }
            asked.append(candidate.provider)
        }
        guard asked.count > 1 else { return }
        notes.error(
            position,
            "\(path) has more than one provider with credential: caller (\(asked.joined(separator: ", "))): what a caller "
                + "brings is for one of them; make a route of each")
    }

    private func check(_ section: Section, _ routes: [Route]) {
        let names = section.entries.filter { !$0.value.isScalar }.map(\.key)
        for (entry, target) in Self.aliases(in: section) where !names.contains(target) {
            let hint =
                Spelling.closest(to: target, among: names).map { "did you mean \"\($0)\"?" }
                ?? "routes are \(names.isEmpty ? "missing" : names.joined(separator: ", "))"
            notes.error(
                entry.value.position,
                "\(section.path(entry.key)) stands for the route \(quoted(target)), which is not there; \(hint)")
        }
    }

    private static func aliases(in section: Section) -> [(DocumentNode.Entry, String)] {
        section.entries.compactMap { entry in
            guard entry.value.isScalar, !entry.value.isNull, let text = section.text(entry.key) else { return nil }
            return (entry, text.value)
        }
    }

    /// Returns the entries of `routes` that are aliases of another route: `claude-*: assistant`.
    static func aliases(_ file: Section) -> [RouteAlias] {
        guard let section = file.named("routes") else { return [] }
        return aliases(in: section).compactMap { entry, target in
            guard let alias = RouteAlias(entry.key, route: target) else {
                section.notes.error(
                    entry.position,
                    "\(quoted(entry.key)) cannot stand for a route; use a name, with \"*\" for any characters")
                return nil
            }
            return alias
        }
    }
}
