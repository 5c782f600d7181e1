import Conversation
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Supervision
import Testing

/// A supervisor with a memory of whole texts, which counts what it judges.
private final class RememberingSupervisor: Supervisor {
    let policy = PolicyDigest("policy-1")
    let requests = Watched(0)
    let answers = Watched(0)
    private let ruling: Verdict.Ruling
    private let kept = Kept()

    init(_ ruling: Verdict.Ruling = .allow) { self.ruling = ruling }

    func judge(_ exhibit: Exhibit) async -> Verdict {
        requests.change { $0 += 1 }
        var verdict = Verdict(ruling)
        verdict.coverage.windows = 3
        verdict.coverage.secondStage = 2
        return verdict
    }

    func makeAnswerJudge(for exhibit: Exhibit) -> any AnswerJudge { Judge(self) }
    func memory(of tenant: String) -> (any VerdictMemory)? { kept }

    private final class Judge: AnswerJudge {
        private let supervisor: RememberingSupervisor
        init(_ supervisor: RememberingSupervisor) { self.supervisor = supervisor }

        func judge(_ pieces: [AnswerPiece], isEnd: Bool) async -> Verdict {
            supervisor.answers.change { $0 += 1 }
            return Verdict(.allow)
        }
    }

    private final class Kept: VerdictMemory {
        private let verdicts = Watched<[WindowKey: Verdict]>([:])
        private let keys = WindowKeyMaker().keys(of: "t", under: PolicyDigest("policy-1"))

        func key(of text: WholeText) -> WindowKey {
            text.body.withUnsafeReadableBytes { keys.key(ofWhole: [text.kind.rawValue, text.form, text.aside], $0) }
        }
        func verdict(of key: WindowKey) -> Verdict? { verdicts.value[key] }
        func remember(_ verdict: Verdict, of key: WindowKey) { verdicts.change { $0[key] = verdict } }
    }
}

@Suite("The memory of verdicts on whole requests and answers")
struct VerdictMemoryTests {
    private static func house(_ supervisor: RememberingSupervisor) -> TestGateway {
        var policy = RoutePolicy()
        policy.supervision = SupervisionPolicy(.required)
        policy.patience = .zero
        let openai = OpenAIDialect(now: { 1_700_000_000 })
        let facts = ProviderFacts(name: "openai", dialect: .openai)
        return TestGateway(
            providers: [
                Provider(
                    name: "openai", dialect: openai, lane: ReplayLane(.json(Sample.openaiReply)),
                    embeddings: .served(openai))
            ],
            facts: [facts], routes: [Route(name: "a", candidates: [facts.candidate(model: "m")], policy: policy)],
            stages: OptionalStages(supervisor: supervisor))
    }

    private static func body(_ words: String) -> String {
        #"{"model":"a","messages":[{"role":"user","content":"\#(words)"}]}"#
    }

    @Test("the same bytes are judged once, and each exchange has its verdict on record")
    func sameBytes() async throws {
        let supervisor = RememberingSupervisor(.flag)
        let house = Self.house(supervisor)
        for _ in 0..<3 {
            #expect(await house.serve(house.call(Self.body("hello"), door: Speech.openai.dialect)).status == 200)
            let supervision = try #require(house.book.last?.supervision)
            #expect(supervision.request?.verdict.ruling == .flag)
            #expect(supervision.answer?.verdict.ruling == .allow)
            #expect(supervision.extent == .ran)
        }
        #expect(supervisor.requests.value == 1)
        #expect(supervisor.answers.value == 1)
        let last = try #require(house.book.last?.supervision?.request?.verdict.coverage)
        #expect(last.windows == 3 && last.secondStage == 2 && last.cached == 2)
    }

    @Test("another byte is another request", arguments: ["hello!", "hell\\u006f"])
    func otherBytes(_ words: String) async {
        let supervisor = RememberingSupervisor()
        let house = Self.house(supervisor)
        for words in ["hello", words] {
            _ = await house.serve(house.call(Self.body(words), door: Speech.openai.dialect))
        }
        #expect(supervisor.requests.value == 2)
    }

    @Test("what was stopped or failed is judged each time", arguments: [Verdict.Ruling.block, .error])
    func notWhatWasStopped(_ ruling: Verdict.Ruling) async {
        let supervisor = RememberingSupervisor(ruling)
        let house = Self.house(supervisor)
        for _ in 0..<2 { _ = await house.serve(house.call(Self.body("hello"), door: Speech.openai.dialect)) }
        #expect(supervisor.requests.value == 2)
    }

    @Test("what can't be read as a whole is judged each time, and stays partial")
    func notWhatIsUnseen() async throws {
        let supervisor = RememberingSupervisor()
        let house = Self.house(supervisor)
        let picture =
            #"{"model":"a","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}]}]}"#
        for _ in 0..<2 {
            _ = await house.serve(house.call(picture, door: Speech.openai.dialect))
            #expect(try #require(house.book.last?.supervision).extent == .partial)
        }
        #expect(supervisor.requests.value == 2)
    }
}
