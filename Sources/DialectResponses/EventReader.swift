import Conversation
import DialectOpenAI
import NIOCore
import Wire

/// Turns the events of a streamed response into shared ones.
///
/// An event is known by its `type`. Events of unknown types are passed over;
/// items of unknown types are what a provider's own tools did.
///
/// https://platform.openai.com/docs/api-reference/responses-streaming
struct EventReader: StreamDecoder {
    private var hasStarted = false
    private var hasEnded = false
    private var items = StreamedItems()
    /// Of the deltas of the text that is being said.
    private var deltas = DeltaPattern()

    var place: StreamPlace? { items.place }

    mutating func decode(_ frame: Frame, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard !hasEnded, frame.data.readableBytes > 0, !frame.isDone else { return }
        if let (text, sequence) = deltas.read(frame.data) {
            items.note(sequence: sequence)
            items.hasSpoken = true
            if !text.isEmpty { events.append(.text(choice: 0, text)) }
            return
        }
        let root: JSONView
        do {
            root = try JSONDocument(frame.data).root
        } catch {
            throw UnreadableReply("an event of the stream is not JSON, at byte \(error.offset)")
        }
        if root.isNull { return events.append(.ping) }
        guard root.kind == .object else { throw UnreadableReply("an event of the stream is not a JSON object") }
        let type = root["type"]?.word ?? frame.name
        if let error = ProviderError(event: root, name: type) {
            hasEnded = true
            return events.append(.failed(error))
        }
        items.note(sequence: root["sequence_number"]?.int)
        if type == "response.output_text.delta" {
            try said(root, into: &events)
            return
        }
        deltas.forget()
        try decode(root, type, into: &events)
    }

    private mutating func decode(
        _ root: JSONView, _ type: String, into events: inout [StreamEvent]
    ) throws(UnreadableReply) {
        switch type {
        case "response.created", "response.queued", "response.in_progress": start(root["response"], into: &events)
        case "response.output_item.added":
            start(nil, into: &events)
            try items.add(root, into: &events)
        case "response.output_item.done":
            start(nil, into: &events)
            try items.end(root, into: &events)
        case "response.content_part.added", "response.reasoning_summary_part.added":
            items.beginPart(root, into: &events)
        case "response.content_part.done", "response.reasoning_summary_part.done": items.endPart(root)
        case "response.output_text.done": items.complete(root, "text", into: &events) { .text(choice: 0, $0) }
        case "response.refusal.delta":
            if let words = try delta(root) { items.say(root, .refusal(choice: 0, words), into: &events) }
        case "response.refusal.done": items.complete(root, "refusal", into: &events) { .refusal(choice: 0, $0) }
        case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
            if let words = try delta(root) { items.think(root, words, type, into: &events) }
        case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
            if let words = try delta(root) { try items.argue(root, words, into: &events) }
        case "response.reasoning_summary_text.done", "response.reasoning_text.done",
            "response.function_call_arguments.done", "response.custom_tool_call_input.done":
            items.complete(root)
            events.append(.ping)
        case "response.completed", "response.incomplete": try end(root, type, into: &events)
        default: events.append(.ping)
        }
    }

    private mutating func start(_ response: JSONView?, into events: inout [StreamEvent]) {
        guard !hasStarted else { return }
        hasStarted = true
        events.append(
            .started(
                id: response?["id"]?.string ?? "", model: response?["model"]?.string ?? "",
                created: response?["created_at"]?.double.flatMap { Int(exactly: $0.rounded(.down)) }))
    }

    private mutating func said(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        start(nil, into: &events)
        guard let words = try delta(root) else { return }
        if let tokens = root["logprobs"], !tokens.saysNothing {
            events.append(.logprobs(choice: 0, try TokenLogprob.readTokens(tokens)))
        }
        items.say(root, .text(choice: 0, words), into: &events)
        deltas.learn(from: root)
    }

    /// - Returns: nil where nothing is said.
    private func delta(_ root: JSONView) throws(UnreadableReply) -> String? {
        guard let words = root["delta"]?.string else { throw UnreadableReply("a delta of the stream is no text") }
        return words.isEmpty ? nil : words
    }

    private mutating func end(
        _ root: JSONView, _ type: String, into events: inout [StreamEvent]
    ) throws(UnreadableReply) {
        guard let response = root["response"], response.kind == .object else {
            throw UnreadableReply("the stream's last event has no `response`")
        }
        start(response, into: &events)
        // Some servers say all of it at once.
        if !items.hasAny { try sayWhole(response, into: &events) }
        if let usage = response["usage"], let usage = try? Usage(responses: usage) { events.append(.usage(usage)) }
        let reason =
            type == "response.incomplete" || response["status"]?.isString("incomplete") == true
            ? ReplyReader.incomplete(response) : ReplyReader.ended(callsTools: items.calls > 0)
        guard !reason.saysError else { throw .endedWithError }
        events.append(.finished(choice: 0, reason, stopSequence: nil))
        events.append(.ended)
        hasEnded = true
    }

    private mutating func sayWhole(_ response: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard response["output"]?.kind == .array else { return }
        for part in try ReplyReader.read(response: response).choices[0].content {
            switch part {
            case .text(let text): events.append(.text(choice: 0, text))
            case .refusal(let words): events.append(.refusal(choice: 0, words))
            case .thinking(let text, _): events.append(.thinking(choice: 0, text))
            case .toolCall(let call): items.tell(call, into: &events)
            case .image, .toolResult, .redactedThinking: continue
            }
            events.append(.partEnded(choice: 0))
        }
    }
}

extension Frame {
    /// `[DONE]`, with which some servers end a stream behind its last event.
    var isDone: Bool {
        guard data.readableBytes <= 16 else { return false }
        return data.readableBytesView.filter { $0 > 0x20 }.elementsEqual("[DONE]".utf8)
    }
}
