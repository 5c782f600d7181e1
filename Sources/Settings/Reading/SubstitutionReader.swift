import Routing

/// Reads `substitution` of a route.
struct SubstitutionReader {
    let route: Section
    let candidates: ReadCandidates

    func read() -> Substitution {
        var substitution = Substitution()
        guard let section = route.section("substitution", keys: ["by", "disclose", "residency", "return"]) else {
            return substitution
        }
        substitution.by = by(section)
        substitution.isDisclosed = section.flag("disclose") ?? substitution.isDisclosed
        substitution.residency = residency(section, by: substitution.by)
        substitution.return = section.choice("return") ?? substitution.return
        return substitution
    }

    private func by(_ section: Section) -> [String]? {
        guard let names = section.list("by") else { return nil }
        switch names.map(\.value) {
        case ["any"]: return nil
        case ["none"]: return []
        case []:
            section.error("by", "is empty; write none if nobody may stand in, any if every candidate may")
            return nil
        case let ids:
            for name in names where !candidates.named.contains(name.value) {
                let hint =
                    Spelling.closest(to: name.value, among: candidates.named).map { "did you mean \"\($0)\"?" }
                    ?? "they are \(candidates.named.prefix(10).joined(separator: ", "))"
                section.notes.error(
                    name.position, "\(section.path("by")) names \(name.shown), which is no candidate here; \(hint)")
            }
            return ids
        }
    }

    private func residency(_ section: Section, by ids: [String]?) -> [String]? {
        guard let regions = section.list("residency")?.map(\.value) else { return nil }
        guard !regions.isEmpty else {
            section.error("residency", "is empty; leave it out if stand-ins may run anywhere")
            return nil
        }
        let standIns = candidates.usable.dropFirst().filter { ids?.contains($0.id) ?? true }
        if !standIns.isEmpty, !standIns.contains(where: { $0.region.map(regions.contains) ?? false }) {
            section.notes.warning(
                section.place("residency"),
                "\(section.path("residency")) leaves nobody to stand in: no such candidate has one of these regions")
        }
        return regions
    }
}
