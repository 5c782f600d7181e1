import Conversation
import Routing
import Testing

@Suite struct ResolutionTests {
    static let here = ProviderFacts(
        name: "here", dialect: .engine, host: "self", context: 4096, models: .listed(["small", "lab/large"]))
    static let open = ProviderFacts(name: "open", dialect: .openai)
    static let away = ProviderFacts(
        name: "away", dialect: .anthropic, models: .listed(["opus"]), unavailable: "AWAY_KEY is not set")

    let table = RouteTable(
        providers: [here, open, away],
        routes: [
            Route(name: "assistant", candidates: [away.candidate(model: "opus"), here.candidate(model: "small")]),
            Route(name: "nobody", candidates: [away.candidate(model: "opus")]),
            Route(name: "batch", candidates: [open.candidate(model: "x"), here.candidate(model: "small")]),
        ])

    @Test func aRouteIsFoundWithItsCandidatesInOrder() {
        guard case .route(let route) = table.resolve("assistant") else { return #expect(Bool(false)) }
        #expect(route.candidates.map(\.id) == ["away/opus", "here/small"])
        #expect(route.candidates.map { $0.unavailable == nil } == [false, true])
    }

    @Test(arguments: [
        ("here/small", "here", "small"), ("here/lab/large", "here", "lab/large"),
        ("open/anything/at/all", "open", "anything/at/all"), ("open/ü", "open", "ü"), ("open//", "open", "/"),
    ])
    func aModelIsSplitFromItsProviderAtTheFirstSlash(requested: String, provider: String, model: String) {
        guard case .direct(let candidate) = table.resolve(requested) else { return #expect(Bool(false)) }
        #expect(candidate.provider == provider)
        #expect(candidate.model == model)
    }

    @Test func aCandidateTakesWhatIsKnownOfItsProvider() {
        #expect(
            table.resolve("here/small")
                == .direct(Candidate(provider: "here", model: "small", dialect: .engine, host: "self", context: 4096)))
    }

    @Test func aModelThatIsNotListedIsRefusedWithTheList() {
        #expect(
            table.resolve("here/huge")
                == .modelNotServed(provider: "here", model: "huge", served: ["small", "lab/large"]))
    }

    @Test(arguments: ["away/opus", "away/other"])
    func aSkippedProviderSaysWhy(requested: String) {
        #expect(table.resolve(requested) == .providerUnavailable(provider: "away", reason: "AWAY_KEY is not set"))
    }

    @Test(arguments: [
        ("asistant", "assistant"), ("Assistant", "assistant"), ("bacth", "batch"), ("here/smal", nil),
        ("hree/small", "here/small"), ("opne/gpt", "open/gpt"), ("zzz", nil), ("", nil), ("/", nil), ("/small", nil),
        ("open/", nil), ("gpt-4o", nil),
    ])
    func aSlipOfTheFingersIsAnsweredWithWhatWasMeant(requested: String, meant: String?) {
        if requested == "here/smal" {
            // The provider is right, so it is its list that answers.
            #expect(
                table.resolve(requested)
                    == .modelNotServed(provider: "here", model: "smal", served: ["small", "lab/large"]))
        } else {
            #expect(table.resolve(requested) == .unknown(suggestion: meant))
        }
    }

    @Test func aScopedKeyIsNotToldOtherNames() {
        #expect(table.resolve("bacth", allowed: ["assistant"]) == .unknown(suggestion: nil))
        #expect(table.resolve("asistant", allowed: ["assistant"]) == .unknown(suggestion: "assistant"))
        #expect(table.resolve("opne/gpt", allowed: ["assistant"]) == .unknown(suggestion: nil))
    }

    @Test func aNameOfAMegabyteCostsNoSuggestion() {
        let name = String(repeating: "assistant", count: 100_000)
        // A route's name is one letter away: a comparison of the two would find it.
        let candidates = [Self.open.candidate(model: "x")]
        let table = RouteTable(providers: [Self.open], routes: [Route(name: name + "s", candidates: candidates)])
        #expect(table.resolve(name) == .unknown(suggestion: nil))
    }

    @Test func listingsShowRoutesFirstThenModelsAndNothingThatNobodyServes() {
        #expect(
            table.listing().map(\.id) == ["assistant", "batch", "here/small", "here/lab/large"])
        #expect(table.listing().map(\.context) == [4096, nil, 4096, 4096])
        #expect(table.listing().map(\.provider) == [nil, nil, "here", "here"])
    }

    @Test func aScopedKeySeesItsRoutesOnly() {
        #expect(table.listing(allowed: ["batch", "nobody", "other"]).map(\.id) == ["batch"])
        #expect(table.listing(allowed: []).isEmpty)
    }

    @Test func anEmptyTableKnowsNothing() {
        let table = RouteTable(providers: [], routes: [])
        #expect(table.resolve("x/y") == .unknown(suggestion: nil))
        #expect(table.listing().isEmpty)
    }
}
