import Access
import Routing

/// The candidates of a route, and what can only be judged later: against the
/// route's policy or against the other routes.
struct ReadCandidates {
    /// A successor as a candidate names it.
    struct Successor {
        var name: Text
        /// The path of the value in messages.
        var path: String
        var candidate: Candidate
    }

    /// Those that are right, in the order of the file.
    fileprivate(set) var usable: [Candidate] = []
    /// `provider/model` of all of them, right or wrong: who names a wrong one
    /// again makes no second problem.
    fileprivate(set) var named: [String] = []
    fileprivate(set) var successors: [Successor] = []
    /// The first weight that is given.
    fileprivate(set) var weight: (path: String, position: Position)?
}

/// Reads `candidates` of a route.
struct CandidateReader {
    private static let keys = [
        "provider", "model", "price", "lab", "host", "region", "context", "weight", "capabilities", "retires",
        "deprecated", "successor",
    ]

    let notes: Notes
    let providers: ReadProviders

    /// Nil if the file names none; without usable ones if all it names are
    /// wrong, which is noted here or where the providers were read.
    func read(_ route: Section) -> ReadCandidates? {
        guard let node = route.node("candidates") else { return nil }
        var result = ReadCandidates()
        guard case .list(let nodes) = node.content else {
            notes.error(node.position, "\(route.path("candidates")) must be a list, not \(node.kind)")
            return result
        }
        guard !nodes.isEmpty else { return nil }
        for (index, node) in nodes.enumerated() {
            let name = "\(route.path("candidates"))[\(index)]"
            guard let section = Section(node, name: name, keys: Self.keys, notes: notes) else { continue }
            if result.weight == nil, section.node("weight") != nil {
                result.weight = (section.path("weight"), section.place("weight"))
            }
            guard let candidate = candidate(section, &result.named) else { continue }
            if result.usable.contains(where: { $0.id == candidate.id }) {
                notes.error(node.position, "\(route.name) has \(candidate.id) twice")
            }
            if candidate.successor != nil, let text = section.text("successor") {
                result.successors.append(
                    ReadCandidates.Successor(name: text, path: section.path("successor"), candidate: candidate))
            }
            result.usable.append(candidate)
        }
        return result
    }

    private func candidate(_ section: Section, _ named: inout [String]) -> Candidate? {
        let price = price(section)
        let lab = section.string("lab")
        let host = section.string("host")
        let region = section.string("region")
        let context = section.integer("context", in: 1...100_000_000)
        let weight = section.integer("weight", in: 0...1_000_000)
        let capabilities = section.capabilities()
        let retires = section.moment("retires")
        let deprecated = section.moment("deprecated")
        if let deprecated, let retires, deprecated > retires {
            section.error("deprecated", "is later than its \"retires\"; a model is deprecated before it is retired")
        }
        let successor = section.string("successor")
        section.requires(["provider", "model"])
        guard let name = section.string("provider"), let model = section.string("model") else { return nil }
        named.append("\(name)/\(model)")
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
        candidate.weight = weight ?? candidate.weight
        candidate.capabilities = capabilities ?? candidate.capabilities
        candidate.retires = retires
        candidate.deprecated = deprecated
        candidate.successor = successor
        return candidate
    }

    private func price(_ section: Section) -> Price? {
        guard let price = section.section("price", keys: ["input", "output", "cached", "currency"]) else { return nil }
        let input = price.number("input")
        let output = price.number("output")
        let cached = price.number("cached")
        for key in ["input", "output"] where price.node(key) == nil {
            notes.error(price.position, "\(price.name) needs \(key), the price of a million tokens")
        }
        guard let input, let output else { return nil }
        let currency = price.value("currency", "must be three capital letters of ISO 4217, such as EUR") {
            $0.utf8.count == 3 && $0.utf8.allSatisfy { (0x41...0x5A).contains($0) } ? $0 : nil
        }
        return Price(input: input, output: output, cached: cached, currency: currency ?? "USD")
    }
}

extension Section {
    /// `capabilities`: exactly these; nil if absent.
    func capabilities() -> Capabilities? {
        guard node("capabilities") != nil else { return nil }
        return words("capabilities", Array(Capabilities.names)).reduce(into: []) { $0.insert($1) }
    }

    /// A list of known words; the others are noted.
    func words<Value>(_ key: String, _ known: [(key: String, value: Value)]) -> [Value] {
        (list(key) ?? []).compactMap { word in
            if let found = known.first(where: { $0.key == word.value }) { return found.value }
            let names = known.map(\.key)
            let hint =
                Spelling.closest(to: word.value, among: names).map { "did you mean \"\($0)\"?" }
                ?? "they are \(names.joined(separator: ", "))"
            notes.error(word.position, "\(path(key)) has no \(word.shown); \(hint)")
            return nil
        }
    }

    /// A day (its first moment, UTC) or a time, in seconds since 1970.
    func moment(_ key: String) -> Int? {
        value(key, "must be a day such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z") {
            UnixTime($0).map { Int($0.seconds) }
        }
    }
}
