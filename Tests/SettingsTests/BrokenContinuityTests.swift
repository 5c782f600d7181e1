import Testing

/// Broken files, and the exact words about them: who serves when others fail.
@Suite struct BrokenContinuityTests {
    typealias Case = BrokenSettingsTests.Case

    /// A file whose fourth line is the route `r`, with these further keys.
    private static func route(_ text: String) -> String {
        ContinuityShapeTests.providers
            + "routes: {r: {candidates: [{provider: far, model: big}, {provider: here, model: m}], \(text)}}"
    }

    /// A file whose fourth line is a route of one candidate, `far/big`, with
    /// these further keys.
    private static func candidate(_ text: String, _ more: String = "") -> String {
        ContinuityShapeTests.providers + "routes: {r: {candidates: [{provider: far, model: big, \(text)}]\(more)}}"
    }

    static let providers: [Case] = [
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, capabilities: [tols, fly]}}",
            "holdfast.yaml:1:70: providers.p.capabilities has no \"tols\"; did you mean \"tools\"?",
            "holdfast.yaml:1:76: providers.p.capabilities has no \"fly\"; they are tools, images, json_schema, prefill, logprobs"
        ),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, capabilities: {tools: true}}}",
            "holdfast.yaml:1:69: providers.p.capabilities must be a list, not a mapping"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, probes: never}}",
            "holdfast.yaml:1:63: providers.p.probes must be on or off, not \"never\""),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, timeouts: {first_token: 0s}}}",
            "holdfast.yaml:1:79: providers.p.timeouts.first_token must be more than nothing"),
        Case("data: here", "holdfast.yaml:1:7: data must be a mapping, not a single value"),
        Case("data: {directory: ''}", "holdfast.yaml:1:19: data.directory is empty"),
        Case("data: {dir: x}", "holdfast.yaml:1:8: unknown key \"dir\" in data; known here: directory"),
    ]

    static let policies: [Case] = [
        Case(route("order: random"), "holdfast.yaml:4:92: routes.r.order must be ordered or weighted, not \"random\""),
        Case(
            route("deadline: 0s, timeouts: {stall: 0s, first_token: soon}"),
            "holdfast.yaml:4:95: routes.r.deadline must be more than nothing",
            "holdfast.yaml:4:117: routes.r.timeouts.stall must be more than nothing",
            "holdfast.yaml:4:134: routes.r.timeouts.first_token must be a time such as 500ms, 10s, 2m or 1h, not \"soon\""
        ),
        Case(
            route("deadline: 1m, timeouts: {total: 1m}"),
            "holdfast.yaml:4:117: routes.r.timeouts.total and routes.r.deadline are the same limit; keep one of them"),
        Case(route("on_refusal: stop"), "holdfast.yaml:4:97: routes.r.on_refusal must be pass or next, not \"stop\""),
        Case(route("continue: off"), "holdfast.yaml:4:95: routes.r.continue must be true or false, not \"off\""),
        Case(
            route("silence: on, stay: 0s"),
            "holdfast.yaml:4:94: routes.r.silence must be off or a time of more than nothing, such as 12s, not \"on\"",
            "holdfast.yaml:4:104: routes.r.stay must be off or a time of more than nothing, such as 3s, not \"0s\""),
        Case(
            route("silence: 12, stay: {most: 3s}"),
            "holdfast.yaml:4:94: routes.r.silence must be off or a time of more than nothing, such as 12s, not \"12\"",
            "holdfast.yaml:4:104: routes.r.stay must be a single value, not a mapping"),
        Case(
            route("hedge: on"),
            "holdfast.yaml:4:92: routes.r.hedge must be off or a mapping such as {after: p95, share: 5%}, not \"on\""),
        Case(
            route("hedge: {after: 95, share: 5}"),
            "holdfast.yaml:4:100: routes.r.hedge.after must be a percentile from p50 to p99.9, such as p95, not \"95\"",
            "holdfast.yaml:4:111: routes.r.hedge.share must be more than 0% and at most 100%, such as 5%, not \"5\""),
        Case(
            route("hedge: {after: p100, share: 0%}"),
            "holdfast.yaml:4:100: routes.r.hedge.after must be a percentile from p50 to p99.9, such as p95, not \"p100\"",
            "holdfast.yaml:4:113: routes.r.hedge.share must be more than 0% and at most 100%, such as 5%, not \"0%\""),
        Case(
            route("keep_warm: 10ms"),
            "holdfast.yaml:4:96: routes.r.keep_warm must be off or a time of 1s or more, such as 12h, not \"10ms\""),
        Case(
            route("objectives: {availability: 99.9, switch: 0s}"),
            "holdfast.yaml:4:112: routes.r.objectives.availability must be more than 0% and at most 100%, such as 99.9%, not \"99.9\"",
            "holdfast.yaml:4:126: routes.r.objectives.switch must be more than nothing"),
        Case(
            route("objectives: {availability: 101%}"),
            "holdfast.yaml:4:112: routes.r.objectives.availability must be more than 0% and at most 100%, such as 99.9%, not \"101%\""
        ),
        Case(
            route("nested: {a: , b: b, c: [d]}"),
            "holdfast.yaml:4:94: routes.r.nested.a needs the model to name instead",
            "holdfast.yaml:4:99: routes.r.nested.b is mapped to itself; name the model to use instead",
            "holdfast.yaml:4:108: routes.r.nested.c must be a single value, not a list"),
        Case(
            route("fallback: x"),
            "holdfast.yaml:4:85: unknown key \"fallback\" in routes.r; known here: candidates, order, deadline, patience, stay, timeouts, on_refusal, continue, silence, hedge, keep_warm, substitution, objectives, nested, record, forbid, notify, supervision, unseen, window, hold, blocks"
        ),
    ]

    static let substitutions: [Case] = [
        Case(
            route("substitution: {by: [here/n]}"),
            "holdfast.yaml:4:105: routes.r.substitution.by names \"here/n\", which is no candidate here; did you mean \"here/m\"?"
        ),
        Case(
            route("substitution: {by: [any, here/m]}"),
            "holdfast.yaml:4:105: routes.r.substitution.by names \"any\", which is no candidate here; they are far/big, here/m"
        ),
        Case(
            route("substitution: {by: []}"),
            "holdfast.yaml:4:104: routes.r.substitution.by is empty; write none if nobody may stand in, any if every candidate may"
        ),
        Case(
            route("substitution: {return: later}"),
            "holdfast.yaml:4:108: routes.r.substitution.return must be automatic, after-drill or by-hand, not \"later\""
        ),
        Case(
            route("substitution: {residency: []}"),
            "holdfast.yaml:4:111: routes.r.substitution.residency is empty; leave it out if stand-ins may run anywhere"),
        Case(
            route("substitution: {residency: [eu]}"),
            "holdfast.yaml:4:111: warning: routes.r.substitution.residency leaves nobody to stand in: no such candidate has one of these regions"
        ),
        // The candidate is wrong, and to name it again is no second problem.
        Case(
            ContinuityShapeTests.providers
                + "routes: {r: {candidates: [{provider: here, model: n}], substitution: {by: [here/n]}}}",
            "holdfast.yaml:4:51: routes.r.candidates[0].model is \"n\", which here does not serve; it serves m"),
    ]

    static let candidates: [Case] = [
        Case(
            candidate("weight: 3"),
            "holdfast.yaml:4:63: warning: routes.r.candidates[0].weight has no effect; weights count with `order: weighted` only"
        ),
        Case(
            candidate("weight: 0", ", order: weighted"),
            "holdfast.yaml:4:63: routes.r.candidates[0].weight and all others are 0; give at least one candidate more"),
        Case(
            candidate("weight: -1", ", order: weighted"),
            "holdfast.yaml:4:63: routes.r.candidates[0].weight must be a whole number from 0 to 1000000, not \"-1\""),
        Case(
            candidate("retires: 2027-02-30"),
            "holdfast.yaml:4:64: routes.r.candidates[0].retires must be a day such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z, not \"2027-02-30\""
        ),
        Case(
            candidate("retires: soon"),
            "holdfast.yaml:4:64: routes.r.candidates[0].retires must be a day such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z, not \"soon\""
        ),
        Case(
            candidate("successor: hree/m"),
            "holdfast.yaml:4:66: routes.r.candidates[0].successor is \"hree/m\", which is neither a route nor provider/model; did you mean \"here/m\"?"
        ),
        Case(
            candidate("successor: wherever"),
            "holdfast.yaml:4:66: routes.r.candidates[0].successor is \"wherever\", which is neither a route nor provider/model; name a route or provider/model"
        ),
        Case(
            candidate("successor: far/smal"),
            "holdfast.yaml:4:66: routes.r.candidates[0].successor is \"far/smal\", which far does not serve; did you mean \"far/small\"?"
        ),
        Case(
            candidate("successor: far/"),
            "holdfast.yaml:4:66: routes.r.candidates[0].successor is \"far/\", which is neither a route nor provider/model; name a route or provider/model"
        ),
        Case(
            candidate("successor: far/big"),
            "holdfast.yaml:4:66: routes.r.candidates[0].successor is \"far/big\", which is the retiring candidate; name another one"
        ),
        Case(
            candidate("successor: r"),
            "holdfast.yaml:4:66: routes.r.candidates[0].successor is \"r\", which has no candidate but far/big; name another one"
        ),
        Case(
            ContinuityShapeTests.providers
                + "routes: {r: {candidates: [{provider: far, model: big, retires: 2027-01-31, successor: far/small},"
                + " {provider: far, model: small, retires: 2027-01-01}]}}",
            "holdfast.yaml:4:87: warning: routes.r.candidates[0].successor is \"far/small\", which is retired no later itself (2027-01-01T00:00:00Z); name one that stays"
        ),
        // Wrong themselves, which is told once.
        Case(
            candidate("successor: s", "}, s: {candidates: []"),
            "holdfast.yaml:4:72: routes.s needs at least one candidate"),
        Case(
            "providers: {p: {dialect: openai}, h: {dialect: engine, model_file: m}}\n"
                + "routes: {r: {candidates: [{provider: h, model: m, successor: p/x}]}}",
            "holdfast.yaml:1:16: providers.p needs a base_url"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, api_key: \"${K}\"}, h: {dialect: engine, model_file: m}}\n"
                + "routes: {r: {candidates: [{provider: h, model: m, successor: p/x}]}}",
            "holdfast.yaml:1:13: warning: provider \"p\" is skipped: K is not set",
            "holdfast.yaml:2:62: warning: routes.r.candidates[0].successor is \"p/x\", which cannot serve at present: K is not set"
        ),
    ]

    @Test(arguments: providers + policies + substitutions + candidates)
    func theProblemIsNamedWithItsPlace(broken: Case) {
        #expect(problems(broken.text) == broken.problems)
    }

    @Test func secretsAreNotInWhatIsSaidOfThem() {
        let text = Self.route("substitution: {by: [\"${S}\"]}, hedge: \"${S}\", nested: {a: \"${S}\"}")
        let found = problems(text, environment: ["S": "s3cr3t"])
        #expect(found.count == 2)
        #expect(found.allSatisfy { !$0.contains("s3cr3t") && $0.contains("${S}") })
    }
}
