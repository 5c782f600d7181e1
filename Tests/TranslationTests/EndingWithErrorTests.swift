import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import NIOCore
import Testing

/// An error inside of an answer of status 200, as servers that imitate an API
/// write it: nobody's finished answer.
@Suite struct EndingWithErrorTests {
    @Test(
        "an answer that ends with an error is none, in any API",
        arguments: [
            (0, #"{"choices":[{"message":{"content":"Hi"},"finish_reason":"REASON"}]}"#, "stop"),
            (1, #"{"content":[{"type":"text","text":"Hi"}],"stop_reason":"REASON"}"#, "end_turn"),
            (
                2, #"{"output":{"message":{"role":"assistant","content":[{"text":"Hi"}]}},"stopReason":"REASON"}"#,
                "end_turn"
            ),
            (
                3,
                #"{"id":"r","object":"response","status":"incomplete","incomplete_details":{"reason":"REASON"},"output":[]}"#,
                "max_output_tokens"
            ),
        ])
    func whole(_ dialect: Int, _ answer: String, _ other: String) throws {
        let dialects: [any ProviderProtocol] = [
            OpenAIDialect(now: { 0 }), AnthropicDialect(), ConverseDialect(), ResponsesDialect(now: { 0 }),
        ]
        let read = { (reason: String) in
            try dialects[dialect].decodeReply(ByteBuffer(string: answer.replacing("REASON", with: reason)))
        }
        #expect(throws: UnreadableReply.self) { try read("error") }
        _ = try read(other)
    }
}
