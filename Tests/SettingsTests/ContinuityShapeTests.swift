import Conversation
import Routing
import Settings
import Testing

/// Tests of valid files: the settings of candidates that serve when others fail.
@Suite struct ContinuityShapeTests {
    static let providers = """
        providers:
          far:  {dialect: openai, base_url: https://x.example, models: [big, small]}
          here: {dialect: engine, model_file: m.gguf}

        """

    /// The policy of a route `r` with two candidates.
    private func policy(_ text: String) throws -> RoutePolicy {
        let route = "routes: {r: {candidates: [{provider: far, model: big}, {provider: here, model: m}], \(text)}}"
        let reading = read(Self.providers + route)
        #expect(reading.problems == [])
        return try #require(reading.settings?.routes.first?.policy)
    }

    @Test func everythingCanBeSaid() throws {
        let text = """
            providers:
              anthropic:
                dialect: anthropic
                base_url: https://api.anthropic.com
                capabilities: [tools, images, json_schema, prefill, logprobs]
                probes: off
                timeouts: {first_token: 30s}
              here: {dialect: engine, model_file: smollm2-135m.gguf}
            routes:
              assistant:
                candidates:
                  - provider: anthropic
                    model: claude-opus-4-8
                    weight: 3
                    capabilities: [tools]
                    retires: 2027-01-31
                    successor: here/smollm2-135m
                  - { provider: here, model: smollm2-135m, region: eu }
                order: weighted
                deadline: 10m
                patience: 60s
                stay: 3s
                silence: 1500ms
                timeouts: { first_byte: 10s, first_token: 20s, stall: 15s }
                on_refusal: next
                continue: false
                hedge: { after: p99.5, share: 2.5% }
                keep_warm: 30m
                substitution: { by: [here/smollm2-135m], disclose: false, residency: [eu, us], return: after-drill }
                objectives: { availability: 99.95%, first_token: 1500ms, switch: 1s }
                nested: { claude-mythos-5: claude-opus-4-8 }
            data: { directory: ./memory }
            """
        let reading = Settings.read(Array(text.utf8), file: "conf/holdfast.yaml", environment: [:])
        #expect(reading.problems == [])
        let settings = try #require(reading.settings)
        #expect(settings.dataDirectory == "conf/memory")
        let provider = settings.providers[0]
        let all: Capabilities = [.tools, .images, .jsonSchema, .prefill, .logprobs]
        #expect(provider.facts.capabilities == all)
        #expect(!provider.probes && provider.timeouts.firstToken == .seconds(30))
        let route = settings.routes[0]
        #expect(route.candidates.map(\.weight) == [3, 1])
        #expect(route.candidates.map(\.capabilities) == [.tools, .usual(for: .engine)])
        #expect(route.candidates.map(\.retires) == [1_801_353_600, nil])
        #expect(route.candidates.map(\.successor) == ["here/smollm2-135m", nil])
        var policy = RoutePolicy()
        policy.order = .weighted
        policy.deadline = .seconds(600)
        policy.patience = .seconds(60)
        policy.stay = .seconds(3)
        policy.silence = .after(.milliseconds(1500))
        policy.firstByte = .seconds(10)
        policy.firstToken = .seconds(20)
        policy.stall = .seconds(15)
        policy.movesOnRefusal = true
        policy.continues = false
        policy.hedge = Hedge()
        policy.hedge?.quantile = 0.995
        policy.hedge?.share = 0.025
        policy.keepWarm = .seconds(1800)
        policy.substitution.by = ["here/smollm2-135m"]
        policy.substitution.isDisclosed = false
        policy.substitution.residency = ["eu", "us"]
        policy.substitution.return = .afterDrill
        policy.objectives.availability = 0.9995
        policy.objectives.firstToken = .milliseconds(1500)
        policy.objectives.switchTime = .seconds(1)
        policy.nested = ["claude-mythos-5": "claude-opus-4-8"]
        #expect(route.policy == policy)
    }

    @Test func whatIsLeftOutHasDefaults() throws {
        let reading = read(Self.providers + "routes: {r: {candidates: [{provider: far, model: big}]}}")
        let settings = try #require(reading.settings)
        #expect(settings.routes[0].policy == RoutePolicy())
        let candidate = settings.routes[0].candidates[0]
        #expect(candidate.capabilities == .usual(for: .openai) && candidate.weight == 1 && candidate.retires == nil)
        #expect(settings.providers.allSatisfy { $0.probes && $0.timeouts.firstToken == nil && $0.capabilities == nil })
        #expect(settings.dataDirectory == ".holdfast/data")
    }

