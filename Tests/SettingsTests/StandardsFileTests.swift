import Access
import Settings
import Testing
import Veto

/// A file of standards, and what is refused in it, with its place.
@Suite struct StandardsFileTests {
    private static let settings = """
        alerts: {webhooks: {desk: {url: "https://example.com/hook", secret: whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz}}}
        providers:
          cloud: {dialect: openai, base_url: "https://example.com/v1", lab: acme, host: aws, region: eu, models: [m]}
          here: {dialect: engine, model_file: a.gguf}
        routes:
          assistant:
            notify: desk
            candidates: [{provider: cloud, model: m}, {provider: here, model: a}]
        """

    private func house() throws -> StandardsHouse {
        let reading = Settings.read(Array(Self.settings.utf8), file: "holdfast.yaml", environment: [:])
        return StandardsHouse(try #require(reading.settings, "\(reading.problems)"))
    }

    private func read(_ text: String) throws -> (StandardsFile?, [String]) {
        let (file, problems) = StandardsFile.read(Array(text.utf8), file: "conf/standards.yaml", in: try house())
        return (file, problems.map(\.description))
    }

    @Test func everyCheckIsReadWithItsParameters() throws {
        let (file, problems) = try read(
            """
            documents:
              soc2: {kind: soc-2, file: soc2.pdf, until: 2027-01-31}
            standards:
              - {id: a, subject: hosted, check: weights, breach: suspend}
              - {id: b, subject: "model:here/a", check: custody-receipt, within: 1d}
              - {id: c, subject: hosted, check: custody-epoch}
              - {id: d, subject: models, check: supervisor, grace: 2m}
              - {id: e, subject: hosted, check: extraction-guard}
              - {id: f, subject: hosted, check: engine, restarts: 3, over: 5m, breach: suspend-new, return: people}
              - {id: g, subject: "route:assistant", check: drill, within: 7d}
              - {id: h, subject: "lab:acme", check: availability, floor: 95%, over: 1h, least: 5}
              - {id: i, subject: "host:aws", check: document, document: soc2, even_the_last: true, breach: suspend}
              - {id: j, subject: [hosted, "region:eu"], check: advisory, feed: {file: a.json}, packages: [PyPI/x@1]}
              - {id: k, subject: models, check: retirement, within: 60d}
              - {id: l, subject: models, check: canary, prompt: "2 + 2?", expect: "4", every: 1m, notify: desk}
            """)
        #expect(problems == [])
        let standards = try #require(file).standards
        #expect(standards.map(\.check.kind) == StandardCheck.Kind.allCases)
        #expect(standards[0].terms == Standard.Terms(grace: 0, comesBack: .people))
        #expect(standards[5].check == .engine(restarts: 3, over: 300))
        #expect(standards[5].terms.comesBack == .people)
        #expect(standards[7].check == .availability(floor: 0.95, over: 3600, least: 5))
        #expect(standards[8].terms.evenTheLast)
        guard case .document(let document) = standards[8].check else {
            Issue.record("no document")
            return
        }
        #expect(document.file == "conf/soc2.pdf")
        #expect(document.until == 1_801_353_600)
        #expect(
            standards[9].check
                == .advisory(
                    AdvisoryFeed(.file("conf/a.json"), packages: [.init(ecosystem: "PyPI", name: "x", version: "1")])))
        #expect(standards[11].told == ["desk"])
    }

