import Conversation
import Encodings
import NIOCore
import Wire

/// The messages of an InvokeModel stream: each has one event of the model's own
/// API, in base 64.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html
enum InvokeChunks {
    private static let chunk = EventStreamHead(event: "chunk")

    static func write(_ event: ByteBuffer, to bytes: inout ByteBuffer) {
        EventStreamWriter.write(chunk, to: &bytes) { payload in
            payload.writeStaticString("{\"bytes\":\"")
            payload.writeString(event.withUnsafeReadableBytes { Base64.encode($0) })
            payload.writeStaticString("\"}")
        }
    }

    /// Puts server-sent events into messages.
    /// - Parameter events: Whole ones, as this program writes them.
    static func write(events: ByteBuffer, usage: Usage? = nil, to bytes: inout ByteBuffer) {
        var parser = SSEParser()
        parser.feed(events)
        while let frame = try? parser.next() {
            write(frame.name == "message_stop" ? lastEvent(usage) : frame.data, to: &bytes)
        }
    }

    /// The last event, with what Bedrock tells of the cost.
    static func lastEvent(_ usage: Usage?) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "message_stop")
            guard let usage else { return }
            json.object("amazon-bedrock-invocationMetrics") { json in
                let cached = (usage.cacheRead ?? 0) &+ (usage.cacheWrite ?? 0)
                json.member("inputTokenCount", max(0, usage.input &- cached))
                json.member("outputTokenCount", max(0, usage.output))
                json.member("cacheReadInputTokenCount", ifPresent: usage.cacheRead)
                json.member("cacheWriteInputTokenCount", ifPresent: usage.cacheWrite)
            }
        }
        return json.buffer
    }

    /// The event in a message; nil for a message that is no `chunk`, or has none.
    static func event(in frame: Frame) -> ByteBuffer? {
        guard frame.name == "chunk", !frame.isException, let root = (try? JSONDocument(frame.data))?.root else {
            return nil
        }
        return event(in: root)
    }

    /// - Parameter root: The payload of a `chunk`.
    static func event(in root: JSONView) -> ByteBuffer? {
        guard let text = root["bytes"]?.string, let bytes = Base64.decode(text) else { return nil }
        return ByteBuffer(bytes: bytes)
    }
}

/// Writes the events of a streamed answer, as Anthropic's own door does, into
/// messages.
struct InvokeEventEncoder: StreamEncoder {
    private var messages: any StreamEncoder
    private var usage: Usage?
    private var events = ByteBuffer()

    init(_ messages: any StreamEncoder) { self.messages = messages }

    mutating func encode(_ event: StreamEvent, into bytes: inout ByteBuffer) {
        if case .usage(let usage) = event { self.usage = usage }
        messages.encode(event, into: &events)
        guard events.readableBytes > 0 else { return }
        InvokeChunks.write(events: events, usage: usage ?? Usage(input: 0, output: 0), to: &bytes)
        events.clear()
    }
}
