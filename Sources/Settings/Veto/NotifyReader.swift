import Routing

/// The check that routes tell webhooks that are there.
struct NotifyReader {
    let file: Section

    func check(_ routes: [Route], webhooks: [Webhook]) {
        guard let section = file.named("routes") else { return }
        let names = webhooks.map(\.name)
        for route in routes {
            for name in route.policy.notify where !names.contains(name) {
                let hint =
                    Spelling.closest(to: name, among: names).map { "did you mean \"\($0)\"?" }
                    ?? "add it to `alerts: {webhooks: …}`"
                let own = section.named(route.name)
                own?.notes.error(
                    own?.place("notify") ?? section.position,
                    "\(section.path(route.name)).notify has \(quoted(name)), which is no webhook of `alerts`; \(hint)")
            }
        }
    }
}
