import Access

/// Days of retirement that are over: since then the candidate is asked last.
struct PastDate {
    let notes: Notes

    func check(_ root: DocumentNode) {
        guard let now = notes.now else { return }
        for route in root["routes"]?.entries ?? [] {
            for (index, candidate) in (route.value["candidates"]?.elements ?? []).enumerated() {
                guard let node = candidate["retires"], let spelled = node.spelled,
                    let time = UnixTime(References.expand(spelled, environment: notes.environment).value), time <= now
                else { continue }
                notes.warning(
                    node.position,
                    "routes.\(route.key).candidates[\(index)].retires is \(quoted(spelled)), which is in the past: it is "
                        + "asked last; take the candidate out, or correct the date")
            }
        }
    }
}
