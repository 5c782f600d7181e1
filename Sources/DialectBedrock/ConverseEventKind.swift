import NIOCore
import Wire

/// The kinds of events of a Converse stream, as they are written.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
enum ConverseEventKind {
    static let messageStart = EventStreamHead(event: "messageStart")
    static let blockStart = EventStreamHead(event: "contentBlockStart")
    static let blockDelta = EventStreamHead(event: "contentBlockDelta")
    static let blockStop = EventStreamHead(event: "contentBlockStop")
    static let messageStop = EventStreamHead(event: "messageStop")
    static let metadata = EventStreamHead(event: "metadata")
    /// A kind that no client knows: clients pass such events over, as the
    /// format asks of them.
    static let ping = EventStreamHead(event: "ping")

    static func write(
        _ head: EventStreamHead, to bytes: inout ByteBuffer, _ members: (inout JSONWriter) -> Void
    ) {
        EventStreamWriter.write(head, to: &bytes) { payload in
            var json = JSONWriter(payload)
            // Else the buffer is shared while it is written, and copied.
            payload = ByteBuffer()
            json.object(members)
            payload = json.buffer
        }
    }
}
