import Conversation
import DialectOpenAI
import Failures
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Testing
import Wire

@Suite struct ConversationTests {
    /// A weighted route `r` over three hosts of the same model.
    struct Scene {
        let lanes: [String: ReplayLane]
        let house: TestGateway
        static let names = ["a", "b", "c"]

        init(order: RoutePolicy.Order = .weighted) {
            let lanes = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, ReplayLane(.json(Sample.openaiReply))) })
            self.lanes = lanes
            let facts = Self.names.map { ProviderFacts(name: $0, dialect: .openai, region: $0 == "a" ? "eu" : "us") }
            let openai = OpenAIDialect(now: { 0 })
            let providers = facts.map {
                Provider(name: $0.name, dialect: openai, lane: lanes[$0.name]!, embeddings: .served(openai))
            }
            var policy = RoutePolicy()
            policy.order = order
            policy.patience = .zero
            house = TestGateway(
                providers: providers, facts: facts,
                routes: [Route(name: "r", candidates: facts.map { $0.candidate(model: "m") }, policy: policy)],
                keys: [TestGateway.record(), TestGateway.record("hf_of-the-eu", residency: ["eu"])])
        }

        /// - Returns: the host that answered.
        @discardableResult
        func ask(_ session: String?, agent: String? = nil, key: String = TestGateway.key, extra: String = "") async
            -> String?
        {
            var call = house.call(Speech.openai.request("r", extra: extra), door: Speech.openai.dialect, key: key)
            call.marks = AgentMarks(session: session, agent: agent)
            return await house.serve(call)["x-holdfast-served-by"].map { String($0.prefix(1)) }
        }

        func fail(_ name: String) { lanes[name]?.replay(.failing(.unreachable("refused"))) }
        func mend(_ name: String, cached: Int = 0) {
            lanes[name]?.replay(
                .json(
                    Sample.openaiReply.replacing(
                        "\"total_tokens\":14",
                        with: "\"total_tokens\":14,\"prompt_tokens_details\":{\"cached_tokens\":\(cached)}")))
        }
    }

    @Test func aSessionStaysWithOneCandidate_andSessionsSpread() async {
        let scene = Scene()
        var homes: Set<String> = []
        for session in 0..<24 {
            let home = await scene.ask("session \(session)")
            for _ in 0..<4 { #expect(await scene.ask("session \(session)") == home) }
            if let home { homes.insert(home) }
        }
        #expect(homes.count == 3)
    }

    @Test func theWordForTheCacheIsASessionToo() async {
        let scene = Scene()
        var homes: Set<String?> = []
        for _ in 0..<12 { homes.insert(await scene.ask(nil, extra: #","prompt_cache_key":"k""#)) }
        #expect(homes.count == 1)
    }

    @Test func withoutASessionTheWeightsDraw() async {
        let scene = Scene()
        var hosts: Set<String?> = []
        for _ in 0..<60 { hosts.insert(await scene.ask(nil)) }
        #expect(hosts.count > 1)
    }

    @Test func anotherKeysSessionOfTheSameNameIsAnother() async {
        // The key may be served in the EU only: the order never leads out of it.
        let scene = Scene()
        for session in 0..<12 { #expect(await scene.ask("session \(session)", key: "hf_of-the-eu") == "a") }
    }

    @Test func aConversationThatHasMovedStaysThere_andTheMoveHasItsPrice() async throws {
        let scene = Scene()
        let home = try #require(await scene.ask("s"))
        scene.fail(home)
        let second = try #require(await scene.ask("s"))
        #expect(second != home)
        let move = try #require(scene.house.book.last?.move)
        // 14 tokens were in the first one's cache, of which the next request had 11.
        #expect(move.from == "\(home)/m" && move.tokens == 11)
        scene.mend(home)
        for _ in 0..<4 {
            #expect(await scene.ask("s") == second)
            #expect(scene.house.book.last?.move == nil)
        }
        // Another one has never moved.
        scene.fail(second)
        let third = try #require(await scene.ask("s"))
        #expect(third != second)
    }

    @Test func whatTheNewOneHadInItsCacheCostsNothing() async throws {
        let scene = Scene()
        let home = try #require(await scene.ask("s"))
        scene.fail(home)
        for name in Scene.names where name != home { scene.mend(name, cached: 8) }
        await scene.ask("s")
        #expect(scene.house.book.last?.move?.tokens == 3)
    }

    @Test func agentsOfASessionMoveOnTheirOwn() async throws {
        let scene = Scene()
        let home = try #require(await scene.ask("s", agent: "main"))
        #expect(await scene.ask("s", agent: "sub") == home)
        scene.fail(home)
        #expect(await scene.ask("s", agent: "main") != home)
        scene.mend(home)
        #expect(await scene.ask("s", agent: "sub") == home)
    }

    @Test func aHoldGoesBeforeTheSession() async throws {
        let scene = Scene()
        let home = try #require(await scene.ask("s"))
        let continuity = scene.house.gateway.continuity
        let place = try #require(scene.house.gateway.state.providers[home]?.place(of: "m"))
        _ = continuity.book.hold(place, scope: .model, reason: "test", by: "test", now: continuity.now)
        for _ in 0..<4 { #expect(await scene.ask("s") != home) }
        #expect(scene.lanes[home]?.requests.value.count == 1)
    }

    @Test func aHoldGoesBeforeWhereAConversationHasMoved() async throws {
        let scene = Scene()
        let home = try #require(await scene.ask("s"))
        scene.fail(home)
        let second = try #require(await scene.ask("s"))
        scene.mend(home)
        let continuity = scene.house.gateway.continuity
        let place = try #require(scene.house.gateway.state.providers[second]?.place(of: "m"))
        _ = continuity.book.hold(place, scope: .model, reason: "test", by: "test", now: continuity.now)
        #expect(await scene.ask("s") != second)
    }

    @Test func anOrderedRouteKeepsItsOrder() async {
        let scene = Scene(order: .ordered)
        for session in 0..<12 { #expect(await scene.ask("session \(session)") == "a") }
        scene.fail("a")
        #expect(await scene.ask("session 1") == "b")
        #expect(scene.house.book.last?.move?.from == "a/m")
        scene.mend("a")
        #expect(await scene.ask("session 2") == "a")
    }

    @Test func whatEachAgentHasUsedIsCounted() async throws {
        let scene = Scene()
        for agent in ["main", "sub", "main"] { await scene.ask("s", agent: agent) }
        await scene.ask(nil)
        let uses = scene.house.gateway.continuity.sessions.uses
        #expect(uses.map(\.use.requests).reduce(0, +) == 3 && uses.count == 2)
        let main = try #require(uses.first { $0.place.agent == "main" }?.use)
        #expect(main.requests == 2 && main.inputTokens == 22 && main.outputTokens == 6 && main.moves == 0)
    }

    @Test func theMemoryIsBounded() async {
        let scene = Scene()
        for session in 0..<9000 { await scene.ask("session \(session)") }
        #expect(scene.house.gateway.continuity.conversations.count <= 8192)
    }
}
