import Conversation
import DialectAnthropic
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Supervision
import Testing
import Wire

@Suite struct ReviewTests {
    /// A house with a provider of each dialect, and one route to each, named as
    /// the dialect.
    private final class House: Sendable {
        let house: TestGateway
        let lanes: [Speech: ReplayLane]

        init(
            _ supervisor: ScriptedSupervisor?, _ supervision: SupervisionPolicy = SupervisionPolicy(.required),
            pool: (any WorkerPool)? = nil
        ) {
            var policy = RoutePolicy()
            policy.supervision = supervision
            policy.patience = .zero
            let openai = OpenAIDialect(now: { 1_700_000_000 })
            let lanes: [Speech: ReplayLane] = [
                .openai: ReplayLane(.json(Sample.openaiReply)), .anthropic: ReplayLane(.json(Sample.anthropicReply)),
            ]
            let facts = [
                ProviderFacts(name: "openai", dialect: .openai), ProviderFacts(name: "anthropic", dialect: .anthropic),
            ]
            self.lanes = lanes
            house = TestGateway(
                providers: [
                    Provider(name: "openai", dialect: openai, lane: lanes[.openai]!, embeddings: .served(openai)),
                    Provider(
                        name: "anthropic", dialect: AnthropicDialect(), lane: lanes[.anthropic]!,
                        embeddings: .none("it has none"), tokenCounts: AnthropicDialect()),
                ],
                facts: facts,
                routes: facts.map { Route(name: $0.name, candidates: [$0.candidate(model: "m")], policy: policy) },
                pool: pool, stages: OptionalStages(supervisor: supervisor))
        }

        func ask(_ body: String, _ speech: Speech = .openai, operation: Call.Operation = .chat) async -> CollectedReply
        {
            await house.serve(house.call(body, door: speech.dialect, operation: operation))
        }

        func sent(_ speech: Speech = .openai) -> [String] {
            lanes[speech]!.requests.value.map { String(buffer: $0.body) }
        }