    @Test(arguments: [
        ("standards: []\nmore: 1", "2:1: unknown key \"more\""),
        ("documents: {}", "standards is missing"),
        ("standards: 1", "1:12: standards must be a list"),
        ("standards: [{}]", "1:13: standards[0] needs an id"),
        ("standards: [{id: a, subject: hosted}]", "needs a check: weights"),
        ("standards: [{id: a, subject: hosted, check: wieghts}]", "1:45: standards[0].check must be weights"),
        ("standards: [{id: a b, subject: hosted, check: weights}]", "must be of letters"),
        ("standards: [{id: a, subject: all, check: weights}]", "1:30: standards[0].subject has \"all\""),
        ("standards: [{id: a, subject: \"key:k\", check: drill}]", "has \"key:k\""),
        ("standards: [{id: a, subject: \"model:cluod/m\", check: drill}]", "did you mean \"cloud\"?"),
        ("standards: [{id: a, subject: \"route:asistant\", check: drill}]", "did you mean \"assistant\"?"),
        ("standards: [{id: a, subject: \"model:cloud/m\", check: weights}]", "is not hosted here"),
        ("standards: [{id: a, subject: hosted, check: weights, within: 1d}]", "is no parameter of weights"),
        ("standards: [{id: a, subject: hosted, check: engine, grace: 1s}]", "at least 5s"),
        ("standards: [{id: a, subject: models, check: availability}]", "needs floor"),
        ("standards: [{id: a, subject: models, check: availability, floor: 0%}]", "more than 0%"),
        ("standards: [{id: a, subject: models, check: document, document: x}]", "`documents` has none"),
        ("standards: [{id: a, subject: models, check: advisory}]", "needs feed"),
        ("standards: [{id: a, subject: models, check: advisory, feed: {}}]", "needs either file or url"),
        (
            "standards: [{id: a, subject: models, check: advisory, breach: suspend, feed: {url: \"https://x.invalid\"}}]",
            "anybody on the way can write a feed by URL"
        ),
        ("standards: [{id: a, subject: models, check: canary, prompt: p}]", "needs expect"),
        ("standards: [{id: a, subject: models, check: canary, prompt: p, expect: \" \"}]", "is met by every answer"),
        ("standards: [{id: a, subject: models, check: drill, steady: 0s}]", "from 1s to 7d"),
        ("standards: [{id: a, subject: models, check: drill, return: never}]", "must be by itself or people"),
        ("standards: [{id: a, subject: models, check: drill, notify: dsek}]", "which is no webhook"),
        (
            "standards: [{id: a, subject: hosted, check: weights}, {id: a, subject: hosted, check: weights}]",
            "which another standard has"
        ),
        ("documents: {x: {kind: soc-3, file: a, until: 2027-01-31}}\nstandards: []", "must be soc-2, iso-27001"),
        ("documents: {x: {kind: soc-2, file: a, until: soon}}\nstandards: []", "must be a day"),
        ("documents: {x: {kind: soc-2, file: a, until: 2027-01-31, sha256: ab}}\nstandards: []", "64 hexadecimal"),
    ])
    func whatIsWrongIsSaidWithItsPlace(_ text: String, _ part: String) throws {
        let (file, problems) = try read(text)
        #expect(file == nil)
        #expect(problems.contains { $0.contains(part) && $0.hasPrefix("conf/standards.yaml:") }, "\(problems)")
    }

    @Test func whatHasNoEffectIsWarnedOf() throws {
        let (file, problems) = try read("standards: [{id: a, subject: routes, check: drill, breach: suspend}]")
        #expect(file != nil)
        #expect(problems.contains { $0.contains("has no candidate left") })
        let (_, others) = try read("standards: [{id: a, subject: routes, check: drill, steady: 1h}]")
        #expect(others.contains { $0.contains("has no effect") })
    }

    @Test func aURLWithAKeyMaySuspend() throws {
        let (file, problems) = try read(
            "standards: [{id: a, subject: models, check: advisory, breach: suspend, "
                + "feed: {url: \"https://x.invalid/a\", key: feed.pub}}]")
        #expect(problems == [])
        #expect(file?.standards.first?.consequence == .suspend)
    }

    @Test func aRouteTellsOnlyWebhooksThatAreThere() {
        let text = Self.settings.replacing("notify: desk", with: "notify: [desk, dsek]")
        let reading = Settings.read(Array(text.utf8), file: "holdfast.yaml", environment: [:])
        #expect(reading.settings == nil)
        #expect(reading.problems.contains { "\($0)".contains("did you mean \"desk\"?") }, "\(reading.problems)")
    }
}
