import Conversation
import Routing
import Settings
import Supervision
import Testing

/// `supervision` of the file, of providers and of routes.
@Suite struct SupervisionShapeTests {
    private static func file(_ route: String, provider: String = "lab: acme", more: String = "") -> String {
        """
        providers: {p: {dialect: openai, base_url: "https://x", models: [m, n]\(provider.isEmpty ? "" : ", " + provider)}}
        routes: {r: {candidates: [{provider: p, model: m}]\(route.isEmpty ? "" : ", " + route)}}
        \(more)
        """
    }

    @Test func nothingIsSupervisedByDefault() throws {
        let settings = try #require(read(Self.file("")).settings)
        #expect(settings.routes.first?.policy.supervision == SupervisionPolicy())
        #expect(settings.routes.first?.candidates.first?.supervision == .off)
        #expect(settings.supervision == SupervisionSettings())
    }

    @Test func aRouteSaysAllOfIt() throws {
        let route =
            "supervision: required, unseen: refuse, window: {text: 80, wait: 1s}, hold: both, blocks: {tell: nothing}"
        let policy = try #require(read(Self.file(route)).settings?.routes.first?.policy.supervision)
        var expected = SupervisionPolicy()
        expected.level = .required
        expected.unseen = .refuse
        expected.windowText = 80
        expected.windowWait = .seconds(1)
        expected.hold = .both
        expected.namesClause = false
        #expect(policy == expected)
    }

    @Test func theFileSaysWhereTheConstitutionIs() throws {
        let settings = try #require(
            read(Self.file("", more: "supervision: {constitution: c.yaml, deadline: 2s, total: 7s, waiting: 8}"))
                .settings)
        #expect(settings.supervision.constitutionFile == "c.yaml")
        #expect(settings.supervision.total == .seconds(7))
        #expect(settings.supervision.deadline == .seconds(2) && settings.supervision.waiting == 8)
    }

    @Test(
        "the stricter setting of a provider and of its model counts",
        arguments: [
            ("shadow", "required", SupervisionPolicy.Level.required), ("required", "off", .required),
            ("off", "shadow", .shadow), ("off", "off", .off),
        ])
    func theStricterOneCounts(provider: String, model: String, expected: SupervisionPolicy.Level) throws {
        let settings = try #require(
            read(
                Self.file(
                    "", provider: "lab: acme, supervision: \(provider)",
                    more: "supervision: {models: {p/m: \(model)}}")
            ).settings)
        #expect(settings.routes.first?.candidates.first?.supervision == expected)
        let direct = try #require(settings.providers.first?.facts)
        #expect(direct.candidate(model: "m").supervision == expected)
        #expect(direct.candidate(model: "n").supervision == SupervisionPolicy.Level(rawValue: provider))
    }

    @Test(
        "without lab nothing is required, and the line to add is told",
        arguments: [
            (file("supervision: required", provider: ""), "holdfast.yaml:2:27: routes.r.supervision is required"),
            (file("", provider: "supervision: required"), "providers.p.supervision is required"),
            (
                file("", provider: "", more: "supervision: {models: {p/m: required}}"),
                "supervision.models.p/m is required"
            ),
        ])
    func withoutLab(text: String, expected: String) {
        let told = problems(text)
        #expect(told.contains { $0.contains(expected) && $0.contains("add `lab: NAME` to providers.p") }, "\(told)")
    }

    @Test func aCandidatesOwnLabIsEnough() {
        let text = """
            providers: {p: {dialect: openai, base_url: "https://x"}}
            routes: {r: {candidates: [{provider: p, model: m, lab: acme}], supervision: required}}
            """
        #expect(read(text).settings != nil)
        #expect(read(Self.file("supervision: shadow", provider: "")).settings != nil)
    }

    @Test(arguments: [
        (file("supervision: on"), "routes.r.supervision must be off, shadow or required, not \"on\""),
        (file("unseen: block"), "must be pass or refuse"),
        (file("hold: second"), "must be first or both"),
        (file("window: {text: 4}"), "must be a whole number from 16 to 100000"),
        (file("window: {wait: 0s}"), "must be more than nothing"),
        (file("window: {wait: 5m}"), "must be at most 30s"),
        (file("blocks: {tell: all}"), "must be clause or nothing"),
        (file("", more: "supervision: {deadline: 1ms}"), "supervision.deadline must be from 10ms to 60s"),
        (file("", more: "supervision: {deadline: 3s, total: 2s}"), "must be at least the deadline"),
        (file("", more: "supervision: {total: 11m}"), "at most 10m"),
        (file("", more: "supervision: {waiting: 0}"), "must be a whole number from 1 to 65536"),
        (file("", more: "supervision: {constitutoin: c.yaml}"), "did you mean \"constitution\"?"),
        (file("", more: "supervision: {models: {m: required}}"), "must be named by provider/model"),
        (file("", more: "supervision: {models: {q/m: required}}"), "\"q\", which is not under providers"),
        (file("", more: "supervision: {models: {p/o: shadow}}"), "\"o\", which p does not serve"),
        (file("", more: "supervision: {models: {p/m: on}}"), "must be off, shadow or required"),
        (file("", more: "supervision: {models: {p/m: }}"), "needs a level"),
    ])
    func whatIsWrong(text: String, expected: String) {
        let told = problems(text)
        #expect(told.contains { $0.contains(expected) }, "\(told)")
    }

    @Test func noEditOfASupervisorWaits() throws {
        let old = try #require(read(Self.file("")).settings)
        let other = try #require(read(Self.file("", more: "supervision: {waiting: 8}")).settings)
        #expect(SettingsSection.names(waitingFrom: old, to: other) == [])
        #expect(SettingsSection.names(changedFrom: old, to: other) == ["supervision"])
        let level = try #require(read(Self.file("", more: "supervision: {models: {p/m: shadow}}")).settings)
        #expect(SettingsSection.names(waitingFrom: old, to: level) == [])
        #expect(SettingsSection.names(changedFrom: old, to: level) == ["providers", "routes"])
    }
}
