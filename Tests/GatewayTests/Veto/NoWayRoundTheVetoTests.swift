import Access
import Conversation
import DialectAnthropic
import DialectOpenAI
import Drills
import Failures
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Testing
import Veto
import Wire

/// Every operation, by every way to a candidate: none is asked without a look
/// at the suspensions right before.
@Suite struct NoWayRoundTheVetoTests {
    /// A way to a candidate.
    enum Way: String, CaseIterable, Sendable {
        case route, alias, named
        /// The first candidate fails.
        case substitute
        /// The first candidate is silent.
        case beside
        /// The first candidate's stream breaks off.
        case continuation
        /// A drill pulls the first candidate.
        case drill
        case embeddings, embeddingsNamed
        /// Of a hosted model, by its own tokenizer.
        case count
        /// The provider's own count.
        case providersCount
        case warming, modelList

        var isStream: Bool { self == .beside || self == .continuation }
        /// The index of the candidate that is asked.
        var asked: Int {
            switch self {
            case .substitute, .beside, .continuation, .drill: 1
            default: 0
            }
        }

        var model: String {
            switch self {
            case .alias: "talk-of-the-town"
            case .named, .embeddingsNamed: "p0/m"
            default: "talk"
            }
        }
    }

    private static let text = "The lamp burns."

    private final class Counter: TokenCounter {
        let calls = Watched(0)

        func count(_ request: ChatRequest, model: String, on executor: EventLoopTaskExecutor) async throws -> Int {
            calls.change { $0 += 1 }
            return 3
        }
    }

    private struct House {
        let house: TestGateway
        let lanes: [ReplayLane]
        let counter = Counter()
        let suspensions = ScriptedSuspensions()
        private let way: Way

