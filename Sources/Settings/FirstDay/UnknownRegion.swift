import Routing

/// Regions that a route is restricted to, and where nothing runs.
struct UnknownRegion {
    let notes: Notes

    func check(_ root: DocumentNode) {
        let known = Self.known(root)
        guard !known.isEmpty else { return }
        for route in root["routes"]?.entries ?? [] {
            for node in route.value["substitution"]?["residency"]?.scalars ?? [] {
                guard let spelled = node.spelled, !spelled.contains("$"), let hint = Self.hint(spelled, known) else {
                    continue
                }
                notes.warning(
                    node.position,
                    "routes.\(route.key).substitution.residency has \(quoted(spelled)), where no provider is; \(hint)")
            }
        }
    }

    /// The hint about a region that no provider and no candidate is in; nil
    /// where one is. An area as short as `eu` is no slip of the fingers: who
    /// runs there may come later.
    static func hint(_ region: String, _ known: [String]) -> String? {
        guard region.count > 2, !known.contains(region) else { return nil }
        return Spelling.closest(to: region, among: known).map { "did you mean \"\($0)\"?" }
            ?? "they are in \(known.joined(separator: ", "))"
    }

    /// Those of providers and of candidates, each once.
    private static func known(_ root: DocumentNode) -> [String] {
        var known: [String] = []
        let providers = (root["providers"]?.entries ?? []).map(\.value)
        let candidates = (root["routes"]?.entries ?? []).flatMap { $0.value["candidates"]?.elements ?? [] }
        for node in providers + candidates {
            if let region = node["region"]?.spelled, !known.contains(region) { known.append(region) }
        }
        return known
    }
}

extension Settings {
    /// The objection to a region that a key is restricted to, and where no
    /// provider and no candidate is; nil where one is, or where none says
    /// where it is.
    package func objection(toRegion region: String) -> String? {
        var known: [String] = []
        for place in providers.map(\.region) + routes.flatMap(\.candidates).map(\.region) {
            if let place, !known.contains(place) { known.append(place) }
        }
        guard !known.isEmpty, let hint = UnknownRegion.hint(region, known) else { return nil }
        return "no provider is in \"\(region)\"; \(hint)"
    }
}
