import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite struct ReplyReaderTests {
    @Test func aWholeAnswerIsReadInItsOrder() throws {
        let reply = try responses.decodeReply(Recorded.bytes("tools.response.json"))
        #expect(reply.id == "resp_up1" && reply.model == "gpt-upstream-2026" && reply.created == 1_767_225_600)
        #expect(reply.usage == Usage(input: 1210, output: 33, cacheRead: 1152, cacheWrite: 0, reasoning: 7))
        #expect(
            reply.choices == [
                ChatReply.Choice(
                    content: [
                        .thinking(text: "First.\n\nThen.", signature: nil),
                        .toolCall(ToolCall(id: "call_A1", name: "get_weather", arguments: #"{"city":"Köln"}"#)),
                        .text("One moment."),
                    ], finish: .toolCalls)
            ])
    }

    @Test(arguments: [
        (
            #"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}"#,
            FinishReason.length
        ),
        (#"{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}"#, .contentFilter),
        (#"{"status":"incomplete","incomplete_details":{"reason":"steered"},"output":[]}"#, .other("steered")),
        (#"{"status":"completed","output":[]}"#, .endTurn), (#"{"output":[]}"#, .endTurn),
        (
            #"{"status":"completed","output":[{"type":"custom_tool_call","call_id":"c","name":"p","input":"a\"b"}]}"#,
            .toolCalls
        ),
    ]) func theEndIsTheOneThatItSays(_ body: String, _ finish: FinishReason) throws {
        #expect(try responses.decodeReply(ByteBuffer(string: body)).choices[0].finish == finish)
    }

    @Test func aCustomToolsInputBecomesArguments() throws {
        let body = #"{"output":[{"type":"custom_tool_call","call_id":"c","name":"p","input":"a\"b\n"}]}"#
        let reply = try responses.decodeReply(ByteBuffer(string: body))
        #expect(
            reply.choices[0].content == [.toolCall(ToolCall(id: "c", name: "p", arguments: #"{"input":"a\"b\n"}"#))])
    }

    @Test(arguments: [
        "", "nonsense", "[]", "{}", #"{"output":7}"#, #"{"status":"failed","output":[]}"#,
        #"{"status":"in_progress","output":[]}"#, #"{"error":{"message":"x"},"output":[]}"#,
        #"{"output":[{"type":"function_call","call_id":"c"}]}"#,
    ]) func whatIsNoAnswerIsNoAnswer(_ body: String) {
        #expect(throws: UnreadableReply.self) { try responses.decodeReply(ByteBuffer(string: body)) }
    }

    @Test(arguments: [
        (500, #"{"error":{"message":"Oh","type":"server_error","code":null,"param":"x"}}"#, "Oh", String?.none),
        (
            400, #"{"error":{"message":"Oh","type":"invalid_request_error","code":"invalid_prompt"}}"#, "Oh",
            "invalid_prompt"
        ),
        (
            200, #"{"object":"response","status":"failed","error":{"code":"server_error","message":"Oh"}}"#, "Oh",
            "server_error"
        ),
        (502, "<html>", "The provider answered 502 with a page that is not JSON.", nil),
        (503, "", "The provider answered 503 and gave no reason.", nil),
    ]) func errorsAreReadInAllTheirForms(_ status: Int, _ body: String, _ message: String, _ code: String?) {
        let error = responses.decodeError(status: status, body: ByteBuffer(string: body))
        #expect(error.message == message && error.code == code)
    }
}