        init(_ way: Way) throws {
            self.way = way
            let openai = OpenAIDialect(now: { 1_700_000_000 })
            let anthropic = AnthropicDialect()
            let isCount = way == .count || way == .providersCount
            var policy = RoutePolicy()
            policy.patience = .zero
            if way == .beside { policy.silence = .after(.milliseconds(5)) }
            if way == .warming { policy.keepWarm = .zero }
            let dialect: any ProviderProtocol = way == .providersCount ? anthropic : openai
            let facts = ["p0", "p1"].map { ProviderFacts(name: $0, dialect: dialect.name, host: "h-\($0)") }
            let lanes = [ReplayLane(Self.first(way)), ReplayLane(Self.answer(way, "second"))]
            self.lanes = lanes
            let counter = counter
            house = TestGateway(
                providers: zip(facts, lanes).map { facts, lane in
                    Provider(
                        name: facts.name, dialect: dialect, lane: lane, embeddings: .served(openai),
                        tokenCounts: way == .providersCount ? anthropic : nil,
                        counter: isCount && facts.name == "p0" ? counter : nil,
                        host: facts.name)
                },
                facts: facts,
                routes: [Route(name: "talk", candidates: facts.map { $0.candidate(model: "m") }, policy: policy)],
                aliases: [try #require(RouteAlias("talk-*", route: "talk"))],
                stages: OptionalStages(permits: PermitBook(source: suspensions, length: .zero)))
            guard way == .drill else { return }
            _ = try house.gateway.beginDrill(
                DrillOrder(
                    id: "d", route: "talk", provider: "p0", model: "m", cause: .broken, duration: .seconds(60),
                    warmUp: .zero, by: "k"))
        }

        private static func answer(_ way: Way, _ id: String) -> ReplayLane.Script {
            switch way {
            case .beside, .continuation:
                .reading { request in .events([Reciter(kind: .openai, text: text, id: id).bytes(request)]) }
            case .embeddings, .embeddingsNamed:
                .json(#"{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5]}]}"#)
            case .providersCount: .json(#"{"input_tokens":3}"#)
            case .modelList: .json(#"{"object":"list","data":[]}"#)
            default: .json(Sample.openaiReply)
            }
        }

        private static func first(_ way: Way) -> ReplayLane.Script {
            switch way {
            case .substitute: return .failing(.unreachable("nobody listens"))
            case .beside: return .silent
            case .continuation:
                let whole = Reciter(kind: .openai, text: text, id: "first").stream(text)
                return .breaking(.cut, after: .events([whole.getSlice(at: 0, length: whole.readableBytes / 2)!]))
            default: return answer(way, "first")
            }
        }

        /// The same where nobody will answer: until the second has been looked
        /// at. Before, two looks were for the request and the first.
        func goUnanswered() async throws {
            let running = Task(executorPreference: house.executor) { await go() }
            try await suspensions.looks.until("a look at the second") { $0 > 2 }
            running.cancel()
            await running.value
        }

        func go() async {
            let speech: Speech = way == .count || way == .providersCount ? .anthropic : .openai
            switch way {
            case .warming: await house.gateway.keepWarm(on: house.executor)
            case .modelList: _ = await house.gateway.readModelList(of: "p0", on: house.executor)
            case .embeddings, .embeddingsNamed:
                await house.serve(
                    house.call(
                        #"{"model":"\#(way.model)","input":"x"}"#, door: speech.dialect,
                        operation: .embeddings(OpenAIDialect(now: { 1 }))))
            case .count, .providersCount:
                await house.serve(
                    house.call(
                        speech.request(way.model), door: speech.dialect, operation: .countTokens(AnthropicDialect())))
            default:
                // Not by a task of its own: a caller may leave.
                await house.gateway.serve(
                    house.call(speech.request(way.model, stream: way.isStream), door: speech.dialect),
                    reply: CollectedReply())
            }
        }

        /// The number of times that the candidate was asked.
        var askings: Int { lanes[way.asked].requests.value.count + counter.calls.value }
    }

    @Test("a suspension in the spool reaches every way to a candidate", arguments: Way.allCases)
    func suspended(_ way: Way) async throws {
        let open = try House(way)
        await Task(executorPreference: open.house.executor) { await open.go() }.value
        // Else the test would show nothing.
        #expect(open.askings > 0)
        #expect(open.suspensions.looks.value >= open.askings)

        for scope in [SuspendedScope.model("p\(way.asked)/m"), .host("h-p\(way.asked)")] {
            let closed = try House(way)
            closed.suspensions.order(scope)
            if way == .beside {
                try await closed.goUnanswered()
            } else {
                await Task(executorPreference: closed.house.executor) { await closed.go() }.value
            }
            #expect(closed.askings == 0, "\(scope)")
        }
    }

    @Test("a suspended route or key asks nobody", arguments: Way.allCases)
    func routeOrKey(_ way: Way) async throws {
        // Upkeep is nobody's request.
        guard way != .warming, way != .modelList else { return }
        let house = try House(way)
        house.suspensions.order(.key(house.house.principal().id))
        await Task(executorPreference: house.house.executor) { await house.go() }.value
        #expect(house.lanes.allSatisfy { $0.requests.value.isEmpty } && house.counter.calls.value == 0)
        guard way != .named, way != .embeddingsNamed else { return }
        let other = try House(way)
        other.suspensions.order(.route("talk"))
        await Task(executorPreference: other.house.executor) { await other.go() }.value
        #expect(other.lanes.allSatisfy { $0.requests.value.isEmpty } && other.counter.calls.value == 0)
    }

    @Test func listsLeaveOutWhatIsSuspended() throws {
        let house = try House(.route)
        let models = [ListedModel(id: "talk"), ListedModel(id: "p0/m", provider: "p0")]
        #expect(house.house.gateway.served(models).map(\.id) == ["talk", "p0/m"])
        house.suspensions.order(.model("p0/m"))
        // The route has a standby.
        #expect(house.house.gateway.served(models).map(\.id) == ["talk"])
        house.suspensions.order(.host("h-p1"))
        #expect(house.house.gateway.served(models).isEmpty)
    }
}
