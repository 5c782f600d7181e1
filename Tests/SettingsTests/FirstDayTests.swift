import Access
import Settings
import Testing

/// Warnings of what is legal and meant otherwise.
@Suite struct FirstDayTests {
    private func warnings(
        _ text: String, environment: [String: String] = [:], exposed: Set<String> = [], now: String? = nil
    ) -> [String] {
        Settings.read(
            Array(text.utf8), file: "holdfast.yaml", environment: environment, othersCanRead: { exposed.contains($0) },
            now: now.flatMap { UnixTime($0) }
        ).warnings.map(\.description)
    }

    private func provider(_ more: String, dialect: String = "openai", url: String = "https://x.example/v1") -> String {
        "providers: {p: {dialect: \(dialect), base_url: \"\(url)\"\(more.isEmpty ? "" : ", \(more)")}}"
    }

    // MARK: References of other programs

    @Test(arguments: [
        ("api_key: $OPENAI_API_KEY", "p.api_key", "$OPENAI_API_KEY"),
        ("api_key: \"$KEY\"", "p.api_key", "$KEY"),
        ("api_key: os.environ/OPENAI_API_KEY", "p.api_key", "os.environ/OPENAI_API_KEY"),
        ("headers: {authorization: \"Bearer $TOKEN\"}", "p.headers.authorization", "$TOKEN"),
        ("headers: {x-team: os.environ/TEAM}", "p.headers.x-team", "os.environ/TEAM"),
        ("proxy: \"http://$USER:pass@proxy:3128\"", "p.proxy", "$USER"),
    ])
    func aReferenceOfAnotherProgramIsTakenLiterally(_ member: String, _ path: String, _ written: String) {
        let name = written.split(separator: "/").last!.filter { $0 != "$" }
        let found = warnings(provider(member))
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix(
                "warning: providers.\(path) has the text \"\(written)\", and not what the variable holds; write ${\(name)}"
            )
                == true, "\(found)")
    }

    @Test(arguments: [
        "api_key: $$LITERAL", "api_key: ${KEY}", "api_key: pa$$word", "api_key: a$Bc", "api_key: sk-$",
        "api_key: \"$5\"",
        "headers: {x-price: \"$100\"}", "region: $HOME", "headers: {x-a: \"$lower\"}",
    ])
    func whatIsNoReferenceIsLeftAlone(_ member: String) {
        #expect(warnings(provider(member), environment: ["KEY": "k"]) == [])
    }

    @Test func webhooksAndWitnessesAreLookedAt() {
        let found = warnings(
            "alerts: {webhooks: {a: {url: \"https://x/$TOKEN\", secret: $WEBHOOK_SECRET_WITH_24_BYTES}}}")
        #expect(found.count == 2 && found[0].contains("webhooks.a.url") && found[1].contains("webhooks.a.secret"))
    }

    // MARK: Base URLs

    @Test(arguments: [
        ("openai", "https://api.openai.com", "begins at /v1: write https://api.openai.com/v1"),
        ("openai", "http://127.0.0.1:8000", "begins at /v1: write http://127.0.0.1:8000/v1"),
        ("openai", "http://box:11434", "begins at /v1: write http://box:11434/v1"),
        ("openai", "https://api.groq.com", "begins at /openai/v1: write https://api.groq.com/openai/v1"),
        ("openai", "https://x.example/v1/v1", "has /v1 twice"),
        ("openai", "https://x.example/v1/chat/completions", "ends in /chat/completions"),
        ("anthropic", "https://api.anthropic.com/v1", "ends in /v1, and /v1/messages is added to it"),
        ("anthropic", "https://api.anthropic.com/v1/messages", "ends in /messages"),
    ])
    func aBaseURLWithTheWrongPath(_ dialect: String, _ url: String, _ words: String) {
        let found = warnings(provider("", dialect: dialect, url: url))
        #expect(found.count == 1 && found.first?.contains(words) == true, "\(found)")
        #expect(found.first?.hasPrefix("holdfast.yaml:1:") == true)
    }

    @Test(arguments: [
        ("openai", "https://api.openai.com/v1"), ("openai", "https://api.deepseek.com"),
        ("openai", "https://x.example"),
        ("openai", "https://generativelanguage.googleapis.com/v1beta/openai"),
        ("openai", "https://api.z.ai/api/paas/v4"),
        ("anthropic", "https://api.anthropic.com"), ("anthropic", "https://api.z.ai/api/anthropic"),
        ("anthropic", "http://127.0.0.1:9000"),
    ])
    func aBaseURLAsItShouldBe(_ dialect: String, _ url: String) {
        #expect(warnings(provider("", dialect: dialect, url: url)) == [])
    }

    @Test func serversThatAlsoAnswerAtTheRootAreLeftAlone() {
        for flavour in ["litellm", "llamacpp"] {
            #expect(warnings(provider("flavour: \(flavour)", url: "http://127.0.0.1:4000")) == [])
        }
    }

    // MARK: The administrators' listener

    @Test(arguments: [
        ("127.0.0.1:8081", false), ("localhost:8081", false), ("\"[::1]:8081\"", false), ("0.0.0.0:8081", true),
        ("10.0.0.5:8081", true),
    ])
    func anAdminListenerThatOthersReach(_ address: String, _ isWarnedOf: Bool) {
        let found = warnings("admin: \(address)\n")
        #expect(found.isEmpty != isWarnedOf)
        #expect(found.allSatisfy { $0.hasPrefix("holdfast.yaml:1:8: warning: admin is ") && $0.contains("plain HTTP") })
    }

    // MARK: Secrets that others can read

    @Test func aSecretInAFileThatOthersRead() {
        let text = provider("api_key: sk-0123456789abcdef")
        #expect(warnings(text) == [])
        let found = warnings(text, exposed: ["holdfast.yaml"])
        #expect(found.count == 1 && found[0].contains("chmod 600") && !found[0].contains("0123456789"))
        // From the environment, or a word in place of a key.
        for member in ["api_key: ${KEY}", "api_key: none", "headers: {anthropic-beta: prompt-caching-2024-07-31}"] {
            #expect(warnings(provider(member), environment: ["KEY": "k"], exposed: ["holdfast.yaml"]) == [])
        }
    }

    @Test func aKeyFileThatOthersRead() {
        let text = "tls: {cert: c.pem, key: k.pem}\n"
        #expect(warnings(text, exposed: ["c.pem"]) == [])
        let found = warnings(text, exposed: ["k.pem"])
        #expect(found.count == 1 && found[0].hasPrefix("holdfast.yaml:1:25: warning: tls.key"), "\(found)")
    }

    // MARK: Dates, successors, regions

    private func routes(_ candidates: String, _ more: String = "") -> String {
        """
        providers: {p: {dialect: openai, base_url: https://x.example/v1, region: eu-west-1}}
        routes: {r: {candidates: [\(candidates)]\(more)}}
        """
    }

    @Test func aRetirementThatIsOver() {
        let text = routes("{provider: p, model: a, retires: 2026-01-31}, {provider: p, model: b, retires: 2027-01-31}")
        #expect(warnings(text) == [])
        let found = warnings(text, now: "2026-06-12")
        #expect(found.count == 1 && found[0].contains("candidates[0].retires is \"2026-01-31\", which is in the past"))
    }

    @Test(arguments: [
        ("\"gpt 5\"", "gpt 5", true), ("\"gpt-5 \"", "gpt-5 ", true), ("gpt-5", "gpt-5", false),
        ("${MODEL}", "${MODEL}", false), ("\"${MODEL:-a b}\"", "", false),
    ])
    func aModelWithASpaceInItsName(_ written: String, _ shown: String, _ isWarnedOf: Bool) {
        let candidates = warnings(routes("{provider: p, model: \(written)}"), environment: ["MODEL": "m"])
        let listed = warnings(provider("models: [m, \(written)]"), environment: ["MODEL": "m"])
        #expect(candidates.isEmpty != isWarnedOf && listed.isEmpty != isWarnedOf, "\(candidates) \(listed)")
        guard isWarnedOf else { return }
        #expect(candidates[0].contains("warning: routes.r.candidates[0].model is \"\(shown)\", which has a space"))
        #expect(listed[0].contains("warning: providers.p.models[1] is \"\(shown)\", which has a space"))
    }

    @Test func successorsThatGoInACircle() {
        let found = warnings(
            routes(
                "{provider: p, model: a, successor: p/b}, {provider: p, model: b, successor: p/c},"
                    + " {provider: p, model: c, successor: p/a}, {provider: p, model: d, successor: p/e},"
                    + " {provider: p, model: e}"))
        #expect(found.count == 3)
        #expect(found[0].hasSuffix("goes in a circle: p/a → p/b → p/c → p/a; name one that stays"), "\(found)")
    }

    @Test func aRouteInWhichSomebodyStaysIsNoCircle() {
        let found = warnings(
            """
            providers: {p: {dialect: openai, base_url: https://x.example/v1}}
            routes:
              r: {candidates: [{provider: p, model: a, successor: s}]}
              s: {candidates: [{provider: p, model: b, successor: p/a}, {provider: p, model: c}]}
            """)
        #expect(found == [])
    }

    @Test func aRegionWhereNothingRuns() {
        let two = "{provider: p, model: a}, {provider: p, model: b}"
        func found(_ regions: String) -> [String] {
            warnings(routes(two, ", substitution: {residency: [\(regions)]}"))
        }
        #expect(found("eu-west-1") == [])
        #expect(found("eu-west-1, us") == [], "an area may be meant for later")
        let typo = found("eu-west-1, eu-wset-1")
        #expect(typo.count == 1 && typo[0].contains("did you mean \"eu-west-1\"?"), "\(typo)")
    }

    @Test func aKeysRegionIsHeldAgainstTheSettings() throws {
        let settings = try #require(read(routes("{provider: p, model: a}")).settings)
        #expect(settings.objection(toRegion: "eu-west-1") == nil)
        #expect(settings.objection(toRegion: "eu-wset-1")?.contains("did you mean") == true)
        let placeless = try #require(read(provider("")).settings)
        #expect(placeless.objection(toRegion: "anywhere") == nil)
    }
}
