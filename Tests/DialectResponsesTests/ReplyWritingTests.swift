import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite("Whole answers of Responses") struct ReplyWritingTests {
    private static func write(_ content: [Part], _ finish: FinishReason? = .endTurn, id: String = "resp_9") throws
        -> JSONView
    {
        var reply = ChatReply(
            id: id, model: "gpt-x", created: 5, choices: [.init(content: content, finish: finish)],
            usage: Usage(input: 3, output: 4, cacheRead: 1, cacheWrite: 2, reasoning: 1))
        reply.serviceTier = "flex"
        return try JSONDocument(CallerFixture.dialect.encodeReply(reply, to: try CallerFixture.read())).root
    }

    @Test func partsBecomeItems() throws {
        let root = try Self.write(
            [
                .thinking(text: "Hm", signature: "c2ln"), .text("A"), .text("B"), .refusal("C"),
                .toolCall(ToolCall(id: "a", name: "f", arguments: "")), .text("D"),
            ])
        #expect(
            root.at("output")?.elements.compactMap { $0.text("type") } == [
                "reasoning", "message", "function_call", "message",
            ])
        #expect(
            root.at("output.1.content")?.elements.compactMap { $0.text("type") } == [
                "output_text", "output_text", "refusal",
            ])
        #expect(root.text("output.2.arguments") == "{}" && root.text("output.3.id") == "msg_9_3")
        #expect(root.text("status") == "completed" && root.text("service_tier") == "flex")
        #expect(
            root.at("usage")?.fragment.text
                == #"{"input_tokens":3,"input_tokens_details":{"cached_tokens":1,"cache_write_tokens":2},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":7}"#
        )
        #expect(root.at("created_at")?.int == 5)
    }

    @Test func aCutAnswerIsIncomplete() throws {
        let root = try Self.write([.text("A")], .length)
        #expect(root.text("status") == "incomplete" && root.text("incomplete_details.reason") == "max_output_tokens")
        #expect(root.text("output.0.status") == "incomplete")
    }

    @Test func nothingSaidIsAnEmptyMessage() throws {
        #expect(try Self.write([]).text("output.0.content.0.text")?.isEmpty == true)
        #expect(try Self.write([], .length).at("output")?.elements.first { _ in true } == nil)
    }

    @Test(
        "ids look like OpenAI's",
        arguments: [
            ("resp_12", "resp_12", "msg_12_0"), ("chatcmpl-a.b", "resp_chatcmplab", "msg_chatcmplab_0"),
            ("", "resp_0", "msg_0_0"),
            ("resp_", "resp_0", "msg_0_0"),
            (
                String(repeating: "x", count: 500), "resp_" + String(repeating: "x", count: 40),
                "msg_" + String(repeating: "x", count: 40) + "_0"
            ),
        ]) func ids(_ id: String, _ response: String, _ message: String) throws
    {
        let root = try Self.write([.text("A")], id: id)
        #expect(root.text("id") == response && root.text("output.0.id") == message)
    }

    @Test(
        "an error has a type of Open Responses",
        arguments: [
            (APIProblem(.invalidRequest, "m", field: "f", code: "c"), "invalid_request"),
            (APIProblem(.notFound, "m"), "not_found"),
            (APIProblem(.limited, "m"), "too_many_requests"), (APIProblem(.unavailable, "m"), "server_error"),
            (APIProblem(.badUpstream, "m"), "model_error"), (APIProblem(.unauthenticated, "m"), "invalid_request"),
        ]) func problems(_ problem: APIProblem, _ type: String) throws
    {
        let root = try JSONDocument(CallerFixture.dialect.encodeProblem(problem, requestID: "req_1")).root
        #expect(root.text("error.type") == type && root.text("error.message") == "m")
        #expect(root.at("error.param") != nil && root.at("error.code") != nil)
    }

    @Test func aProvidersErrorKeepsItsMeaning() throws {
        let error = ProviderError(status: 400, type: "invalid_request_error", message: "prompt is too long: 9 > 8")
        let root = try JSONDocument(CallerFixture.dialect.encodeProviderError(error, requestID: "req_1")).root
        #expect(root.text("error.code") == "context_length_exceeded" && root.text("error.type") == "invalid_request")
        #expect(CallerFixture.dialect.status(for: ProviderError(status: 529, message: "")) == 503)
    }

    @Test(
        "a stream that nobody goes on with has failed",
        arguments: [
            (APIProblem(.limited, "Slow.", retryAfter: 3), "rate_limit_exceeded", "Slow. Please try again in 3s."),
            (APIProblem(.unavailable, "Gone."), "server_error", "Gone."),
            (APIProblem(.gone, "Gone."), "invalid_prompt", "Gone."),
            (APIProblem(.badUpstream, "Long.", code: "context_length_exceeded"), "context_length_exceeded", "Long."),
        ]) func failed(_ problem: APIProblem, _ code: String, _ message: String) throws
    {
        let events = try CallerFixture.events(CallerFixture.dialect.encodeStreamProblem(problem, requestID: "req_0007"))
        #expect(events.map(\.name) == ["response.failed", "done"])
        let response = try #require(events[0].data["response"])
        #expect(response.text("id") == "resp_0007" && response.text("status") == "failed")
        #expect(response.text("error.code") == code && response.text("error.message") == message)
        #expect((events[0].data["sequence_number"]?.int ?? 0) > 1 << 30)
    }
}
