import AdminAPI
import Encodings
import GatewayTesting
import HoldfastCLI
import Testing

/// `holdfast status`: its words, and what its exit code says.
@Suite struct StatusTests {
    typealias State = RoutesView.State

    private static func route(_ state: State, _ name: String = "talk") -> RoutesView.Route {
        var candidate = CandidateView(provider: "p", model: "m", weight: 1)
        candidate.standing = "free"
        var route = RoutesView.Route(name: name, order: "ordered", return: "automatic", candidates: [candidate])
        route.state = state
        return route
    }

    private static func text(
        _ routes: [RoutesView.Route], breakers: [RoutesView.Breaker] = [], holds: [HoldView] = [],
        returned: [ReturnedView] = [], running: [DrillView] = [], suspensions: [SuspensionView] = []
    ) -> StatusText {
        StatusText(
            RoutesView(routes: routes, breakers: breakers), holds: HoldsView(holds: holds, returned: returned),
            drills: DrillsView(running: running, past: []), suspensions: suspensions)
    }

    private static func suspension(_ number: Int, _ phase: String, percent: Int? = nil) -> SuspensionView {
        SuspensionView(
            id: "S\(number)", number: number, scopes: ["model:p/m", "lab:acme"], mode: "cut",
            reason: .init(code: "security", basis: nil, text: "a text", evidence: "ticket 4", isPublic: false),
            orderedBy: "person:alice", ordered: 1_781_259_300, phase: phase,
            standing: SuspensionStandingView(since: 1_781_259_300, percent: percent), digest: "d")
    }

