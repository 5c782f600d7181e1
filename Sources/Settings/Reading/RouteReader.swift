import Routing

/// Reads `routes`.
struct RouteReader {
    let notes: Notes
    let providers: ReadProviders

    func read(_ file: Section) -> [Route] {
        guard let section = file.named("routes") else { return [] }
        var routes: [Route] = []
        for entry in section.entries {
            guard isName(entry.key) else {
                let hint = entry.key.contains("/") ? "; \"/\" is for provider/model" : ""
                notes.error(
                    entry.position,
                    "\(quoted(entry.key)) cannot name a route; use letters, digits, \".\", \"_\" and \"-\"\(hint)")
                continue
            }
            let path = section.path(entry.key)
            guard let route = Section(entry.value, name: path, keys: ["candidates"], notes: notes) else { continue }
            guard let candidates = candidates(route) else {
                notes.error(entry.position, "\(path) needs at least one candidate")
                continue
            }
            if candidates.isEmpty { continue }
            let result = Route(name: entry.key, candidates: candidates)
            if !result.isServed {
                notes.warning(
                    entry.position, "nobody can serve route \"\(entry.key)\": every provider it names is skipped")
            }
            routes.append(result)
        }
        return routes
    }

    /// Nil if the file names none; empty if all it names are wrong, which is
    /// noted here or where the providers were read.
    private func candidates(_ route: Section) -> [Candidate]? {
        guard let node = route.node("candidates") else { return nil }
        guard case .list(let nodes) = node.content else {
            notes.error(node.position, "\(route.path("candidates")) must be a list, not \(node.kind)")
            return []
        }
        guard !nodes.isEmpty else { return nil }
        var candidates: [Candidate] = []
        for (index, node) in nodes.enumerated() {
            let name = "\(route.path("candidates"))[\(index)]"
            guard
                let section = Section(
                    node, name: name, keys: ["provider", "model", "price", "lab", "host", "region", "context"],
                    notes: notes),
                let candidate = candidate(section)
            else { continue }
            if candidates.contains(where: { $0.id == candidate.id }) {
                notes.error(node.position, "\(route.name) has \(candidate.id) twice")
            }
            candidates.append(candidate)
        }
        return candidates
    }

    private func candidate(_ section: Section) -> Candidate? {
        let price = price(section)
        let lab = section.string("lab")
        let host = section.string("host")
        let region = section.string("region")
        let context = section.integer("context", in: 1...100_000_000)
        for key in ["provider", "model"] where section.node(key) == nil {
            notes.error(section.position, "\(section.name) needs a \(key)")
        }
        guard let name = section.string("provider"), let model = section.string("model") else { return nil }
        guard let entry = providers[name] else {
            let hint =
                Spelling.closest(to: name, among: providers.names).map { "; did you mean \"\($0)\"?" } ?? ""
            section.error("provider", "is \(quoted(name)), which is not under providers\(hint)")
            return nil
        }
        guard let provider = entry else { return nil }
        guard provider.facts.serves(model) else {
            guard case .listed(let served) = provider.models else { return nil }
            let hint =
                Spelling.closest(to: model, among: served).map { "did you mean \"\($0)\"?" }
                ?? "it serves \(served.prefix(10).joined(separator: ", "))"
            section.error("model", "is \(quoted(model)), which \(name) does not serve; \(hint)")
            return nil
        }
        var candidate = provider.facts.candidate(model: model)
        candidate.price = price
        candidate.lab = lab ?? candidate.lab
        candidate.host = host ?? candidate.host
        candidate.region = region ?? candidate.region
        candidate.context = context ?? candidate.context
        return candidate
    }

    private func price(_ section: Section) -> Price? {
        guard let price = section.section("price", keys: ["input", "output", "cached"]) else { return nil }
        let input = price.number("input")
        let output = price.number("output")
        let cached = price.number("cached")
        for key in ["input", "output"] where price.node(key) == nil {
            notes.error(price.position, "\(price.name) needs \(key), the price of a million tokens")
        }
        guard let input, let output else { return nil }
        return Price(input: input, output: output, cached: cached)
    }
}
