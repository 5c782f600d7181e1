import Access
import Conversation
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Supervision
import Telemetry
import Testing
import Wire

@Suite struct RequestLogTests {
    private func gateway(_ lane: ReplayLane, _ log: RequestLog) -> (TestGateway, Gateway) {
        let facts = ProviderFacts(name: "oa", dialect: .openai)
        let engine = ProviderFacts(name: "en", dialect: .engine)
        let house = TestGateway(
            providers: [
                Provider(name: "oa", dialect: OpenAIDialect(now: { 1 }), lane: lane, embeddings: .none("no")),
                Provider(name: "en", dialect: EngineDialect(now: { 1 }), lane: lane, embeddings: .none("no")),
            ], facts: [facts, engine],
            routes: [
                Route(name: "r", candidates: [facts.candidate(model: "m")]),
                Route(name: "e", candidates: [engine.candidate(model: "m")]),
            ])
        return (
            house,
            Gateway(
                house.gateway.state, keys: house.keys, records: RequestRecords(log: log),
                continuity: TestGateway.continuity(),
                disclosures: DisclosureBook(clock: { 0 }))
        )
    }

    private func serve(_ body: String, _ lane: ReplayLane, _ format: LogFormat) async -> [String] {
        let pipe = LogPipe()
        let (house, gateway) = gateway(lane, RequestLog(pipe.sink, format: format))
        let call = house.call(body, door: OpenAIDialect(now: { 1 }))
        await Task(executorPreference: house.executor) { await gateway.serve(call, reply: CollectedReply()) }.value
        pipe.sink.flush()
        return pipe.lines
    }

    private static let reply =
        "{\"id\":\"1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
        + "{\"role\":\"assistant\",\"content\":\"MARKER\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
        + "\"completion_tokens\":2,\"total_tokens\":3}}"

