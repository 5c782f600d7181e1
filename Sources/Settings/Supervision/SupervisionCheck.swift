import Conversation
import Routing

/// The rules about supervision that take the whole file: models that aren't
/// there, and candidates under `required` of which nobody says who made them.
///
/// A supervisor of the primary's own lab shares its faults, and without `lab`
/// it can't be told.
struct SupervisionCheck {
    let file: Section
    let providers: ReadProviders
    let routes: [Route]

    func check() {
        checkModels()
        checkProviders()
        for route in routes { check(route) }
    }

    private func checkModels() {
        for (entry, name, model) in SupervisionReader.models(file) {
            let path = "supervision.models.\(shortened(entry.key))"
            guard let known = providers[name] else {
                let hint = Spelling.closest(to: name, among: providers.names).map { "; did you mean \"\($0)\"?" } ?? ""
                file.notes.error(entry.position, "\(path) names \(quoted(name)), which is not under providers\(hint)")
                continue
            }
            guard let provider = known else { continue }
            guard provider.facts.serves(model) else {
                guard case .listed(let served) = provider.models else { continue }
                let hint =
                    Spelling.closest(to: model, among: served).map { "did you mean \"\($0)\"?" }
                    ?? "it serves \(served.prefix(10).joined(separator: ", "))"
                file.notes.error(
                    entry.position, "\(path) names \(quoted(model)), which \(name) does not serve; \(hint)")
                continue
            }
            let candidate = provider.facts.candidate(model: model)
            if candidate.supervision == .required, candidate.lab == nil {
                file.notes.error(entry.position, missing("\(path) is required", candidate))
            }
        }
    }

    private func checkProviders() {
        guard let section = file.named("providers") else { return }
        for provider in providers.usable where provider.supervision == .required && provider.lab == nil {
            file.notes.error(
                section.place(provider.name),
                "\(section.path(provider.name)).supervision is required, and nobody says who made its models; "
                    + "add `lab: NAME` to \(section.path(provider.name))")
        }
    }

    private func check(_ route: Route) {
        guard route.policy.supervision.level == .required, let routes = file.named("routes"),
            let section = routes.named(route.name)
        else { return }
        for candidate in route.candidates where candidate.lab == nil {
            file.notes.error(
                position(of: candidate, in: section),
                missing("\(section.path("supervision")) is required", candidate))
        }
    }

    private func missing(_ reason: String, _ candidate: Candidate) -> String {
        "\(reason), and nobody says who made \(shortened(candidate.id)); add `lab: NAME` to providers.\(candidate.provider)"
    }

    private func position(of candidate: Candidate, in route: Section) -> Position {
        guard case .list(let nodes)? = route.node("candidates")?.content else { return route.position }
        return nodes.first { node in
            guard case .mapping(let entries) = node.content else { return false }
            func says(_ key: String, _ word: String) -> Bool {
                entries.contains { entry in
                    guard entry.key == key, case .scalar(let text, _) = entry.value.content else { return false }
                    return References.show(text) == word
                }
            }
            return says("provider", candidate.provider) && says("model", candidate.model)
        }?.position ?? route.position
    }
}
