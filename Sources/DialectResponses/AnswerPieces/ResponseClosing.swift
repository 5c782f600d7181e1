import Conversation
import NIOCore
import Wire

/// The end of a stream as a refusal: what is open at the caller is closed, and a
/// message says why nothing follows.
///
/// The answer is incomplete, for a filter. Codex asks for such an answer up to five
/// times again, and passes a message over that has a refusal: for it the answer is
/// completed, and the same words stand in a second message as text, unless JSON was
/// asked for.
///
/// A call that isn't whole is left open, and stands in no list of the answer's
/// items: clients run a call when it is done.
struct ResponseClosing {
    /// A message or a reasoning that has begun at the caller.
    private struct Open {
        var id: String
        var kind: OutputItem.Kind
        /// The parts that are whole.
        var parts: [JSONFragment] = []
        var part: SpokenItem.Begun?
        var text = GrowingText()
    }

    private var lines = EventLines()
    /// The answer as it was told at its beginning.
    private var response: JSONView?
    private var done: [Int: JSONFragment] = [:]
    private var open: [Int: Open] = [:]
    private var nextIndex = 0
    private let isForCodex: Bool

    /// - Parameter isForCodex: True where the caller is Codex.
    init(isForCodex: Bool) { self.isForCodex = isForCodex }

    /// Takes note of an event that has gone out.
    mutating func note(_ root: JSONView, _ type: String) {
        lines = EventLines(from: max(lines.next, (root["sequence_number"]?.int ?? -1) &+ 1))
        let index = root["output_index"]?.int ?? -1
        switch type {
        case "response.created", "response.in_progress", "response.queued": response = root["response"] ?? response
        case "response.output_item.added": begin(root, at: index)
        case "response.output_item.done":
            guard let item = root["item"], index >= 0 else { return }
            nextIndex = max(nextIndex, index + 1)
            open[index] = nil
            done[index] = item.fragment
        case "response.content_part.added":
            beginPart(root["part"].map(OutputPart.init) ?? .text, "content_index", root)
        case "response.reasoning_summary_part.added": beginPart(.summary, "summary_index", root)
        case "response.content_part.done", "response.reasoning_summary_part.done":
            guard let part = root["part"] else { return }
            open[index]?.parts.append(part.fragment)
            open[index]?.part = nil
        case "response.output_text.delta", "response.refusal.delta", "response.reasoning_summary_text.delta",
            "response.reasoning_text.delta":
            open[index]?.text.append(root["delta"]?.string ?? "")
        case "response.output_text.done", "response.refusal.done", "response.reasoning_summary_text.done",
            "response.reasoning_text.done":
            open[index]?.part?.isSaid = true
        default: break
        }
    }

    private mutating func begin(_ root: JSONView, at index: Int) {
        guard let item = root["item"], (0..<(1 << 20)).contains(index) else { return }
        nextIndex = max(nextIndex, index + 1)
        let kind: OutputItem.Kind? =
            switch ItemKind(item) {
            case .message: .message
            case .reasoning: .reasoning
            case .functionCall, .customCall, .searchCall, .other: nil
            }
        if let kind, let id = item["id"]?.word { open[index] = Open(id: id, kind: kind) }
    }

    private mutating func beginPart(_ kind: OutputPart, _ member: StaticString, _ root: JSONView) {
        guard let index = root["output_index"]?.int, let number = root[member]?.int else { return }
        open[index]?.part = SpokenItem.Begun(kind: kind, number: number)
        open[index]?.text = GrowingText()
    }

    // MARK: The end

    func write(_ refusal: AnswerRefusal) -> ByteBuffer {
        var closing = self
        return closing.end(refusal)
    }