    @Test func suspensionsInForceAreShownAndThoseThatAreOverAreNot() {
        let text = Self.text(
            [Self.route(.serving)],
            suspensions: [
                Self.suspension(3, "suspended"), Self.suspension(2, "half-open", percent: 10),
                Self.suspension(1, "restored"), Self.suspension(4, "lapsed"),
            ]
        ).whole
        #expect(
            text.contains("S3") && text.contains("model:p/m") && text.contains("lab:acme")
                && text.contains("person:alice"))
        #expect(text.contains("half-open, 10%") && text.contains("let through"))
        #expect(!text.contains("S1") && !text.contains("S4"))
        #expect(!Self.text([Self.route(.serving)]).whole.contains("SUSPENDED"))
    }

    private static func hold(_ id: String = "1f2e") -> HoldView {
        HoldView(
            id: id, name: "withdrawn", cause: "withdrawn", scope: "model", firmness: "lasting", origin: "traffic",
            provider: "p", host: "h:443", model: "m", since: 1_781_259_300, words: "gone", rule: "r")
    }

    @Test(
        "the exit code is that of the worst route",
        arguments: [
            ([], 0), ([.serving], 0), ([.degraded], 1), ([.down], 2), ([.serving, .degraded], 1),
            ([.degraded, .serving], 1),
            ([.down, .serving], 2), ([.degraded, .down, .degraded], 2), ([.serving, .serving], 0),
        ] as [([State], Int32)])
    func exitCodes(states: [State], code: Int32) {
        #expect(Self.text(states.map { Self.route($0) }).exitCode == code)
    }

    @Test("a command ends with that code, with JSON too", arguments: State.allCases, [true, false])
    func commands(state: State, json: Bool) async throws {
        let routes = RoutesView(routes: [Self.route(state)], breakers: [])
        let holds = HoldsView(holds: [Self.hold()], returned: [])
        let drills = DrillsView(running: [], past: [])
        let suspensions = SuspensionsView(suspensions: [Self.suspension(3, "suspended")], roster: 1)
        let answers = [
            try FakeHoldfast.Answer(routes), try .init(holds), try .init(drills), try .init(suspensions),
        ]
        try await FakeHoldfast.with(answers) { holdfast in
            let done = await run(["status", "--run", holdfast.run] + (json ? ["--json"] : []))
            let codes: [State: Int32] = [.serving: 0, .degraded: 1, .down: 2]
            #expect(done.code == codes[state] && done.remarks.isEmpty, "\(done)")
            #expect(
                holdfast.asked.map(\.uri) == ["/admin/routes", "/admin/holds", "/admin/drills", "/admin/suspensions"])
            guard json else {
                #expect(done.output.contains("talk   \(state.rawValue)"), "\(done.output)")
                return
            }
            let parts = [
                #""routes":\#(answers[0].body)"#, #""holds":\#(answers[1].body)"#, #""drills":\#(answers[2].body)"#,
                #""suspensions":\#(answers[3].body)"#,
            ]
            #expect(done.output == "{\(parts.joined(separator: ","))}\n")
        }
    }

    @Test("a state that this version doesn't know is no success") func otherState() async throws {
        let routes = try FakeHoldfast.Answer(RoutesView(routes: [Self.route(.serving)], breakers: []))
        let answers = [
            FakeHoldfast.Answer(body: routes.body.replacing("serving", with: "limping")),
            try .init(HoldsView(holds: [], returned: [])), try .init(DrillsView(running: [], past: [])),
            try .init(SuspensionsView(suspensions: [], roster: 0)),
        ]
        try await FakeHoldfast.with(answers) { holdfast in
            let done = await run("status", "--run", holdfast.run)
            #expect(done.code == 69 && done.output.isEmpty, "\(done)")
            #expect(done.remarks.contains("routes.0.state") && done.remarks.contains("limping"))
        }
    }

    @Test func aRouteSaysWhatItsStateComesFrom() {
        var down = Self.route(.down, "down")
        down.reason = "no candidate is in service"
        down.recentRequests = 4
        var busy = Self.route(.serving, "busy")
        (busy.recentRequests, busy.recentAnswered) = (12, 11)
        var idle = Self.route(.serving, "idle")
        idle.lastRequest = 1_781_259_300
        let text = Self.text([down, busy, idle, Self.route(.serving, "new")]).whole
        for line in [
            "down   down     no candidate is in service", "busy   serving  11 of 12 requests in 5 min answered",
            "idle   serving  idle since 2026-06-12 10:15Z", "new    serving  no request since the start",
        ] {
            #expect(text.split(separator: "\n").contains(line[...]), "\(line)\n---\n\(text)")
        }
    }

    @Test func aCandidateSaysHowItStands() {
        var route = Self.route(.degraded)
        route.candidates[0].standing = "breaker open"
        route.candidates[0].cause = "overloaded"
        route.candidates[0].secondsLeft = 9
        route.candidates[0].secondsSinceAnswer = 119
        route.candidates[0].retires = 1_801_353_600
        var second = CandidateView(provider: "q", model: "n", weight: 1)
        (second.standing, second.hold, second.awaits, second.secondsSinceAnswer) = ("withdrawn", "1f", "by-hand", 7200)
        route.candidates.append(second)
        let text = Self.text([route]).whole
        #expect(text.contains("119 s ago") && text.contains("2027-01-31 00:00Z"))
        #expect(text.contains("2 h ago") && text.contains("withdrawn, held: 1f, returns"), "\(text)")
        #expect(text.contains("breaker open, 9 s left"))
    }

    @Test func holdsAreShownWithWhatAPersonNeeds() {
        var first = Self.hold()
        first.countsForKeys = ["k"]
        var second = Self.hold("2a")
        (second.model, second.scope, second.acknowledgedBy, second.reason) = (nil, "credential", "ops", "by hand")
        second.secondsLeft = 30
        let back = ReturnedView(
            id: "3b", cause: "withdrawn", provider: "p", model: "m", since: 1, byHand: false, drilled: [])
        let text = Self.text([Self.route(.serving)], holds: [first, second], returned: [back]).whole
        for words in [
            "1f2e  p/m", "2026-06-12", "10:15Z", "  1f2e: “gone”", "1f2e: moves only requests of the keys that met it",
            "p (credential)", "30 s left", "ops", "  2a: “by hand”", "  3b: p/m is back; `holdfast restore` lets it",
        ] {
            #expect(text.contains(words), "\(words)\n---\n\(text)")
        }
        #expect(Self.text([]).whole.contains("HOLDS: none"))
    }

    @Test func onlyBreakersThatAreNotClosedAreShown() {
        let closed = RoutesView.Breaker(key: "model:p/m", kind: "model", state: "closed", cause: "timeout", failures: 1)
        #expect(!Self.text([], breakers: [closed]).whole.contains("BREAKERS"))
        var open = closed
        (open.key, open.state, open.failures) = ("host:h", "half-open", 6)
        let text = Self.text([], breakers: [closed, open]).whole
        #expect(
            text.contains("BREAKERS\n  host:h  half-open  timeout  6 failures in a row") && !text.contains("model:p/m"))
    }

    @Test func drillsThatRunAreShown() throws {
        let drill = try AdminJSON.decode(
            DrillView.self, from: #"{"id":"d_1","route":"talk","pulled":"p/m","as":"broken","phase":"warm-up"}"#.utf8)
        #expect(Self.text([], running: [drill]).whole.hasSuffix("\n\nDRILL d_1: p/m on talk as broken, warm-up"))
    }

    @Test(
        "whatever names there are, columns fit a terminal",
        arguments: [
            String(repeating: "n", count: 100), String(repeating: "模型", count: 50),
            "\u{1B}[2J\u{202E}" + String(repeating: "x", count: 60),
        ])
    func names(name: String) {
        var route = Self.route(.down, name)
        (route.candidates[0].provider, route.candidates[0].model, route.reason) = (name, name, name)
        (route.candidates[0].standing, route.candidates[0].hold) = (name, name)
        var hold = Self.hold(name)
        (hold.provider, hold.model, hold.name, hold.acknowledgedBy, hold.words) = (name, name, name, name, "")
        let breaker = RoutesView.Breaker(key: name, kind: "host", state: "open", cause: name, failures: 1)
        let text = Self.text([route], breakers: [breaker], holds: [hold]).whole
        for line in text.split(separator: "\n") { #expect(line.columns <= 80, "\(line)") }
    }

    @Test(
        "times have a date and a zone",
        arguments: [
            (0, "1970-01-01 00:00Z"), (1_781_259_300, "2026-06-12 10:15Z"), (1_781_259_359, "2026-06-12 10:15Z"),
            (1_709_164_799, "2024-02-28 23:59Z"), (1_709_164_800, "2024-02-29 00:00Z"),
        ])
    func moments(seconds: Int, expected: String) { #expect(StatusText.moment(seconds) == expected) }
}
