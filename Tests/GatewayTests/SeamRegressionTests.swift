import Conversation
import Failures
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Testing
import Wire

/// Earlier faults at a seam, or between two candidates, which must not come
/// back.
@Suite struct SeamRegressionTests {
    private static func sse(_ events: [(String, String)]) -> ReplayLane.Script {
        .events([ByteBuffer(string: events.map { "event: \($0)\ndata: \($1)\n\n" }.joined())])
    }

    private static func chunks(_ chunks: [String]) -> [ByteBuffer] {
        chunks.map { ByteBuffer(string: "data: \($0)\n\n") }
    }

    private static func chunk(_ delta: String, finish: String = "null") -> String {
        "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
            + "\"delta\":\(delta),\"finish_reason\":\(finish)}]}"
    }

    private static let callHalf = #"""
        {"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"look","arguments":"{\"city\":\"Pa"}}]}
        """#

    @Test("a request that was rewritten has no candidate to speak for an earlier refusal")
    func rewrittenAfterARefusal() async throws {
        let tooLong =
            "{\"error\":{\"message\":\"This model's maximum context length is 8192 tokens.\","
            + "\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\",\"param\":\"messages\"}}"
        let nested =
            "{\"error\":{\"message\":\"The model `old-model` has been deprecated\",\"type\":\"invalid_request_error\","
            + "\"code\":\"model_not_found\",\"param\":\"tools.0.model\"}}"
        var policy = RoutePolicy()
        policy.nested = ["old-model": "new-model"]
        let routes = [
            Route(
                name: "r",
                candidates: [
                    Candidate(provider: "oa", model: "small", dialect: .openai, context: 8_192),
                    Candidate(provider: "oa", model: "large", dialect: .openai, context: 200_000),
                ], policy: policy)
        ]
        let trio = Trio(routes: routes)
        trio.openai.replay(
            .attemptBased { number in
                switch number {
                case 0: .json(tooLong, status: 400)
                case 1: .json(nested, status: 404)
                default: .json("{\"error\":{\"message\":\"no\"}}", status: 500)
                }
            })
        let reply = await trio.serve(
            Speech.openai.request(
                "r",
                extra: ",\"tools\":[{\"type\":\"function\",\"model\":\"old-model\","
                    + "\"function\":{\"name\":\"f\"}}]"))
        // Else the test would show nothing: the second was asked again, with
        // the other name.
        let asked = trio.openai.requests.value
        #expect(asked.count >= 3, "\(trio.record.attempts)")
        #expect(asked.last.map { String(buffer: $0.body).contains("new-model") } == true)
        #expect(reply.status == 400 && reply.text.contains("context"), "\(reply.text)")
    }

    @Test("half a tool call goes out with the error that follows it")
    func halfACall() async throws {
        let failure = "{\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\"}}"
        let pieces = Self.chunks([
            Self.chunk(#"{"role":"assistant","content":""}"#), Self.chunk(#"{"content":"Let me see. "}"#),
            Self.chunk(Self.callHalf), failure,
        ])
        let house = Relayers([(.openai, .events(pieces)), (.openai, .failing(.unreachable("nobody listens")))])
        let heard = await house.ask(
            .openai, extra: ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\"}}]")
        #expect(heard.text == "Let me see. ")
        #expect(heard.calls.isEmpty, "\(heard.calls)")
        #expect(heard.errors == 1 && heard.terminals == 0)
    }

    @Test("the role is said twice where only a call was held back")
    func oneRole() async throws {
        let pieces = Self.chunks([Self.chunk(#"{"role":"assistant","content":null}"#), Self.chunk(Self.callHalf)])
        let house = Relayers([
            (.openai, .breaking(.cut, after: .events(pieces))),
            (.openai, .events([Reciter(kind: .openai, text: "Fine.", id: "second").stream("Fine.")])),
        ])
        let reply = await house.house.serve(
            house.house.call(Speech.openai.request("talk", stream: true), door: Speech.openai.dialect))
        let body = String(buffer: reply.told.body)
        #expect(body.ranges(of: "\"role\":\"assistant\"").count == 1, "\(body)")
        #expect(Heard(reply, .openai).text == "Fine.")
    }

    @Test("a block that only its provider knows is gone on from")
    func foreignBlock() async throws {
        let pieces: [(String, String)] = [
            ("message_start", #"{"type":"message_start","message":{"id":"a","model":"m","usage":{"input_tokens":1}}}"#),
            (
                "content_block_start",
                #"{"type":"content_block_start","index":0,"content_block":{"type":"mcp_tool_use","id":"x"}}"#
            ),
            ("content_block_stop", #"{"type":"content_block_stop","index":0}"#),
            (
                "content_block_start",
                #"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#
            ),
            (
                "content_block_delta",
                #"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Half of "}}"#
            ),
        ]
        let house = Relayers([
            (.anthropic, .breaking(.cut, after: Self.sse(pieces))),
            (.anthropic, .events([Reciter(kind: .anthropic, text: "x", id: "second").stream("x")])),
        ])
        let heard = await house.ask(.anthropic)
        #expect(heard.text == "Half of " && heard.terminals == 0 && heard.errors == 1, "\(heard)")
        #expect(house.lanes[1].requests.value.isEmpty)
    }

    @Test("a ping lets a block begin twice")
    func pingBetweenFrames() async throws {
        let pieces: [(String, String)] = [
            ("message_start", #"{"type":"message_start","message":{"id":"a","model":"m","usage":{"input_tokens":1}}}"#),
            (
                "content_block_start",
                #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#
            ),
            (
                "content_block_delta",
                #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"One. "}}"#
            ),
            ("content_block_stop", #"{"type":"content_block_stop","index":0}"#),
            (
                "content_block_start",
                #"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#
            ),
            ("ping", #"{"type":"ping"}"#),
        ]
        let house = Relayers([
            (.anthropic, .breaking(.cut, after: Self.sse(pieces))),
            (.anthropic, .events([Reciter(kind: .anthropic, text: "One. Two.", id: "second").stream("Two.")])),
        ])
        let reply = await house.house.serve(
            house.house.call(Speech.anthropic.request("talk", stream: true), door: Speech.anthropic.dialect))
        let body = String(buffer: reply.told.body)
        func count(_ word: String) -> Int { body.ranges(of: word).count }
        #expect(count("event: content_block_start") == count("event: content_block_stop"), "\(body)")
        #expect(Heard(reply, .anthropic).text.contains("One. "))
    }

    @Test("an answer that is streamed by the character ends early")
    func byTheCharacter() async throws {
        let said = "A harbour keeps its lamp lit for whoever comes late, and late"
        let pieces = said.map { Self.chunk("{\"content\":\"\($0)\"}") }
        let house = Relayers([
            (
                .openai,
                .breaking(
                    .cut, after: .events(Self.chunks([Self.chunk(#"{"role":"assistant","content":""}"#)] + pieces)))
            ),
            (.openai, .events([Reciter(kind: .openai, text: "", id: "second").stream(" is all there is.")])),
        ])
        // 50 tokens at most, and 61 characters are no 50 tokens.
        let heard = await house.ask(.openai)
        #expect(heard.text == said + " is all there is." && heard.finishes == [.endTurn], "\(heard)")
    }

    @Test("usage that no number can hold ends the process")
    func absurdUsage() async throws {
        let usage =
            "{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":9223372036854775807}}"
        func cut(_ words: String) -> ReplayLane.Script {
            .breaking(
                .cut,
                after: .events(
                    Self.chunks([
                        Self.chunk(#"{"role":"assistant","content":""}"#), Self.chunk("{\"content\":\"\(words)\"}"),
                        usage,
                    ])))
        }
        let house = Relayers([
            (.openai, cut("One ")), (.openai, cut("two ")),
            (.openai, .events([Reciter(kind: .openai, text: "", id: "third").stream("three.")])),
        ])
        let body = "{\"model\":\"talk\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"
        let reply = await house.house.serve(house.house.call(body, door: Speech.openai.dialect))
        #expect(Heard(reply, .openai).text == "One two three.")
    }

    @Test("an estimate closes a breaker, though nobody was asked")
    func estimateAsksNobody() async throws {
        let trio = Trio(.json("{}"))
        let counting = MadeUpCount(dialect: Speech.anthropic.dialect, estimate: 7)
        let reply = await trio.serve(
            Speech.anthropic.request("to-oa"), .anthropic, operation: .countTokens(counting))
        #expect(reply.status == 200, "\(reply.text)")
        #expect(trio.record.attempts.isEmpty)
        #expect(trio.openai.requests.value.isEmpty)
        #expect(trio.house.gateway.continuity.lastAnswer(of: ServedModel(host: "oa", model: "m")) == nil)
    }

    @Test("what was lifted and nobody waits for is kept for ever", arguments: Substitution.Return.allCases)
    func forgottenReturns(_ way: Substitution.Return) throws {
        var policy = RoutePolicy()
        policy.substitution.return = way
        let house = Relayers([(.openai, .silent), (.openai, .silent)], policy: policy).house
        let continuity = house.gateway.continuity
        house.gateway.applyRoutes()
        let place = Target(provider: "p0", host: "host-0", credential: "key-0", model: "m-p0")
        let held = continuity.book.hold(place, scope: .model, reason: "r", by: "a", now: continuity.now)
        guard case .placed(let hold) = try #require(held.first) else { return #expect(Bool(false)) }
        _ = continuity.book.restore(hold.id, by: "a", now: continuity.now)
        house.gateway.forgetReturns()
        // Restored by hand, it waits for nothing but a drill.
        #expect(continuity.book.returned.count == (way == .afterDrill ? 1 : 0))
        #expect(continuity.book.isQuiet == (way != .afterDrill))
    }
}