    private mutating func end(_ refusal: AnswerRefusal) -> ByteBuffer {
        var bytes = ByteBuffer()
        let answer = ResponseObject(repeating: response)
        if response == nil { Self.begin(answer, &lines, to: &bytes) }
        var items = done.mapValues(\.bytes)
        /// The last message goes on with the refusal.
        let last = open.filter { $0.value.kind == .message }.keys.max()
        for (index, item) in open.sorted(by: { $0.key < $1.key }) {
            var begun = item.part
            begun?.text = item.text.text
            var spoken = SpokenItem(item.kind, id: item.id, at: index, parts: item.parts, begun: begun)
            if index == last { spoken.say(refusal.message, as: .refusal, &lines, to: &bytes) }
            items[index] = spoken.end(index == last ? status : "completed", &lines, to: &bytes)
        }
        if last == nil { say(refusal, as: .refusal, in: answer, &items, to: &bytes) }
        if isForCodex, response.map(Self.asksForJSON) != true {
            say(refusal, as: .text, in: answer, &items, to: &bytes)
        }
        let output = items.sorted { $0.key < $1.key }.map(\.value)
        let end: ResponseObject.Status = isForCodex ? .completed : .incomplete(reason: "content_filter")
        lines.write(isForCodex ? "response.completed" : "response.incomplete", to: &bytes) { json in
            json.key("response")
            answer.write(end, output: output, usage: nil, now: answer.created, to: &json)
        }
        bytes.writeStaticString("data: [DONE]\n\n")
        return bytes
    }

    /// Says the refusal in a message of its own.
    private mutating func say(
        _ refusal: AnswerRefusal, as part: OutputPart, in answer: ResponseObject, _ items: inout [Int: ByteBuffer],
        to bytes: inout ByteBuffer
    ) {
        let place = nextIndex
        nextIndex += 1
        var spoken = SpokenItem(.message, id: ResponseIDs(answer.id).item(.message, at: place), at: place)
        spoken.begin(&lines, to: &bytes)
        spoken.say(refusal.message, as: part, &lines, to: &bytes)
        items[place] = spoken.end(status, &lines, to: &bytes)
    }

    /// The status of the message that tells the refusal.
    private var status: String { isForCodex ? "completed" : "incomplete" }

    private static func begin(_ answer: ResponseObject, _ lines: inout EventLines, to bytes: inout ByteBuffer) {
        lines.write("response.created", to: &bytes) { json in
            json.key("response")
            answer.write(.inProgress, output: [], usage: nil, now: 0, to: &json)
        }
    }

    /// A whole answer in place of one that was blocked, at the same cost.
    static func reply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONView?, now: Int) -> ByteBuffer {
        // What it repeats of the request may be what was blocked.
        var answer = ResponseObject(repeating: nil)
        func name(_ member: StaticString) -> String? {
            withheld?[member]?.string.flatMap { AnswerForm.isName($0) ? $0 : nil }
        }
        let ids = ResponseIDs(name("id") ?? "")
        answer.id = ids.response
        answer.model = name("model") ?? ""
        answer.created = withheld?["created_at"]?.int ?? now
        let message = OutputItem.message(
            ids.item(.message, at: 0), "incomplete", [OutputPart.refusal.encoded(refusal.message)])
        let usage = withheld?["usage"].flatMap { try? Usage(responses: $0) }
        let status = ResponseObject.Status.incomplete(reason: "content_filter")
        return OutputItem.encoded { answer.write(status, output: [message], usage: usage, now: now, to: &$0) }
    }

    /// Returns whether an answer had to be JSON, as it repeats it itself.
    static func asksForJSON(_ response: JSONView) -> Bool {
        guard let type = response["text"]?["format"]?["type"] else { return false }
        return !type.isNull && !type.isString("text")
    }
}

extension ResponseObject {
    /// An answer that has begun at the caller, or, where nothing has, one of
    /// which nothing is known.
    init(repeating begun: JSONView?) {
        var echoed: [EchoedMember] = []
        if let begun {
            for (name, value) in begun.members {
                guard let name = name.word, EchoedRequest.names.contains(name) else { continue }
                echoed.append(EchoedMember(name, value.fragment))
            }
        }
        self.init(
            id: begun?["id"]?.string ?? ResponseIDs("").response, model: begun?["model"]?.string ?? "",
            created: begun?["created_at"]?.int ?? 0, echoed: echoed)
        ended = "blocked"
    }
}