    @Test("a verdict is logged with what it rests on, and no text")
    func verdicts() throws {
        let clause = Clause(id: "no-lamp", text: "Nobody speaks of the lamp.", actions: [.user: .block])
        var verdict = Verdict(
            .block,
            findings: [
                Finding(clause, .block, .user, path: "messages.0", block: 0, by: .first(.attack), score: 1.234)
            ], reference: "ref_1")
        verdict.policy = PolicyDigest("abc")
        verdict.coverage.unseen = [.image]
        let record = RequestRecord(
            refused: "req_1", operation: "chat", door: .openai, keyID: "k",
            problem: APIProblem(.invalidRequest, "no", code: "blocked_by_policy"))
        record.outcome = .blocked
        record.supervision = SupervisionRecord(.required)
        record.supervision?.request = .init(verdict, took: .microseconds(1500))
        let pipe = LogPipe()
        RequestLog(pipe.sink, format: .json).record(record)
        RequestLog(pipe.sink, format: .human).record(record)
        pipe.sink.flush()
        let lines = pipe.lines
        let root = try JSONDocument(try #require(lines.first)).root
        let told = try #require(root["supervision"])
        #expect(root["outcome"]?.string == "blocked")
        #expect(told["extent"]?.string == "partial" && told["policy"]?.string == "abc")
        let request = try #require(told["request"])
        #expect(request["ruling"]?.string == "block" && request["reference"]?.string == "ref_1")
        #expect(request["took_ms"]?.double == 1.5)
        let finding = try #require(request["findings"]?.elements.first { _ in true })
        #expect(finding["clause"]?.string == "no-lamp" && finding["by"]?.string == "first stage: attack")
        #expect(finding["score"]?.double == 1.23)
        #expect(lines.last?.contains("supervision=partial request:block[no-lamp]") == true, "\(lines)")
    }

    @Test func aRequestIsOneLine() async throws {
        let lines = await serve("{\"model\":\"r\",\"messages\":[]}", ReplayLane(.json(Self.reply)), .json)
        #expect(lines.count == 1)
        let root = try JSONDocument(try #require(lines.first)).root
        #expect(root["request"]?.string == "req_test")
        #expect(root["tenant"]?.string == "tenant")
        #expect(root["route"]?.string == "r")
        #expect(root["served_by"]?.string == "oa/m")
        #expect(root["status"]?.int == 200)
        #expect(root["outcome"]?.string == "served")
        #expect(root["input_tokens"]?.int == 1 && root["output_tokens"]?.int == 2)
        #expect(root["attempts"]?.elements.first { _ in true }?["provider"]?.string == "oa")
        #expect((root["duration_ms"]?.double ?? -1) >= 0)
        #expect(root["waited_ms"] == nil)
        let human = await serve("{\"model\":\"r\",\"messages\":[]}", ReplayLane(.json(Self.reply)), .human)
        #expect(human.count == 1)
        #expect(human.first?.contains("200 r → oa/m 1+2 tokens") == true, "\(human)")
    }

    @Test func aWaitForARateLimitIsOnItsLine() async throws {
        let fields = HTTPFieldList(["retry-after": "0"])
        let script = ReplayLane.Script.attemptBased { number in
            number == 0 ? .answer(status: 429, fields: fields, [ByteBuffer(string: "{}")]) : .json(Self.reply)
        }
        let lines = await serve("{\"model\":\"r\",\"messages\":[]}", ReplayLane(script), .json)
        let root = try JSONDocument(try #require(lines.first)).root
        #expect(root["outcome"]?.string == "served")
        // The wait is the plan's, and not a clock's: at most the second of a
        // throttle whose provider names no longer one.
        let waited = try #require(root["waited_ms"]?.double)
        #expect(waited > 0 && waited <= 1000)
    }

    /// Wherever a caller or a provider puts its words.
    static let bodies = [
        #"{"model":"ROUTE","messages":[{"role":"user","content":"MARKER"}],"user":"MARKER"}"#,
        #"{"model":"ROUTE","messages":[{"role":"MARKER","content":"MARKER"}]}"#,
        #"{"model":"ROUTE","messages":"MARKER"}"#,
        #"{"model":"ROUTE","messages":[{"role":"user","content":[{"type":"MARKER","text":"MARKER"}]}]}"#,
        #"{"model":"ROUTE","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"MARKER"}}]}]}"#,
        #"{"model":"ROUTE","messages":[],"tools":[{"type":"MARKER"}],"tool_choice":"MARKER"}"#,
        #"{"model":"ROUTE","messages":[],"tools":[{"type":"function","function":{"name":"MARKER","parameters":{"MARKER":"MARKER"}}}]}"#,
        #"{"model":"ROUTE","messages":[],"response_format":{"type":"MARKER"}}"#,
        #"{"model":"ROUTE","messages":[],"stop":["MARKER"],"metadata":{"MARKER":"MARKER"},"logit_bias":{"MARKER":1}}"#,
        #"{"model":"ROUTE","messages":[],"stream":"MARKER"}"#, #"{"model":"ROUTE","messages":[] MARKER}"#, "MARKER",
        #"{"model":"ROUTE","messages":[{"role":"assistant","tool_calls":[{"id":"MARKER","type":"function","function":{"name":"MARKER","arguments":"MARKER"}}]}]}"#,
    ]

    static let scripts: [(String, ReplayLane.Script)] = [
        ("served", .json(reply)),
        ("error", .json("{\"error\":{\"message\":\"MARKER\",\"type\":\"t\",\"code\":\"c\"}}", status: 400)),
        ("garbage", .json("MARKER")),
        (
            "stream",
            .events([
                ByteBuffer(
                    string: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"MARKER\"}}]}\n\ndata: [DONE]\n\n"
                )
            ])
        ),
        (
            "stream error",
            .events([
                ByteBuffer(
                    string:
                        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"error\":{\"message\":\"MARKER\"}}\n\n"
                )
            ])
        ),
    ]

    @Test(arguments: bodies)
    func noPromptAndNoAnswerIsLogged(_ body: String) async {
        for (name, script) in Self.scripts {
            for route in ["r", "e"] {
                for format in [LogFormat.json, .human] {
                    var body = body.replacing("ROUTE", with: route)
                    if name.hasPrefix("stream"), body.hasSuffix("}") { body = body.dropLast() + ",\"stream\":true}" }
                    let lines = await serve(body, ReplayLane(script), format)
                    #expect(lines.count == 1)
                    #expect(!lines.joined().contains("MARKER"), "\(name) \(route): \(lines)")
                    #expect(!lines.joined().contains(TestGateway.key))
                }
            }
        }
    }

    @Test(arguments: [
        "x\n12:00:00         200 forged", "x\r\nforged", "\u{1B}[2J", "a\u{0}b", "\u{2028}",
        String(repeating: "é", count: 5000),
    ])
    func aCallersWordsMakeNoLinesOfTheirOwn(_ model: String) async throws {
        var name = ByteBuffer()
        JSONString.append(model, to: &name)
        let human = await serve("{\"model\":\(String(buffer: name)),\"messages\":[]}", ReplayLane(.silent), .human)
        #expect(human.count == 1, "\(human)")
        #expect(human.allSatisfy { line in line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } })
        #expect(human.joined().utf8.count < 2000)
        let json = await serve("{\"model\":\(String(buffer: name)),\"messages\":[]}", ReplayLane(.silent), .json)
        #expect(json.count == 1)
        #expect((try? JSONDocument(json[0])) != nil)
    }
}
