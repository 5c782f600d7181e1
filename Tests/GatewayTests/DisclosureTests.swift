import Access
import Conversation
import DialectOpenAI
import Extraction
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Synchronization
import Testing
import Wire

/// The limits to what a hosted model discloses through the gateway: how much,
/// to which keys, and until when.
@Suite struct DisclosureTests {
    /// A keeper that remembers what it was given.
    final class Keeper: DisclosureKeeper {
        let standings = Mutex<[RecoveryMeter.Account: Int]>([:])
        let alarms = Mutex<[String]>([])

        func keep(_ kept: [(account: RecoveryMeter.Account, values: Int)]) -> KeeperTicket? {
            standings.withLock { for one in kept { $0[one.account] = one.values } }
            return nil
        }
        func untilDurable(_ ticket: KeeperTicket) async {}
        func alarm(_ alarm: RecoveryMeter.Alarm) {
            alarms.withLock { $0.append("\(alarm.subject.text) \(alarm.hasEnded)") }
        }
        func alarm(_ alarm: EgressMeter.Alarm) { alarms.withLock { $0.append("egress \(alarm.hasStopped)") } }
        func standing(_ subject: Subject) -> Int? { standings.withLock { $0[.init(subject, "w")] } }
    }

    /// A hosted engine `en`, and `oa` that stands in on the route `both`.
    struct Pair {
        let house: TestGateway
        let engine: ReplayLane
        let openai: ReplayLane
        let keeper: Keeper
        let clock: ManualClock

        static let plain = TestGateway.key
        static let measuring = "hf_one-that-may-measure"
        static let second = "hf_another-of-the-same-tenant"

        init(_ script: ReplayLane.Script, hiddenSize: Int = 6, egress: Int? = nil, context: Int = 8) {
            let hosted = HostedModel(
                name: "en", weights: "w", hiddenSize: hiddenSize,
                shares: RecoveryShares(perKey: 0.5, perTenant: 0.8), egressPerDay: egress)
            engine = ReplayLane(script)
            openai = ReplayLane(.json(Sample.openaiReply))
            keeper = Keeper()
            let clock = ManualClock()
            self.clock = clock
            let facts = [
                ProviderFacts(name: "en", dialect: .engine, context: context, models: .listed(["m"])),
                ProviderFacts(name: "oa", dialect: .openai),
            ]
            let providers = [
                Provider(
                    name: "en", dialect: EngineDialect(maxChoices: 4, now: { 1_700_000_000 }), lane: engine,
                    embeddings: .served(EngineDialect(now: { 1_700_000_000 })), hosted: { hosted }),
                Provider(
                    name: "oa", dialect: OpenAIDialect(now: { 1_700_000_000 }), lane: openai,
                    embeddings: .served(OpenAIDialect(now: { 1_700_000_000 }))),
            ]
            var impatient = RoutePolicy()
            impatient.patience = .zero
            let candidates = facts.map { $0.candidate(model: "m") }
            let open = Disclosures(logprobs: true, logitBias: true)
            house = TestGateway(
                providers: providers, facts: facts,
                routes: [
                    Route(name: "alone", candidates: [candidates[0]], policy: impatient),
                    Route(name: "both", candidates: candidates, policy: impatient),
                ],
                keys: [
                    TestGateway.record(Self.plain), TestGateway.record(Self.measuring, disclosures: open),
                    TestGateway.record(Self.second, disclosures: open),
                ],
                disclosures: DisclosureBook(
                    keeper: keeper, clock: { 1_577_880_000 + Int(clock.now.offset.components.seconds) }))
        }

        func serve(
            _ model: String = "alone", stream: Bool = false, extra: String = "", key: String = plain,
            operation: Call.Operation = .chat
        ) async -> CollectedReply {
            let body = Self.body(model, (stream ? ",\"stream\":true" : "") + extra)
            return await house.serve(
                house.call(body, door: Speech.openai.dialect, operation: operation, key: key))
        }

        static func body(_ model: String, _ extra: String) -> String {
            "{\"model\":\"\(model)\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]\(extra)}"
        }
    }

    private static func problem(_ reply: CollectedReply) throws -> (field: String?, code: String?, message: String) {
        let error = try JSONDocument(reply.text).root["error"]
        return (error?["param"]?.string, error?["code"]?.string, error?["message"]?.string ?? "")
    }