    @Test(arguments: [
        ("holdfast.yaml", "data: {}", ".holdfast/data"), ("conf/h.yaml", "data: ", "conf/.holdfast/data"),
        ("conf/h.yaml", "data: {directory: mem}", "conf/mem"),
        ("h.yaml", "data: {directory: /var/lib/h}", "/var/lib/h"),
        ("/etc/h.yaml", "data: {directory: \"${D:-here}\"}", "/etc/here"),
    ])
    func dataIsBesideTheFileUnlessItSaysWhere(file: String, text: String, directory: String) {
        #expect(Settings.read(Array(text.utf8), file: file, environment: [:]).settings?.dataDirectory == directory)
    }

    @Test(arguments: [
        ("hedge: off", nil), ("hedge: ", nil), ("hedge: {}", 0.95), ("hedge: {after: p50, share: 100%}", 0.5),
        ("hedge: {after: p99.9}", 0.999),
    ])
    func hedgingIsOffUnlessTheRouteWantsIt(text: String, quantile: Double?) throws {
        #expect(try policy(text).hedge?.quantile == quantile)
    }

    @Test(arguments: [
        ("silence: off", SilenceLimit.never), ("silence: ", .learnt), ("silence: 12s", .after(.seconds(12))),
        ("silence: 500ms", .after(.milliseconds(500))),
    ])
    func silenceIsWatchedUnlessTheRouteSaysOff(text: String, limit: SilenceLimit) throws {
        #expect(try policy(text).silence == limit)
    }

    @Test(arguments: [("stay: off", Duration.zero), ("stay: ", .zero), ("stay: 3s", .seconds(3))])
    func nobodyStaysUnlessTheRouteSaysSo(text: String, most: Duration) throws {
        #expect(try policy(text).stay == most)
    }

    @Test(arguments: [
        ("keep_warm: off", Duration?.none), ("keep_warm: 1s", .seconds(1)), ("keep_warm: ", .seconds(43_200)),
    ])
    func standbysAreKeptWarmUnlessTheRouteSaysOff(text: String, period: Duration?) throws {
        #expect(try policy(text).keepWarm == period)
    }

    @Test(
        arguments: [
            ("by: any", nil), ("by: [any]", nil), ("by: none", []), ("by: here/m", ["here/m"]),
            ("by: [here/m, far/big]", ["here/m", "far/big"]), ("disclose: true", nil),
        ] as [(String, [String]?)])
    func whoMayStandIn(text: String, ids: [String]?) throws {
        #expect(try policy("substitution: {\(text)}").substitution.by == ids)
    }

    @Test(arguments: [("automatic", Substitution.Return.automatic), ("after-drill", .afterDrill), ("by-hand", .byHand)])
    func howTheFirstCandidateReturns(text: String, way: Substitution.Return) throws {
        #expect(try policy("substitution: {return: \(text)}").substitution.return == way)
    }

    @Test(arguments: [("99.9%", 0.999), ("99.99%", 0.9999), ("100%", 1), ("0.1%", 0.001), ("33.3%", 0.333)])
    func percentagesAreTheNumbersThatTheyName(text: String, part: Double) throws {
        #expect(try policy("objectives: {availability: \(text)}").objectives.availability == part)
    }

    @Test func totalIsAnotherWordForTheDeadline() throws {
        #expect(try policy("timeouts: {total: 90s}").deadline == .seconds(90))
        #expect(try policy("timeouts: {stall: 5s}").deadline == .seconds(1800))
    }

    @Test(arguments: [
        ("2027-01-31", 1_801_353_600), ("2027-01-31T00:00:00Z", 1_801_353_600),
        ("2027-01-31T01:30:00+01:30", 1_801_353_600), ("2027-01-30T22:00:00.25-02:00", 1_801_353_600),
        ("\"2028-02-29\"", 1_835_395_200), ("1970-01-01", 0),
    ])
    func retirementIsADayOrATime(text: String, seconds: Int) throws {
        let route = "routes: {r: {candidates: [{provider: far, model: big, retires: \(text)}]}}"
        let reading = read(Self.providers + route)
        #expect(reading.problems == [])
        #expect(reading.settings?.routes.first?.candidates.first?.retires == seconds)
    }

    @Test(arguments: ["here/m", "far/small", "other", "r"])
    func aSuccessorIsARouteOrAModel(name: String) {
        let reading = read(
            Self.providers + """
                routes:
                  r:
                    candidates:
                      - {provider: far, model: big, retires: 2027-01-31, successor: \(name)}
                      - {provider: here, model: m}
                  other: {candidates: [{provider: here, model: m}]}
                """)
        #expect(reading.problems == [])
        #expect(reading.settings?.routes.first?.candidates.first?.successor == name)
    }
}
