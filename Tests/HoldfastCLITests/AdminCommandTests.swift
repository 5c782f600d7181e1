import AdminAPI
import Encodings
import GatewayTesting
import HoldfastCLI
import NIOCore
import Testing

/// Commands that ask a running Holdfast: what they send, and what they make of
/// the answers.
@Suite struct AdminCommandTests {
    private typealias Answer = FakeHoldfast.Answer

    private static let models: ModelsView = {
        var engine = ProviderView(name: "here", dialect: "engine", health: "ready")
        engine.models = ["small"]
        var remote = ProviderView(name: "far", dialect: "openai", health: "configured")
        remote.flavour = "vllm"
        return ModelsView(
            routes: [
                .init(
                    name: "talk", aliases: ["gpt-*"],
                    candidates: [
                        .init(provider: "here", model: "small", health: "ready"),
                        .init(provider: "far", model: "org/big", health: "held: withdrawn (1f)"),
                    ])
            ], providers: [engine, remote])
    }()

    private static func drill(_ id: String, _ more: String = "") throws -> DrillView {
        try AdminJSON.decode(
            DrillView.self,
            from:
                #"{"id":"\#(id)","route":"talk","pulled":"p/m","as":"withdrawn","started":1781259300,"phase":"over"\#(more)}"#
                .utf8)
    }

    private static func sent<View: Decodable>(_ view: View.Type, _ request: ScriptedUpstream.Received) throws -> View {
        try AdminJSON.decode(view, from: request.body.readableBytesView)
    }

    // MARK: Showing

