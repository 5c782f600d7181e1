/// Names of models with a space in them. Providers' own names have none, and a provider answers such a name like that of
/// a model that is gone.
struct SpacedModel {
    let notes: Notes

    func check(_ root: DocumentNode) {
        for provider in root["providers"]?.entries ?? [] {
            for (index, model) in (provider.value["models"]?.elements ?? []).enumerated() {
                check(model, "providers.\(provider.key).models[\(index)]")
            }
        }
        for route in root["routes"]?.entries ?? [] {
            for (index, candidate) in (route.value["candidates"]?.elements ?? []).enumerated() {
                guard let model = candidate["model"] else { continue }
                check(model, "routes.\(route.key).candidates[\(index)].model")
            }
        }
    }

    private func check(_ node: DocumentNode, _ path: String) {
        guard let spelled = node.spelled, spelled.contains(where: \.isWhitespace), !spelled.contains("${") else {
            return
        }
        notes.warning(
            node.position,
            "\(path) is \(quoted(spelled)), which has a space in it; write the name as the provider lists it")
    }
}
