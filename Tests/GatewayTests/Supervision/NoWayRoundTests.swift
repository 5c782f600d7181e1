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
import Supervision
import Testing
import Wire

/// Every operation, by every way to a candidate, under every setting: no chat
/// reaches a provider unjudged where anything that covers it requires a
/// verdict.
@Suite struct NoWayRoundTests {
    /// A way to a candidate.
    enum Way: String, CaseIterable, Sendable {
        case route, alias, named
        /// The first candidate fails.
        case substitute
        /// The first candidate is silent.
        case beside
        /// The first candidate's stream breaks off.
        case continuation
        /// The first candidate's retirement was announced, and has come.
        case announced
        /// The provider says that a model named inside is gone.
        case nested
        /// A drill pulls the first candidate.
        case drill

        /// True where the second candidate is asked.
        var leadsToSecond: Bool {
            switch self {
            case .route, .alias, .named, .nested: false
            case .substitute, .beside, .continuation, .announced, .drill: true
            }
        }

        var isStream: Bool { self == .beside || self == .continuation }
        /// The name that the request asks for.
        var model: String {
            switch self {
            case .alias: "talk-of-the-town"
            case .named: "p0/m"
            default: "talk"
            }
        }
    }

    /// The place of the setting.
    enum Cover: String, CaseIterable, Sendable {
        case nothing, route, first, second

        func covers(_ way: Way) -> Bool {
            switch self {
            case .nothing: false
            case .route, .second: way != .named
            case .first: true
            }
        }
    }

    private static let text = "The lamp burns."

    private final class House {
        let house: TestGateway
        let lanes: [ReplayLane]
        private let way: Way

        init(_ way: Way, _ cover: Cover, _ level: SupervisionPolicy.Level, _ supervisor: ScriptedSupervisor) throws {
            self.way = way
            let openai = OpenAIDialect(now: { 1_700_000_000 })
            var policy = RoutePolicy()
            policy.patience = .zero
            policy.nested = ["old-model": "new-model"]
            if way == .beside { policy.silence = .after(.milliseconds(5)) }
            if cover == .route { policy.supervision.level = level }
            var facts = ["p0", "p1"].map { ProviderFacts(name: $0, dialect: .openai) }
            if cover == .first { facts[0].supervision = level }
            if cover == .second { facts[1].supervision = level }
            let lanes = [ReplayLane(Self.first(way)), ReplayLane(Self.answer(way, "second"))]
            self.lanes = lanes
            house = TestGateway(
                providers: zip(facts, lanes).map { facts, lane in
                    Provider(
                        name: facts.name, dialect: openai, lane: lane, embeddings: .served(openai), host: facts.name)
                },
                facts: facts,
                routes: [Route(name: "talk", candidates: facts.map { $0.candidate(model: "m") }, policy: policy)],
                aliases: [try #require(RouteAlias("talk-*", route: "talk"))],
                stages: OptionalStages(supervisor: supervisor))
            switch way {
            case .announced:
                house.gateway.continuity.announcements.note(
                    Announcement(model: "m", retires: 1, source: "list"), by: "p0")
            case .drill:
                _ = try house.gateway.beginDrill(
                    DrillOrder(
                        id: "d", route: "talk", provider: "p0", model: "m", cause: .broken, duration: .seconds(60),
                        warmUp: .zero, by: "k"))
            default: break
            }
        }

        private static func answer(_ way: Way, _ id: String) -> ReplayLane.Script {
            way.isStream
                ? .reading { request in .events([Reciter(kind: .openai, text: text, id: id).bytes(request)]) }
                : .json(Sample.openaiReply)
        }

        private static func first(_ way: Way) -> ReplayLane.Script {
            switch way {
            case .route, .alias, .named, .announced, .drill: return answer(way, "first")
            case .substitute: return .failing(.unreachable("nobody listens"))
            case .beside: return .silent
            case .continuation:
                let whole = Reciter(kind: .openai, text: text, id: "first").stream(text)
                return .breaking(.cut, after: .events([whole.getSlice(at: 0, length: whole.readableBytes / 2)!]))
            case .nested:
                let gone =
                    #"{"error":{"message":"The model `old-model` has been deprecated","#
                    + #""type":"invalid_request_error","code":"model_not_found","param":"tools.0.model"}}"#
                return .attemptBased { $0 == 0 ? .json(gone, status: 404) : .json(Sample.openaiReply) }
            }
        }

        func chat(_ speech: Speech) async -> CollectedReply {
            let tools =
                way == .nested
                ? #","tools":[{"type":"function","model":"old-model","function":{"name":"f"}}]"# : ""
            return await house.serve(
                house.call(
                    speech.request(way.model, stream: way.isStream, extra: tools), door: speech.dialect))
        }

        /// True where no provider has heard of anything.
        var isUnheard: Bool { lanes.allSatisfy { $0.requests.value.isEmpty } }
        var sent: [[String]] { lanes.map { $0.requests.value.map { String(buffer: $0.body) } } }
    }