        var record: FinishedRecord { get throws { try #require(house.book.last) } }
    }

    // MARK: Strict reading

    private static let ambiguous = [
        #"{"model":"openai","messages":[{"role":"user","content":"a","content":"b"}]}"#,
        #"{"model":"openai","messages":[],"tools":[{"function":{"name":"f","parameters":{"x":{"y":1,"\u0079":2}}}}]}"#,
        #"{"model":"openai","messages":[],"metadata":{"a":{"b":1,"b":2}}}"#,
    ]

    @Test("a supervised request says one thing only, at any depth", arguments: ambiguous)
    func strict(_ body: String) async throws {
        let house = House(ScriptedSupervisor { _ in Verdict(.allow) })
        let reply = await house.ask(body)
        #expect(reply.status == 400)
        let error = try JSONDocument(reply.told.body).root["error"]
        #expect(error?["code"]?.string == "invalid_json")
        #expect(error?["message"]?.string?.contains("given twice") == true)
        #expect(house.sent().isEmpty)
        #expect(reply["x-holdfast-supervision"] == "none")
    }

    @Test("a request that nobody judges is its provider's to read", arguments: ambiguous)
    func notReviewed(_ body: String) async {
        let house = House(.blocking, SupervisionPolicy(.off))
        let reply = await house.ask(body)
        #expect(reply.status == 200 && reply["x-holdfast-supervision"] == nil)
        #expect(house.sent() == [body.replacingOnce("\"openai\"", "\"m\"")])
    }

    @Test("a shadow changes nothing, not even for a request that it can't read", arguments: ambiguous)
    func shadowReads(_ body: String) async throws {
        let house = House(.blocking, SupervisionPolicy(.shadow))
        let reply = await house.ask(body)
        #expect(reply.status == 200 && reply["x-holdfast-supervision"] == "shadow")
        #expect(house.sent() == [body.replacingOnce("\"openai\"", "\"m\"")])
        #expect(try house.record.supervision?.request?.verdict.error == "malformed")
    }

    // MARK: Verdicts

    @Test("what passes goes out as it came", arguments: [Verdict.Ruling.allow, .flag])
    func passed(_ ruling: Verdict.Ruling) async throws {
        let house = House(ScriptedSupervisor { _ in Verdict(ruling) })
        let body =
            #"{ "model" : "openai","messages":[{"role":"user","content":"a","cache_control":{"x":[1.0]}}], "n":null}"#
        let reply = await house.ask(body)
        #expect(reply.status == 200 && reply["x-holdfast-supervision"] == "ran")
        #expect(house.sent() == [body.replacingOnce("\"openai\"", "\"m\"")])
        let supervision = try #require(try house.record.supervision)
        #expect(supervision.extent == .ran && supervision.policy?.text == "policy-1")
        #expect(try house.record.outcome == .served)
    }

    @Test("a blocked request is its caller's fault, named, and not worth a retry", arguments: Speech.allCases)
    func blocked(_ speech: Speech) async throws {
        let house = House(.blocking)
        let reply = await house.ask(speech.request(speech.rawValue), speech)
        #expect(reply.status == 400 && reply["x-should-retry"] == "false")
        #expect(reply.text.contains("no-such-words") && reply.text.contains("ref-1"))
        #expect(reply["x-holdfast-supervision"] == "ran" && reply["x-holdfast-attempts"] == "0")
        #expect(house.sent(speech).isEmpty)
        let record = try house.record
        #expect(record.outcome == .blocked && record.reason == "blocked_by_policy" && record.attempts.isEmpty)
        #expect(house.house.gateway.continuity.book.isQuiet)
    }

    @Test func aRouteMayKeepTheClauseToItself() async {
        let house = House(.blocking, SupervisionPolicy(.required, namesClause: false))
        let reply = await house.ask(Speech.openai.request("openai"))
        #expect(reply.status == 400 && !reply.text.contains("no-such-words") && reply.text.contains("ref-1"))
    }

    @Test("a verdict that isn't one lets nothing through", arguments: ["late", "overloaded", "crashed", "anything"])
    func failed(_ word: String) async throws {
        let house = House(.failing(word))
        let reply = await house.ask(Speech.openai.request("openai"))
        #expect(reply.status == 503 && reply.text.contains("supervision_unavailable") && reply["retry-after"] != nil)
        #expect(reply["x-should-retry"] == nil && reply["x-holdfast-supervision"] == "none")
        #expect(house.sent().isEmpty)
        #expect(try house.record.outcome == .failed)
        #expect(house.house.gateway.continuity.book.isQuiet)
    }

    @Test func withoutASupervisorARouteThatRequiresOneIsShut() async throws {
        let house = House(nil)
        let reply = await house.ask(Speech.openai.request("openai"))
        #expect(reply.status == 503 && house.sent().isEmpty)
        #expect(try house.record.supervision?.request?.verdict.error == "absent")
    }

    @Test func aKeyOverItsShareIsLimitedAlone() async throws {
        let house = House(.failing("limited"))
        let reply = await house.ask(Speech.openai.request("openai"))
        #expect(reply.status == 429 && reply.text.contains("supervision_share") && reply["retry-after"] != nil)
        #expect(house.sent().isEmpty)
        #expect(try house.record.outcome == .limited)
    }

    private static let unsound: [Verdict] = [
        Verdict(.withhold), Verdict(.withhold, withheld: [9999: WithheldNote(clause: "c", reference: "r")]),
        Verdict(.allow, withheld: [0: WithheldNote(clause: "c", reference: "r")]),
    ]

    @Test("a verdict that contradicts itself is an error", arguments: unsound.indices)
    func contradiction(_ index: Int) async throws {
        let house = House(ScriptedSupervisor { _ in Self.unsound[index] })
        #expect(await house.ask(Speech.openai.request("openai")).status == 503)
        #expect(house.sent().isEmpty)
        #expect(try house.record.supervision?.request?.verdict.error == "malformed")
    }

    // MARK: Withholding

    @Test("only what is withheld is changed")
    func withheld() async throws {
        let house = House(.withholding([.user]))
        let body =
            #"{"messages":[{"role":"system","content" : "be good"},{"role":"user","content" : "secret"}],"#
            + #""model":"openai", "temperature" : 0.70000 }"#
        let reply = await house.ask(body)
        #expect(reply.status == 200 && reply["x-holdfast-supervision"] == "ran")
        let sent = try #require(house.sent().first)
        #expect(
            sent
                == body.replacingOnce("\"secret\"", "\"\(ScriptedSupervisor.note)\"").replacingOnce(
                    "\"openai\"", "\"m\""))
    }

