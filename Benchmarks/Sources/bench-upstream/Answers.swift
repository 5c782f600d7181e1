internal import BenchWire
internal import NIOCore

/// The bytes that the mock provider answers with, made once at start.
///
/// The shapes and sizes are those of the real providers: a plain answer of
/// about 600 bytes with usage, stream events of about 200. Every content event
/// carries its number as `#N;` in the text, so that a reader can prove that
/// each arrived, in order.
struct Answers: Sendable {
    /// A whole plain answer, head and body.
    let plain: ByteBuffer
    /// The head of a streamed answer and the events that come before the text.
    let streamOpening: ByteBuffer
    /// The bytes before the number in a content event; `contentSuffix` has the bytes after it.
    private let contentPrefix: String
    private let contentSuffix: String
    private let closing: ByteBuffer
    private let closingWithUsage: ByteBuffer

    init(_ dialect: Dialect, events: Int) {
        let streamHead =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
            + "x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n"
        switch dialect {
        case .openai:
            self.plain = Self.response(Self.openAIAnswer)
            self.streamOpening = ByteBuffer(
                string: streamHead
                    + Self.chunk(Self.openAIEvent(delta: #"{"role":"assistant","content":"","refusal":null}"#))
            )
            let parts = Self.openAIEvent(delta: #"{"content":" word #@;"}"#).split(separator: "@")
            self.contentPrefix = String(parts[0])
            self.contentSuffix = String(parts[1])
            let finish = Self.openAIEvent(delta: "{}", finish: #""stop""#)
            let usage =
                Self.openAIHead + #","choices":[],"usage":{"prompt_tokens":256,"completion_tokens":\#(events),"#
                + #""total_tokens":\#(256 + events),"prompt_tokens_details":{"cached_tokens":0}}}"# + "\n\n"
            let done = "data: [DONE]\n\n"
            self.closing = ByteBuffer(string: Self.chunk(finish) + Self.chunk(done) + "0\r\n\r\n")
            self.closingWithUsage = ByteBuffer(
                string: Self.chunk(finish) + Self.chunk(usage) + Self.chunk(done) + "0\r\n\r\n"
            )
        case .anthropic:
            self.plain = Self.response(Self.anthropicAnswer)
            self.streamOpening = ByteBuffer(
                string: streamHead
                    + Self.chunk(
                        Self.anthropicEvent(
                            "message_start",
                            #""message":{"id":"msg_bench","type":"message","role":"assistant","model":"mock-1","#
                                + #""content":[],"stop_reason":null,"stop_sequence":null,"#
                                + #""usage":{"input_tokens":256,"output_tokens":1}}"#
                        )
                    )
                    + Self.chunk(
                        Self.anthropicEvent(
                            "content_block_start",
                            #""index":0,"content_block":{"type":"text","text":""}"#
                        )
                    )
            )
            let parts = Self.anthropicEvent(
                "content_block_delta",
                #""index":0,"delta":{"type":"text_delta","text":" word #@;"}"#
            ).split(separator: "@")
            self.contentPrefix = String(parts[0])
            self.contentSuffix = String(parts[1])
            let delta =
                #""delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":\#(events)}"#
            self.closing = ByteBuffer(
                string: Self.chunk(Self.anthropicEvent("content_block_stop", #""index":0"#))
                    + Self.chunk(Self.anthropicEvent("message_delta", delta))
                    + Self.chunk("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n") + "0\r\n\r\n"
            )
            self.closingWithUsage = self.closing
        }
    }

    /// The content event with this number, as one HTTP chunk.
    func content(_ number: Int, allocator: ByteBufferAllocator) -> ByteBuffer {
        let digits = String(number)
        let size = self.contentPrefix.utf8.count + digits.utf8.count + self.contentSuffix.utf8.count
        var buffer = allocator.buffer(capacity: size + 8)
        buffer.writeString(String(size, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeString(self.contentPrefix)
        buffer.writeString(digits)
        buffer.writeString(self.contentSuffix)
        buffer.writeStaticString("\r\n")
        return buffer
    }

    /// The events after the text, and the end of the body.
    func streamClosing(withUsage: Bool) -> ByteBuffer {
        withUsage ? self.closingWithUsage : self.closing
    }

    /// A plain answer with this body.
    static func response(_ body: String, status: String = "200 OK") -> ByteBuffer {
        ByteBuffer(
            string: "HTTP/1.1 \(status)\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\n"
                + "content-length: \(body.utf8.count)\r\n\r\n\(body)"
        )
    }

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    private static let openAIHead =
        #"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1750000000,"model":"mock-1","#
        + #""service_tier":"default","system_fingerprint":"fp_bench""#

    private static func openAIEvent(delta: String, finish: String = "null") -> String {
        self.openAIHead
            + #","choices":[{"index":0,"delta":\#(delta),"logprobs":null,"finish_reason":\#(finish)}]}"# + "\n\n"
    }

    private static func anthropicEvent(_ name: String, _ members: String) -> String {
        "event: \(name)\ndata: {\"type\":\"\(name)\",\(members)}\n\n"
    }

    private static let text =
        "A gateway stands between an application and the models it asks. It checks who is asking, chooses who "
        + "answers, passes the words on without changing them, and writes down what they cost."

    private static let openAIAnswer =
        #"{"id":"chatcmpl-bench","object":"chat.completion","created":1750000000,"model":"mock-1","choices":[{"#
        + #""index":0,"message":{"role":"assistant","content":"\#(text)","refusal":null},"logprobs":null,"#
        + #""finish_reason":"stop"}],"usage":{"prompt_tokens":256,"completion_tokens":40,"total_tokens":296,"#
        + #""prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},"#
        + #""service_tier":"default","system_fingerprint":"fp_bench"}"#

    private static let anthropicAnswer =
        #"{"id":"msg_bench","type":"message","role":"assistant","model":"mock-1","content":[{"type":"text","#
        + #""text":"\#(text)"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":256,"#
        + #""cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":40,"#
        + #""service_tier":"standard"}}"#
}