    private static let ways = Way.allCases.flatMap { way in Cover.allCases.map { (way, $0) } }

    @Test("what the supervisor blocks reaches nobody", arguments: ways, SupervisionPolicy.Level.allCases)
    func blocked(_ place: (way: Way, cover: Cover), _ level: SupervisionPolicy.Level) async throws {
        let supervisor = ScriptedSupervisor.blocking
        let house = try House(place.way, place.cover, level, supervisor)
        let reply = await house.chat(.openai)
        let isCovered = place.cover.covers(place.way)
        if isCovered, level == .required {
            #expect(reply.status == 400 && reply.text.contains("no-such-words"))
            #expect(house.isUnheard, "\(house.sent)")
        } else {
            // Else the test would show nothing.
            #expect(reply.status == 200, "\(reply.text)")
            #expect(!house.sent[place.way.leadsToSecond ? 1 : 0].isEmpty)
        }
        #expect(supervisor.seen.value.count == (isCovered && level != .off ? 1 : 0))
    }

    @Test("what the supervisor withholds reaches nobody, by no attempt", arguments: ways)
    func withheld(_ place: (way: Way, cover: Cover)) async throws {
        let house = try House(place.way, place.cover, .required, .withholding([.user]))
        let reply = await house.chat(.openai)
        #expect(reply.status == 200, "\(reply.text)")
        let isCovered = place.cover.covers(place.way)
        #expect(!house.sent[place.way.leadsToSecond ? 1 : 0].isEmpty)
        if place.way == .nested { #expect(house.sent[0].last?.contains("new-model") == true) }
        for body in house.sent.joined() {
            #expect(body.contains("hello") == !isCovered && body.contains(ScriptedSupervisor.note) == isCovered)
        }
    }

    @Test("a supervisor that is down lets nothing through", arguments: ways)
    func down(_ place: (way: Way, cover: Cover)) async throws {
        guard place.cover.covers(place.way) else { return }
        let house = try House(place.way, place.cover, .required, .failing("crashed"))
        #expect(await house.chat(.openai).status == 503)
        #expect(house.isUnheard)
    }

    @Test("every door stands behind the supervisor", arguments: Speech.allCases, [Way.route, .alias, .named])
    func doors(_ speech: Speech, _ way: Way) async throws {
        let house = try House(way, .first, .required, .blocking)
        let reply = await house.chat(speech)
        #expect(reply.status == 400 && reply.text.contains("no-such-words"))
        #expect(house.isUnheard)
    }

    @Test("embeddings and counts of tokens aren't judged, and say so", arguments: [Way.route, .alias, .named])
    func notJudged(_ way: Way) async throws {
        let supervisor = ScriptedSupervisor.blocking
        let house = try House(way, .first, .required, supervisor)
        let embedded = await house.house.serve(
            house.house.call(
                #"{"model":"\#(way.model)","input":"x"}"#, door: Speech.openai.dialect,
                operation: .embeddings(OpenAIDialect(now: { 1 }))))
        #expect(house.sent[0].count == 1 && embedded["x-holdfast-supervision"] == "none")
        let counted = await house.house.serve(
            house.house.call(
                Speech.anthropic.request(way.model), door: Speech.anthropic.dialect,
                operation: .countTokens(AnthropicDialect())))
        #expect(counted["x-holdfast-supervision"] == "none" && !counted.text.contains("no-such-words"))
        #expect(supervisor.seen.value.isEmpty)
    }
}
