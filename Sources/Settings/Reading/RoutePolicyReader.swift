import Routing

/// Reads what a route says besides its candidates.
struct RoutePolicyReader {
    static let keys =
        [
            "order", "deadline", "patience", "stay", "timeouts", "on_refusal", "continue", "silence", "hedge",
            "keep_warm",
            "substitution", "objectives", "nested", "record", "forbid", "notify",
        ] + RouteSupervisionReader.keys

    private enum Recording: String, CaseIterable {
        case async
        case beforeAnswer = "before-answer"
    }

    private enum OnRefusal: String, CaseIterable { case pass, next }

    let route: Section
    let candidates: ReadCandidates

    func read() -> RoutePolicy {
        var policy = RoutePolicy()
        policy.order = route.choice("order") ?? policy.order
        policy.patience = route.duration("patience") ?? policy.patience
        policy.stay = offOrTime("stay", such: "3s").map { $0 ?? .zero } ?? policy.stay
        readLimits(&policy)
        let onRefusal: OnRefusal? = route.choice("on_refusal")
        policy.movesOnRefusal = onRefusal == .next
        policy.continues = route.flag("continue") ?? policy.continues
        policy.substitution = SubstitutionReader(route: route, candidates: candidates).read()
        policy.silence = offOrTime("silence", such: "12s").map { $0.map { .after($0) } ?? .never } ?? policy.silence
        policy.hedge = hedge()
        policy.keepWarm = keepWarm(policy.keepWarm)
        policy.objectives = objectives()
        policy.nested = nested()
        policy.forbidden = route.forbidden()
        policy.notify = (route.list("notify") ?? []).map(\.value)
        policy.supervision = RouteSupervisionReader(route: route).read()
        let recording: Recording? = route.choice("record")
        policy.recordsBeforeAnswer = recording == .beforeAnswer
        checkWeights(policy.order)
        return policy
    }

    /// `deadline` and `timeouts`, whose `total` is another word for it.
    private func readLimits(_ policy: inout RoutePolicy) {
        policy.deadline = route.positiveDuration("deadline") ?? policy.deadline
        guard let limits = route.section("timeouts", keys: ["first_byte", "first_token", "stall", "total"]) else {
            return
        }
        policy.firstByte = limits.positiveDuration("first_byte")
        policy.firstToken = limits.positiveDuration("first_token")
        policy.stall = limits.positiveDuration("stall")
        guard let total = limits.positiveDuration("total") else { return }
        if route.node("deadline") != nil {
            limits.error("total", "and \(route.path("deadline")) are the same limit; keep one of them")
        }
        policy.deadline = total
    }

    private func hedge() -> Hedge? {
        guard let node = route.node("hedge") else { return nil }
        if case .scalar = node.content {
            _ = route.value("hedge", "must be off or a mapping such as {after: p95, share: 5%}") {
                $0 == "off" ? $0 : nil
            }
            return nil
        }
        guard let section = route.section("hedge", keys: ["after", "share"]) else { return nil }
        var hedge = Hedge()
        hedge.quantile =
            section.value("after", "must be a percentile from p50 to p99.9, such as p95") { quantileWritten($0) }
            ?? hedge.quantile
        hedge.share =
            section.value("share", "must be more than 0% and at most 100%, such as 5%") { text in
                percentWritten(text).flatMap { $0 > 0 ? $0 : nil }
            } ?? hedge.share
        return hedge
    }

    /// - Returns: nil where it isn't said, or not so; inside it nil for off.
    private func offOrTime(_ key: String, such example: String) -> Duration?? {
        let time: Duration?? = route.value(
            key, "must be off or a time of more than nothing, such as \(example)"
        ) { text in
            if text == "off" { return .some(nil) }
            return Duration(written: text).flatMap { $0 > .zero ? .some($0) : nil }
        }
        return time
    }

    private func keepWarm(_ standard: Duration?) -> Duration? {
        guard route.node("keep_warm") != nil else { return standard }
        // More often than that is load, not a check.
        let period: Duration?? = route.value("keep_warm", "must be off or a time of 1s or more, such as 12h") { text in
            if text == "off" { return .some(nil) }
            return Duration(written: text).flatMap { $0 >= .seconds(1) ? .some($0) : nil }
        }
        return period ?? standard
    }

    private func objectives() -> Objectives {
        var objectives = Objectives()
        guard let section = route.section("objectives", keys: ["availability", "first_token", "switch"]) else {
            return objectives
        }
        objectives.availability =
            section.value("availability", "must be more than 0% and at most 100%, such as 99.9%") { text in
                percentWritten(text).flatMap { $0 > 0 ? $0 : nil }
            } ?? objectives.availability
        objectives.firstToken = section.positiveDuration("first_token")
        objectives.switchTime = section.positiveDuration("switch") ?? objectives.switchTime
        return objectives
    }

    private func nested() -> [String: String] {
        guard let section = route.named("nested") else { return [:] }
        var names: [String: String] = [:]
        for entry in section.entries {
            guard section.node(entry.key) != nil else {
                notes(entry, "needs the model to name instead")
                continue
            }
            guard let name = section.string(entry.key) else { continue }
            if name == entry.key { notes(entry, "is mapped to itself; name the model to use instead") }
            names[entry.key] = name
        }
        return names

        func notes(_ entry: DocumentNode.Entry, _ message: String) {
            section.notes.error(entry.position, "\(section.name).\(shortened(entry.key)) \(message)")
        }
    }

    private func checkWeights(_ order: RoutePolicy.Order) {
        guard let weight = candidates.weight else { return }
        if order != .weighted {
            route.notes.warning(
                weight.position, "\(weight.path) has no effect; weights count with `order: weighted` only")
        } else if !candidates.usable.isEmpty, candidates.usable.allSatisfy({ $0.weight == 0 }) {
            route.notes.error(weight.position, "\(weight.path) and all others are 0; give at least one candidate more")
        }
    }
}
