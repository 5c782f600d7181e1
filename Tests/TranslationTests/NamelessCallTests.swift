import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import NIOCore
import Testing
import Wire

/// A tool call that names no tool: nothing that a caller could carry out, and
/// nothing that another API can say.
@Suite struct NamelessCallTests {
    private static let dialects: [any ProviderProtocol] = [
        OpenAIDialect(now: { 0 }), AnthropicDialect(), ConverseDialect(), ResponsesDialect(now: { 0 }),
    ]

    @Test(
        "an answer whose call has an empty name can't be read, in any API",
        arguments: [
            (
                0,
                #"{"choices":[{"message":{"tool_calls":[{"id":"c","type":"function","function":{"name":"NAME","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#
            ),
            (1, #"{"content":[{"type":"tool_use","id":"c","name":"NAME","input":{}}],"stop_reason":"tool_use"}"#),
            (
                2,
                #"{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"c","name":"NAME","input":{}}}]}},"stopReason":"tool_use"}"#
            ),
            (
                3,
                #"{"id":"r","object":"response","status":"completed","output":[{"type":"function_call","id":"f","call_id":"c","name":"NAME","arguments":"{}"}]}"#
            ),
        ])
    func whole(_ dialect: Int, _ answer: String) throws {
        let read = { (name: String) in
            try Self.dialects[dialect].decodeReply(ByteBuffer(string: answer.replacing("NAME", with: name)))
        }
        _ = try read("get_weather")
        #expect(throws: UnreadableReply.self) { try read("") }
    }

    @Test(
        "nor can such a stream",
        arguments: [
            (
                0,
                """
                data: {"id":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"NAME","arguments":"{}"}}]}}]}


                """
            ),
            (
                1,
                """
                event: message_start
                data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"m","usage":{"input_tokens":1,"output_tokens":1}}}

                event: content_block_start
                data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c","name":"NAME","input":{}}}


                """
            ),
            (
                2,
                """
                event: messageStart
                data: {"role":"assistant"}

                event: contentBlockStart
                data: {"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"c","name":"NAME"}}}


                """
            ),
            (
                3,
                """
                event: response.output_item.added
                data: {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"f","call_id":"c","name":"NAME","arguments":""}}


                """
            ),
        ])
    func stream(_ dialect: Int, _ text: String) throws {
        let dialect = Self.dialects[dialect]
        let read = { (name: String) -> [StreamEvent] in
            let text = text.replacing("NAME", with: name)
            var parser = FrameParser(dialect.framing)
            parser.feed(dialect.framing == .serverSentEvents ? ByteBuffer(string: text) : try EventText.bytes(of: text))
            var decoder = dialect.makeStreamDecoder()
            var events: [StreamEvent] = []
            while let frame = try parser.next() { try decoder.decode(frame, into: &events) }
            return events
        }
        let isCall = { (event: StreamEvent) in if case .toolCallStarted(_, _, _, "f") = event { true } else { false } }
        #expect(try read("f").contains(where: isCall))
        #expect(throws: UnreadableReply.self) { try read("") }
    }
}