    @Test("a withheld part is withheld across dialects, too", arguments: Speech.allCases)
    func withheldAcross(_ speech: Speech) async throws {
        let house = House(.withholding([.user]))
        let other: Speech = speech == .openai ? .anthropic : .openai
        _ = await house.ask(speech.request(other.rawValue), speech)
        let sent = try #require(house.sent(other).first)
        #expect(!sent.contains("hello") && sent.contains("Withheld by policy no-such-words"))
    }

    @Test func aShadowWithholdsNothing() async throws {
        let house = House(.withholding([.user]), SupervisionPolicy(.shadow))
        let body = Speech.openai.request("openai")
        let reply = await house.ask(body)
        #expect(reply.status == 200 && reply["x-holdfast-supervision"] == "shadow")
        #expect(house.sent() == [body.replacingOnce("\"openai\"", "\"m\"")])
        #expect(try house.record.supervision?.request?.verdict.ruling == .withhold)
    }

    @Test("a shadow that fails or blocks lets everything pass", arguments: [true, false])
    func shadow(fails: Bool) async {
        let house = House(fails ? .failing("crashed") : .blocking, SupervisionPolicy(.shadow))
        let reply = await house.ask(Speech.openai.request("openai"))
        #expect(reply.status == 200 && reply["x-holdfast-supervision"] == "shadow" && house.sent().count == 1)
    }

    // MARK: Unseen parts

    private static let image =
        #"{"model":"openai","messages":[{"role":"user","content":[{"type":"text","text":"look"},"#
        + #"{"type":"image_url","image_url":{"url":"data:image/png;base64,aGVsbG8="}}]}]}"#

    @Test func anExchangeWithAnImageIsSupervisedInPart() async throws {
        let house = House(ScriptedSupervisor { _ in Verdict(.allow) })
        let reply = await house.ask(Self.image)
        #expect(reply.status == 200 && reply["x-holdfast-supervision"] == "partial")
        #expect(try house.record.supervision?.unseen == [.image])
    }

    @Test func aRouteMayRefuseWhatNobodyCanRead() async throws {
        let supervisor = ScriptedSupervisor { _ in Verdict(.allow) }
        let house = House(supervisor, SupervisionPolicy(.required, unseen: .refuse))
        let reply = await house.ask(Self.image)
        #expect(reply.status == 400 && reply.text.contains("unseen_part") && reply.text.contains("image"))
        #expect(house.sent().isEmpty && supervisor.seen.value.isEmpty)
        #expect(try house.record.outcome == .refused)
    }

    // MARK: What isn't judged

    @Test func embeddingsAndCountsAreNotJudged() async {
        let house = House(.blocking)
        let embedded = await house.ask(
            #"{"model":"openai","input":"x"}"#, operation: .embeddings(OpenAIDialect(now: { 1 })))
        #expect(house.sent().count == 1 && embedded["x-holdfast-supervision"] == "none")
        let counted = await house.ask(
            #"{"model":"anthropic","messages":[{"role":"user","content":"x"}]}"#, .anthropic,
            operation: .countTokens(AnthropicDialect()))
        #expect(house.sent(.anthropic).count == 1 && counted["x-holdfast-supervision"] == "none")
    }

    // MARK: The exhibit

    @Test func theSupervisorIsShownEveryText() async throws {
        let supervisor = ScriptedSupervisor { _ in Verdict(.allow) }
        let house = House(supervisor)
        _ = await house.ask(
            #"{"model":"openai","messages":[{"role":"user","content":"one"}],"unknown":{"deep":["two"]}}"#)
        let exhibit = try #require(supervisor.seen.value.first)
        #expect(exhibit.tenant == "tenant tenant" && !exhibit.key.isEmpty)
        let texts = exhibit.passages.passages.map(\.text).joined(separator: "\n")
        #expect(texts.contains("one") && texts.contains("two"))
    }

    /// A pool that runs its work at once, and counts it.
    private final class CountingPool: WorkerPool {
        let count = Watched(0)
        func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
            count.change { $0 += 1 }
            work()
            return true
        }
    }

    @Test("large requests are read off the event loop", arguments: [1, 1_500_000])
    func heavy(_ size: Int) async throws {
        let pool = CountingPool()
        let house = House(.withholding([.user]), pool: pool)
        let text = String(repeating: "a", count: size)
        let reply = await house.ask(#"{"model":"openai","messages":[{"role":"user","content":"\#(text)"}]}"#)
        #expect(reply.status == 200 && house.sent().first?.contains(ScriptedSupervisor.note) == true)
        #expect((pool.count.value >= 3) == (size > 1 << 20), "\(pool.count.value)")
    }
}