    @Test func modelsAreShown() async throws {
        try await FakeHoldfast.with([try Answer(Self.models)]) { holdfast in
            let done = await run("models", "--run", holdfast.run)
            #expect(done.code == 0 && done.remarks.isEmpty)
            #expect(
                done.output == """
                    ASK FOR     SERVED BY              HEALTH
                    gpt-*       the route talk
                    talk        here/small             ready
                                far/org/big            held: withdrawn (1f)
                    here/small  here/small             ready
                    far/MODEL   far (vllm), any model  configured

                    """)
            let asked = try #require(holdfast.asked.first)
            #expect(asked.method == "GET" && asked.uri == "/admin/models")
            #expect(asked["authorization"] == "Bearer \(FakeHoldfast.token)")
        }
    }

    private static let disclosures = DisclosuresView(
        models: [
            .init(model: "here", hiddenSize: 576, egressToday: 1_500, egressPerDay: 6_000, valuesToRecover: 336_400),
            .init(model: "free", hiddenSize: 8, egressToday: 7, egressPerDay: nil, valuesToRecover: 144),
        ],
        measured: [
            .init(who: "key:k_1", values: 50, models: [.init(model: "here", of: 200)]),
            .init(who: "tenant:", values: 9, models: []),
        ])

    @Test func disclosuresAreShown() async throws {
        try await FakeHoldfast.with([try Answer(Self.disclosures)]) { holdfast in
            let text = await run("disclosures", "--run", holdfast.run).output
            for words in [
                "25.0 %", "no limit", "336,400", "key:k_1", "tenant: (keys without one)", "(no longer hosted)",
            ] {
                #expect(text.contains(words), "\(words)\n---\n\(text)")
            }
        }
        try await FakeHoldfast.with([try Answer(DisclosuresView(models: [], measured: []))]) { holdfast in
            #expect(await run("disclosures", "--run", holdfast.run).output == "No model is hosted here.\n")
        }
    }

    @Test(
        "--json is what the view's type writes", arguments: ["models", "disclosures", "drill list", "drill show d_1"])
    func json(line: String) async throws {
        let answer =
            switch line {
            case "models": try Answer(Self.models)
            case "disclosures": try Answer(Self.disclosures)
            case "drill list": try Answer(DrillsView(running: [try Self.drill("d_1")], past: [try Self.drill("d_0")]))
            default: try Answer(try Self.drill("d_1", #","verdict":"passed","end":"done""#))
            }
        try await FakeHoldfast.with([answer]) { holdfast in
            let words = line.split(separator: " ").map(String.init)
            let done = await run(words + ["--json", "--run", holdfast.run])
            #expect(done.code == 0 && done.output == answer.body + "\n" && done.remarks.isEmpty)
        }
    }

    @Test(
        "what an answer says never reaches the terminal as a command",
        arguments: [
            "models", "status", "disclosures", "drill list", "models --json", "status --json", "drill show d_1",
        ])
    func controls(line: String) async throws {
        let bad = "x\u{1B}[2J\u{9B}\u{202E}\u{2066}\u{200F}\u{200B}\u{2028}\r\u{7}\u{7F}y"
        var provider = ProviderView(name: bad, dialect: "openai", health: bad)
        (provider.flavour, provider.models) = (bad, [bad])
        let models = ModelsView(
            routes: [.init(name: bad, aliases: [bad], candidates: [.init(provider: bad, model: bad, health: bad)])],
            providers: [provider])
        var candidate = CandidateView(provider: bad, model: bad, weight: 1)
        (candidate.standing, candidate.hold, candidate.cause) = (bad, bad, bad)
        var route = RoutesView.Route(name: bad, order: "ordered", return: "automatic", candidates: [candidate])
        route.reason = bad
        var hold = HoldView(
            id: bad, name: bad, cause: bad, scope: bad, firmness: bad, origin: bad, provider: bad, host: bad,
            model: bad,
            since: 0, words: bad, rule: bad)
        (hold.reason, hold.acknowledgedBy) = (bad, bad)
        let back = ReturnedView(id: bad, cause: bad, provider: bad, model: bad, since: 0, byHand: true, drilled: [bad])
        var drill = try Self.drill("d_1", #","stood_in":[{"what":"q","times":1}],"cost":{"total":1,"currency":"EUR"}"#)
        (drill.id, drill.route, drill.pulled, drill.as) = (bad, bad, bad, bad)
        drill.stoodIn?[0].what = bad
        drill.cost?.currency = bad
        let answers: [Answer] =
            switch line.prefix(while: { $0 != " " }) {
            case "models": [try Answer(models)]
            case "status":
                [
                    try Answer(
                        RoutesView(
                            routes: [route], breakers: [.init(key: bad, kind: bad, state: bad, cause: bad, failures: 1)]
                        )),
                    try Answer(HoldsView(holds: [hold], returned: [back])),
                    try Answer(DrillsView(running: [drill], past: [])),
                    try Answer(
                        SuspensionsView(
                            suspensions: [
                                SuspensionView(
                                    id: bad, number: 1, scopes: [bad], mode: bad,
                                    reason: .init(code: bad, basis: bad, text: bad, evidence: bad, isPublic: true),
                                    orderedBy: bad, ordered: 0, phase: bad, standing: SuspensionStandingView(since: 0),
                                    digest: bad)
                            ], roster: 1)),
                ]
            case "disclosures":
                [
                    try Answer(
                        DisclosuresView(
                            models: [
                                .init(model: bad, hiddenSize: 1, egressToday: 1, egressPerDay: 1, valuesToRecover: 1)
                            ],
                            measured: [.init(who: bad, values: 1, models: [.init(model: bad, of: 1)])]))
                ]
            default:
                [line == "drill list" ? try Answer(DrillsView(running: [drill], past: [drill])) : try Answer(drill)]
            }
        try await FakeHoldfast.with(answers) { holdfast in
            let done = await run(line.split(separator: " ").map(String.init) + ["--run", holdfast.run])
            #expect(done.code == 0, "\(done)")
            #expect(done.output.contains("x") && done.output.contains("y"))
            for scalar in done.output.unicodeScalars where scalar != "\n" {
                #expect(
                    ![.control, .format, .lineSeparator].contains(scalar.properties.generalCategory), "\(done.output)")
            }
            // JSON means what it meant.
            if line == "models --json" {
                let read = try AdminJSON.decode(ModelsView.self, from: done.output.utf8)
                #expect(read == models)
            }
        }
    }

    // MARK: Orders

    @Test func forgivingNamesTheSubject() async throws {
        try await FakeHoldfast.with([try Answer(Self.disclosures)]) { holdfast in
            let words = ["disclosures", "forgive", "tenant:a b", "--run", holdfast.run]
            #expect(await run(words).output == "tenant:a b may measure anew.\n")
            let json = await run(words + ["--json"])
            let order = ForgiveOrder(who: "tenant:a b")
            let expected = try AdminJSON.encode(order)
            #expect(json.output == String(decoding: expected, as: UTF8.self) + "\n")
            for request in holdfast.asked {
                #expect(request.method == "POST" && request.uri == "/admin/disclosures/forgive")
                let sent = try Self.sent(ForgiveOrder.self, request)
                #expect(sent == order)
            }
        }
    }

    private static let held = HoldsView(
        holds: [
            HoldView(
                id: "77aa", name: "held-by-hand", cause: "held-by-hand", scope: "model", firmness: "lasting",
                origin: "administrator", provider: "p", host: "h", model: "org/m", since: 1, words: "", rule: "")
        ], returned: [])

    @Test("a hold is weighed before it is placed", arguments: [true, false]) func hold(json: Bool) async throws {
        let effect = HoldEffectView(routes: [.init(name: "talk", left: ["q/n"])])
        try await FakeHoldfast.with([try Answer(effect), try Answer(Self.held)]) { holdfast in
            let done = await run(
                ["hold", "p/org/m", "--reason", "wrong since noon", "--run", holdfast.run] + (json ? ["--json"] : []))
            #expect(done.code == 0 && done.remarks.isEmpty)
            #expect(
                done.output
                    == (json
                        ? #"{"id":"77aa","model":"p/org/m","routes":[{"name":"talk","left":["q/n"]}]}"# + "\n"
                        : """
                        Route talk loses it; q/n can serve it.
                        p/org/m is held (77aa); `holdfast restore 77aa` brings it back.

                        """))
            let orders = try holdfast.asked.map { try Self.sent(HoldOrder.self, $0) }
            #expect(orders.map(\.dryRun) == [true, nil])
            #expect(orders.allSatisfy { ($0.provider, $0.model, $0.reason) == ("p", "org/m", "wrong since noon") })
        }
    }

    @Test(
        "a hold that nobody asked for enough isn't placed",
        arguments: [
            ([], [], "--force holds it"), ([], ["--yes"], "--force holds it"),
            ([HoldEffectView.Loss(name: "talk", left: [])], [], "--yes holds it"),
            ([HoldEffectView.Loss(name: "talk", left: [])], ["--force"], "--yes holds it"),
        ] as [([HoldEffectView.Loss], [String], String)])
    func notHeld(losses: [HoldEffectView.Loss], options: [String], says: String) async throws {
        try await FakeHoldfast.with([try Answer(HoldEffectView(routes: losses))]) { holdfast in
            let done = await run(["hold", "p/m", "--reason", "x", "--run", holdfast.run] + options)
            #expect(
                done.code == 64 && done.remarks.contains("nothing is held") && done.remarks.contains(says), "\(done)")
            #expect(holdfast.asked.count == 1)
        }
    }

    @Test("a hold is lifted, or seen, by its id", arguments: ["restore", "acknowledge"]) func byID(verb: String)
        async throws
    {
        let answer = try Answer(Self.held)
        try await FakeHoldfast.with([answer]) { holdfast in
            let done = await run(verb, "77aa", "--run", holdfast.run)
            #expect(done.output == "77aa is \(verb == "restore" ? "lifted" : "acknowledged").\n")
            #expect(await run(verb, "77aa", "--json", "--run", holdfast.run).output == answer.body + "\n")
            #expect(holdfast.asked.map(\.uri) == Array(repeating: "/admin/holds/77aa/\(verb)", count: 2))
            for id in ["a?b", "é", String(repeating: "a", count: 65), "a b"] {
                let wrong = await run(verb, id, "--run", holdfast.run)
                #expect(wrong.code == 64 && wrong.remarks.contains("is no hold's id"), "\(id): \(wrong)")
            }
            #expect(holdfast.asked.count == 2, "nothing was asked of what is no id")
            // A provider's model is looked up among the holds.
            for model in ["../x", "a/b"] {
                let wrong = await run(verb, model, "--run", holdfast.run)
                #expect(wrong.code == 64 && wrong.remarks.contains("there is no hold on"), "\(model): \(wrong)")
            }
            #expect(holdfast.asked.dropFirst(2).map(\.uri) == ["/admin/holds", "/admin/holds"])
        }
    }

    // MARK: Drills

    @Test(
        "a pulled drill is ordered as it was written, and ends by its verdict",
        arguments: [
            ("passed", 0), ("failed", 1), ("inconclusive", 2),
        ] as [(String, Int32)])
    func pull(verdict: String, code: Int32) async throws {
        let drill = try Self.drill("d_7", #","verdict":"\#(verdict)","end":"done""#)
        let answers = [
            try Answer(drill), try Answer(drill), try Answer(drill), try Answer(DrillsView(running: [], past: [drill])),
            try Answer(drill),
        ]
        try await FakeHoldfast.with(answers) { holdfast in
            let done = await run(
                "drill", "pull", "talk", "--model", "p/m", "--as", "broken", "--at-token", "4", "--cut", "--load",
                "0.5rps", "--for", "2m", "--warm-up", "1500ms", "--recovery", "3", "--run", holdfast.run)
            #expect(done.code == code, "\(done)")
            #expect(done.output.contains("Verdict: \(verdict.uppercased())"))
            #expect(done.remarks.hasPrefix("Drill d_7: p/m on talk, as broken."))
            let order = try Self.sent(DrillOrderView.self, holdfast.asked[0])
            #expect((order.route, order.model, order.as) == ("talk", "p/m", "broken"))
            #expect(order.atToken == 4 && order.cut == true && order.loadRps == 0.5)
            #expect((order.seconds, order.warmUp, order.recovery) == (120, 1.5, 3))
            #expect(
                holdfast.asked.map(\.uri) == [
                    "/admin/drills", "/admin/drills/d_7/renew", "/admin/drills/d_7", "/admin/drills",
                    "/admin/drills/d_7",
                ])
        }
    }

    @Test("a drill that nothing would meet warns before it begins") func idle() async throws {
        let drill = try Self.drill("d_7", #","verdict":"inconclusive","end":"done""#)
        let route = RoutesView.Route(name: "talk", order: "ordered", return: "automatic", candidates: [])
        let answers = [
            try Answer(RoutesView(routes: [route], breakers: [])), try Answer(drill), try Answer(drill),
            try Answer(drill),
            try Answer(DrillsView(running: [], past: [])), try Answer(drill),
        ]
        try await FakeHoldfast.with(answers) { holdfast in
            let done = await run("drill", "pull", "talk", "--json", "--run", holdfast.run)
            #expect(done.code == 2 && done.remarks.hasPrefix("warning: talk had no request in the last 5 minutes"))
            #expect(done.output == answers[5].body + "\n")
        }
    }

    @Test func drillsAreListedWithTheirEnds() async throws {
        let past = [
            try Self.drill("d_1", #","verdict":"passed","end":"done""#),
            try Self.drill("d_2", #","verdict":"failed","end":"lapsed""#),
        ]
        var running = try Self.drill("d_3")
        running.phase = .warmUp
        try await FakeHoldfast.with([try Answer(DrillsView(running: [running], past: past))]) { holdfast in
            let text = await run("drill", "list", "--run", holdfast.run).output
            for line in [
                "d_3  2026-06-12 10:15Z  talk   p/m     withdrawn  running: warm-up",
                "d_1  2026-06-12 10:15Z  talk   p/m     withdrawn  passed",
                "d_2  2026-06-12 10:15Z  talk   p/m     withdrawn  failed, lapsed",
            ] {
                #expect(text.split(separator: "\n").contains(line[...]), "\(line)\n---\n\(text)")
            }
        }
        try await FakeHoldfast.with([try Answer(DrillsView(running: [], past: []))]) { holdfast in
            #expect(await run("drill", "list", "--run", holdfast.run).output.hasPrefix("There has been no drill yet."))
            #expect(await run("drill", "end", "--run", holdfast.run).output == "No drill runs.\n")
            #expect(await run("drill", "end", "--json", "--run", holdfast.run).output == #"{"ended":[]}"# + "\n")
        }
    }

    @Test func aDrillIsEndedByItsId() async throws {
        let view = DrillsView(running: [try Self.drill("d_1"), try Self.drill("d_2")], past: [try Self.drill("d_0")])
        try await FakeHoldfast.with([try Answer(view)]) { holdfast in
            #expect(
                await run("drill", "end", "d_2", "--run", holdfast.run).output
                    == "d_2 is ended; its candidate is given back.\n")
            #expect(holdfast.asked.map(\.uri) == ["/admin/drills", "/admin/drills/d_2/end"])
            let over = await run("drill", "end", "d_0", "--run", holdfast.run)
            #expect(over.code == 64 && over.remarks.contains("d_0 is over already"))
            let unknown = await run("drill", "end", "d_9", "--run", holdfast.run)
            #expect(unknown.code == 64 && unknown.remarks.contains("no drill \"d_9\" runs"))
            #expect(
                await run("drill", "end", "--json", "--run", holdfast.run).output == #"{"ended":["d_1","d_2"]}"# + "\n")
        }
    }

    @Test("what is no drill's id is asked of nobody", arguments: ["../holds", "D_1", "d-1", "d 1", "é"])
    func drillIDs(id: String) async throws {
        try await FakeHoldfast.with([try Answer(try Self.drill("d_1"))]) { holdfast in
            let done = await run("drill", "show", id, "--run", holdfast.run)
            #expect(done.code == 64 && done.remarks.contains("is no drill's id") && holdfast.asked.isEmpty)
        }
    }

    // MARK: Refusals

    @Test(
        "a refusal is told in the server's words",
        arguments: [
            (404, 64, "holdfast: There is no hold"), (400, 64, "holdfast: There is no hold"),
            (503, 69, "holdfast: There is no hold"),
        ] as [(Int, Int32, String)])
    func refused(status: Int, code: Int32, says: String) async throws {
        let answer = Answer(status: status, body: try Answer(RefusalView("There is no hold")).body)
        try await FakeHoldfast.with([answer]) { holdfast in
            let done = await run("restore", "1f", "--run", holdfast.run)
            #expect(done.code == code && done.remarks == says + "\n" && done.output.isEmpty)
        }
    }

    @Test func aRefusalWithoutWordsIsToldByItsStatus() async throws {
        try await FakeHoldfast.with([Answer(status: 500, body: "<html>")]) { holdfast in
            let done = await run("models", "--run", holdfast.run)
            #expect(done.code == 69 && done.remarks.contains("answered 500"))
        }
    }

    @Test(
        "an answer that can't be read is told with its place",
        arguments: [
            ("", ""), ("[]", ""), (#"{"routes":[],"providers":[{"name":7}]}"#, "providers.0.name"),
            (#"{"routes":[]}"#, "providers"),
        ])
    func unreadable(body: String, place: String) async throws {
        try await FakeHoldfast.with([Answer(body: body)]) { holdfast in
            let done = await run("models", "--run", holdfast.run)
            #expect(done.code == 69 && done.output.isEmpty)
            #expect(
                done.remarks.contains("the answer can't be read: ") && done.remarks.contains(place), "\(done.remarks)")
        }
    }

    @Test("where nobody listens, the reason is told") func nobody() async throws {
        try await FakeHoldfast.with([Answer(body: "")]) { holdfast in
            try holdfast.leave(FakeHoldfast.view(admin: "127.0.0.1:1"))
            let done = await run("models", "--run", holdfast.run)
            #expect(done.code == 69, "\(done)")
            #expect(
                done.remarks.contains("No Holdfast answers on 127.0.0.1:1: Connection refused; start one"), "\(done)")
        }
    }
}
