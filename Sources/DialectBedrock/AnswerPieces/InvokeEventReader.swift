import Conversation
import NIOCore
import Wire

/// The reading of an InvokeModel stream for a supervisor: the events of the
/// model's own API, out of their messages.
struct InvokeEventReader: AnswerReader {
    private var events: any AnswerReader

    init(_ events: any AnswerReader) { self.events = events }

    var isFinishing: Bool { events.isFinishing }

    var keepAlive: ByteBuffer { Self.messages(events.keepAlive) }

    func refuse(_ refusal: AnswerRefusal) -> ByteBuffer { Self.messages(events.refuse(refusal)) }

    private static func messages(_ events: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBuffer()
        InvokeChunks.write(events: events, to: &bytes)
        return bytes
    }

    mutating func read(_ frame: Frame, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        let root: JSONView
        do throws(JSONProblem) {
            root = try JSONDocument(frame.data).root
        } catch {
            throw UnreadableReply("a message of the stream is not JSON: \(error)")
        }
        guard root.kind == .object else { throw UnreadableReply("a message of the stream is not a JSON object") }
        guard frame.name == "chunk", !frame.isException else {
            // Judged as the error that it becomes, and all of it.
            return try events.read(Frame(name: frame.name, data: Self.error(root)), into: &pieces)
        }
        for (name, value) in root.members where !value.isNull {
            if name.isString("bytes") || name.isString("p") && Padding.isPadding(value) { continue }
            throw UnreadableReply("a message of the stream has more than its bytes")
        }
        guard let event = InvokeChunks.event(in: root) else {
            throw UnreadableReply("a message of the stream has no bytes in base 64")
        }
        let type = (try? JSONDocument(event))?.root["type"]?.word ?? ""
        try events.read(Frame(name: type, data: event), into: &pieces)
    }

    private static func error(_ root: JSONView) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "error")
            json.member("error", root.fragment)
        }
        return json.buffer
    }
}