    /// Seven alternatives of each of two tokens, more digits than may be
    /// told, and what nobody may see.
    private static let measured: String = {
        let top = (1...7).map { #"{"id":\#($0),"token":"t\#($0)","bytes":[\#($0)],"logprob":-0.\#($0)23456}"# }
        func token(_ text: String, _ byte: Int) -> String {
            #"{"id":9,"token":"\#(text)","bytes":[\#(byte)],"logprob":-0.9876,"top_logprobs":[\#(top.joined(separator: ","))]}"#
        }
        return #"{"id":"chatcmpl-engine","created":77,"model":"/secret/path.gguf","choices":[{"index":0,"message":"#
            + #"{"role":"assistant","content":"Hi!"},"finish_reason":"stop","logprobs":{"content":["#
            + token("t2", 2) + "," + token("rare", 99)
            + #"]}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5},"timings":{"x":1},"#
            + #""system_fingerprint":"b123-secret","__verbose":{"prompt":"x"}}"#
    }()

    // MARK: Log-probabilities

    @Test func aKeyThatMayNotIsRefusedByFieldAndTheEngineIsNotAsked() async throws {
        let pair = Pair(.json(Self.measured))
        for (extra, field) in [
            (",\"logprobs\":true", "logprobs"), (",\"logprobs\":true,\"top_logprobs\":3", "logprobs"),
            (",\"logit_bias\":{\"5\":1}", "logit_bias"),
            (
                ",\"presence_penalty\":1,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]",
                "presence_penalty"
            ),
        ] {
            let reply = await pair.serve(extra: extra)
            #expect(reply.status == 400)
            #expect(try Self.problem(reply).field == field)
        }
        #expect(pair.engine.requests.value.isEmpty)
    }

    @Test func anotherCandidateServesWhatTheKeyMayNotAskHere() async {
        let pair = Pair(.json(Self.measured))
        let reply = await pair.serve("both", extra: ",\"logprobs\":true")
        #expect(reply.status == 200)
        #expect(pair.house.book.last?.servedBy == "oa/m")
        #expect(pair.house.book.last?.skipped == ["en/m: logprobs"])
        #expect(pair.engine.requests.value.isEmpty)
    }

    @Test func evenAKeyThatMayGetsFiveAndNothingThatShiftsThem() async throws {
        let pair = Pair(.json(Self.measured))
        for (extra, field) in [
            (",\"logprobs\":true,\"top_logprobs\":6", "top_logprobs"),
            (",\"logprobs\":true,\"logit_bias\":{\"5\":1}", "logit_bias"),
            (",\"logprobs\":true,\"frequency_penalty\":0.5", "frequency_penalty"),
        ] {
            let reply = await pair.serve(extra: extra, key: Pair.measuring)
            #expect(reply.status == 400)
            #expect(try Self.problem(reply).field == field)
        }
    }

    @Test func whatIsToldIsRoundedAndOfTheLikeliestOnly() async throws {
        let pair = Pair(.json(Self.measured))
        let reply = await pair.serve(extra: ",\"logprobs\":true,\"top_logprobs\":2", key: Pair.measuring)
        #expect(reply.status == 200)
        let root = try JSONDocument(reply.text).root
        let content = root["choices"]?.elements.first { _ in true }?["logprobs"]?["content"]
        let tokens = content.map { Array($0.elements) } ?? []
        #expect(tokens.map { $0["logprob"]?.double } == [-0.2, -9999])
        for token in tokens {
            let top = token["top_logprobs"].map { Array($0.elements) } ?? []
            #expect(top.map { $0["logprob"]?.double } == [-0.1, -0.2])
        }
        for secret in ["0.123", "0.9876", "secret", "timings", "verbose", "t3", "\"id\":9", "chatcmpl-engine", ":77"] {
            #expect(!reply.text.contains(secret), "the caller was told \(secret)")
        }
        #expect(root["model"]?.string == "m")
    }

    @Test func whatNobodyAskedForIsNotTold() async {
        let pair = Pair(.json(Self.measured))
        let reply = await pair.serve()
        #expect(reply.status == 200)
        #expect(reply.text.contains("\"logprobs\":null") && !reply.text.contains("t1"))
    }

    @Test func theMeterEndsThePermissionForTheKeyAndForItsTenant() async throws {
        // 100 values in all: 50 a key, 80 a tenant; an answer brings two
        // tokens of five.
        let pair = Pair(.json(Self.measured))
        let extra = ",\"max_tokens\":2,\"logprobs\":true,\"top_logprobs\":5"
        for number in 1...5 {
            #expect(await pair.serve(extra: extra, key: Pair.measuring).status == 200)
            #expect(pair.keeper.standing(.tenant("tenant")) == 10 * number)
        }
        let ended = await pair.serve(extra: extra, key: Pair.measuring)
        #expect(ended.status == 403)
        let problem = try Self.problem(ended)
        #expect(problem.field == "logprobs" && problem.code == "measuring_used_up")
        #expect(problem.message.contains("Leave `logprobs` out"))
        for _ in 0..<3 { #expect(await pair.serve(extra: extra, key: Pair.second).status == 200) }
        #expect(await pair.serve(extra: extra, key: Pair.second).status == 403)
        // Where somebody else can serve, nobody is refused; and words go on.
        #expect(await pair.serve("both", extra: extra, key: Pair.second).status == 200)
        #expect(pair.house.book.last?.servedBy == "oa/m")
        #expect(await pair.serve(key: Pair.second).status == 200)
        let alarms = pair.keeper.alarms.withLock { $0 }
        #expect(
            alarms.contains { $0.hasPrefix("key:") && $0.hasSuffix("true") } && alarms.contains("tenant:tenant true"))
    }

    @Test func whatARequestCouldBringIsSetAsideBeforeItIsAsked() async throws {
        // Eight tokens of context times five are 40 values.
        let pair = Pair(.silent)
        let extra = ",\"logprobs\":true,\"top_logprobs\":5"
        // A task that is the call's own: with it ends what it waits for.
        let gateway = pair.house.gateway
        let call = pair.house.call(
            Pair.body("alone", extra), door: Speech.openai.dialect, key: Pair.measuring)
        let asking = Task(executorPreference: pair.house.executor) {
            await gateway.serve(call, reply: CollectedReply())
        }
        try await pair.engine.requests.until("it is asked") { $0.count == 1 }
        #expect(pair.keeper.standing(.tenant("tenant")) == 40, "a kill now would give it back")
        let second = await pair.serve(extra: extra, key: Pair.measuring)
        #expect(second.status == 429)
        #expect(second["retry-after"] == "1")
        #expect(try Self.problem(second).code == "measuring_busy")
        let many = await pair.serve(extra: extra + ",\"n\":2", key: Pair.measuring)
        #expect(many.status == 400)
        #expect(try Self.problem(many).field == "max_tokens")
        asking.cancel()
        _ = await asking.value
    }

    @Test func aBiasIsCountedByTheToken() async {
        let pair = Pair(.json(Self.measured))
        for _ in 0..<3 {
            #expect(
                await pair.serve(extra: ",\"max_tokens\":8,\"logit_bias\":{\"5\":1}", key: Pair.measuring).status == 200
            )
        }
        #expect(pair.keeper.standing(.tenant("tenant")) == 6)
    }

    @Test func aStreamIsSiftedLikeAWholeAnswer() async throws {
        let chunk = { (choice: String) in
            #"data: {"id":"chatcmpl-engine","created":77,"model":"/secret","choices":[\#(choice)]}"# + "\n\n"
        }
        let top = (1...7).map { #"{"token":"t\#($0)","bytes":[\#($0)],"logprob":-0.\#($0)23456}"# }.joined(
            separator: ",")
        let logprobs =
            #"{"content":[{"token":"rare","bytes":[99],"logprob":-0.9876,"top_logprobs":[\#(top)]}]}"#
        let script = ReplayLane.Script.events([
            ByteBuffer(string: chunk(#"{"index":0,"delta":{"role":"assistant"}}"#)),
            ByteBuffer(string: chunk(#"{"index":0,"delta":{"content":"Hi"},"logprobs":\#(logprobs)}"#)),
            ByteBuffer(string: chunk(#"{"index":0,"delta":{},"finish_reason":"stop"}"#)),
            ByteBuffer(string: "data: [DONE]\n\n"),
        ])
        let pair = Pair(script)
        let told = await pair.serve(
            stream: true, extra: ",\"logprobs\":true,\"top_logprobs\":1", key: Pair.measuring)
        #expect(told.text.contains("-9999") && told.text.contains("-0.1") && told.text.contains("[DONE]"))
        let untold = await pair.serve(stream: true, key: Pair.measuring)
        #expect(untold.text.contains("Hi") && !untold.text.contains("t1"))
        for reply in [told, untold] {
            for secret in ["0.123", "0.9876", "t2", "chatcmpl-engine", "secret"] {
                #expect(!reply.text.contains(secret), "the caller was told \(secret)")
            }
        }
        #expect(pair.keeper.standing(.tenant("tenant")) == 1)
    }

    // MARK: What an engine adds

    @Test func anEnginesFieldsAndItsLongErrorsStayHere() async throws {
        let long = String(repeating: "w", count: 5000)
        let fields = HTTPFieldList([
            "x-ratelimit-weights": "w", "retry-after": "5", "warning": "w", "link": "</w>", "sunset": "w",
            "x-request-id": "w", "server": "w",
        ])
        let pair = Pair(
            .answer(status: 400, fields: fields, [ByteBuffer(string: #"{"error":{"message":"\#(long)","type":"t"}}"#)]))
        let reply = await pair.serve()
        #expect(reply.status == 400)
        #expect(reply.text.utf8.count < 700)
        for field in ["x-ratelimit-weights", "warning", "link", "sunset", "x-holdfast-provider-request-id", "server"] {
            #expect(reply[field] == nil)
        }
    }

    // MARK: Egress

    @Test func theDaysBudgetStopsAnswersAndSaysWhenItIsOver() async throws {
        let pair = Pair(.json(Self.measured), egress: 100)
        for _ in 0..<3 { #expect(await pair.serve().status == 200) }
        // Three answers of 27 bytes; the fourth doesn't fit.
        let fourth = await pair.serve()
        #expect(fourth.status == 503)
        #expect(try Self.problem(fourth).code == "egress_budget")
        #expect(fourth["retry-after"] == "43200")
        #expect(!fourth.text.contains("Hi!"))
        let asked = pair.engine.requests.value.count
        #expect(await pair.serve().status == 503)
        #expect(pair.engine.requests.value.count == asked, "it is not even asked")
        let other = await pair.serve("both")
        #expect(other.status == 200)
        #expect(pair.house.book.last?.servedBy == "oa/m")
        #expect(pair.keeper.alarms.withLock { $0 } == ["egress false", "egress true"])
        pair.clock.advance(by: .seconds(43_200))
        #expect(await pair.serve().status == 200)
    }

    private static let endless: [ByteBuffer] = {
        let words = (1...20).map { number in
            #"data: {"id":"c","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word\#(number) "}}]}"#
        }
        let end = [
            #"data: {"id":"c","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            "data: [DONE]",
        ]
        return (words + end).map { ByteBuffer(string: $0 + "\n\n") }
    }()

    @Test func aStreamEndsInTheMiddleAndIsVisiblyUnfinished() async {
        let pair = Pair(.events(Self.endless), egress: 60, context: 100)
        let reply = await pair.serve(stream: true)
        #expect(reply.status == 200)
        #expect(reply.text.contains("word4") && !reply.text.contains("word9"))
        #expect(reply.text.contains("egress_budget") && !reply.text.contains("[DONE]"))
        #expect(pair.house.book.last?.outcome == .truncated)
    }

    @Test func anotherCandidateGoesOnWithTheStream() async {
        let pair = Pair(.events(Self.endless), egress: 60, context: 100)
        pair.openai.replay(
            .events(
                [
                    #"data: {"id":"o","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
                    #"data: {"id":"o","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word5 and the rest"}}]}"#,
                    #"data: {"id":"o","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                    "data: [DONE]",
                ].map { ByteBuffer(string: $0 + "\n\n") }))
        let reply = await pair.serve("both", stream: true)
        #expect(
            reply.text.contains("word4") && reply.text.contains("the rest") && reply.text.contains("[DONE]"),
            "\(reply.text)")
        #expect(pair.house.book.last?.outcome == .served)
    }

    @Test func embeddingsAreCountedToo() async throws {
        let numbers = (0..<20).map { "0.1234567890123456\($0)" }.joined(separator: ",")
        let answer =
            #"{"data":[{"index":0,"embedding":[\#(numbers)]}],"model":"/secret","usage":{"prompt_tokens":2,"total_tokens":2}}"#
        let pair = Pair(.json(answer), egress: 210)
        let request = #"{"model":"alone","input":"x","encoding_format":"float"}"#
        func embed() async -> CollectedReply {
            await pair.house.serve(
                pair.house.call(
                    request, door: Speech.openai.dialect, operation: .embeddings(OpenAIDialect(now: { 0 }))))
        }
        let first = await embed()
        #expect(first.status == 200)
        #expect(first.text.contains("0.12345679") && !first.text.contains("0.1234567890"), "32 bits are told")
        #expect(!first.text.contains("secret"))
        #expect(await embed().status == 200)
        // 24 and 80 bytes each.
        #expect(await embed().status == 503)
        #expect(await pair.serve().status == 503, "the weights are the same")
    }

    @Test func countingAPromptIsNoAnswer() async {
        let pair = Pair(.json(Self.measured), egress: 1)
        let counting = MadeUpCount(dialect: Speech.openai.dialect, estimate: 3)
        #expect(await pair.serve().status == 503)
        #expect(await pair.serve(operation: .countTokens(counting)).status == 200)
    }
}
