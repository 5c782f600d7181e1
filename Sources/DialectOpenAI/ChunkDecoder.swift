package import Conversation
import NIOCore
package import Wire

/// Turns `chat.completion.chunk` events into shared ones.
///
/// Where one chunk says several things, they come in the order thinking,
/// log-probabilities, text, refusal, tool calls, finish: log-probabilities
/// stand before the text whose tokens they are.
///
/// https://platform.openai.com/docs/api-reference/chat/streaming
package struct ChunkDecoder: StreamDecoder {
    private var hasStarted = false
    private var hasEnded = false
    private var choices: [ChoiceProgress] = []
    /// Of the chunks that say nothing but the next words.
    private var words = WordsTemplate()

    package init() {}

    package mutating func decode(
        _ event: Frame, into events: inout [StreamEvent]
    ) throws(UnreadableReply) {
        guard !hasEnded else { return }
        // Some servers keep a stream alive with empty data.
        guard event.data.readableBytes > 0 else { return events.append(.ping) }
        if event.isDone {
            hasEnded = true
            tellCalls(into: &events)
            return events.append(.ended)
        }
        if let (choice, text) = words.read(event) {
            if !text.isEmpty { events.append(.text(choice: choice, text)) }
            return
        }
        let root = try ReplyReader.document(event.data, "an event of the stream").root
        // A heartbeat of some servers.
        if root.isNull { return events.append(.ping) }
        guard root.kind == .object else { throw UnreadableReply("an event of the stream is not a JSON object") }
        if let error = ProviderError(event: root, name: event.name) {
            hasEnded = true
            return events.append(.failed(error))
        }
        let before = events.count
        let isFirst = !hasStarted
        try decode(chunk: root, into: &events)
        if !isFirst, events.count == before + 1, case .text(let choice, _) = events[before] {
            words.learn(from: root, of: event, choice: choice)
        }
    }

    private mutating func decode(chunk: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        var id = ""
        var model = ""
        var created: Int?
        var choices: JSONView?
        var usage: JSONView?
        for (name, value) in chunk.members where !value.isNull {
            switch name.string ?? "" {
            case "id": id = value.string ?? ""
            case "model": model = value.string ?? ""
            case "created": created = value.int
            case "choices":
                guard value.kind == .array else { throw UnreadableReply("`choices` of a chunk is not an array") }
                choices = value
            case "usage": usage = value
            default: break
            }
        }
        // A heartbeat, or a server's own status.
        guard choices != nil || usage != nil else { return events.append(.ping) }
        if !hasStarted {
            // Azure's first chunk is about its filters: no id, no choice.
            if id.isEmpty, usage == nil, choices.map({ $0.elements.isEmpty }) ?? true { return }
            hasStarted = true
            events.append(.started(id: id, model: model, created: created))
        }
        if let choices {
            for choice in choices.elements where !choice.isNull { try decode(choice: choice, into: &events) }
        }
        // What can't be counted is estimated; the answer is one all the same.
        if let usage, let usage = try? Usage(reading: usage) { events.append(.usage(usage)) }
    }

    private mutating func decode(choice: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard choice.kind == .object else { throw UnreadableReply("a choice is not an object") }
        var number = 0
        var delta: JSONView?
        var finish: String?
        var stopSequence: String?
        var logprobs: [TokenLogprob]?
        for (name, value) in choice.members where !value.isNull {
            switch name.string ?? "" {
            case "index":
                guard let int = value.int, (0..<128).contains(int) else {
                    throw UnreadableReply("`index` of a choice is out of bounds")
                }
                number = int
            case "delta": delta = value
            case "finish_reason": finish = value.string
            case "stop_reason": stopSequence = value.string
            case "logprobs": logprobs = try TokenLogprob.read(value)
            // Moonshot's place for it.
            case "usage": if let usage = try? Usage(reading: value) { events.append(.usage(usage)) }
            default: break
            }
        }
        let place = place(of: number)
        if let delta {
            guard delta.kind == .object else { throw UnreadableReply("a `delta` is not an object") }
            try decode(delta: delta, logprobs: logprobs, of: place, into: &events)
        } else if let logprobs {
            events.append(.logprobs(choice: number, logprobs))
        }
        if finish == "error" {
            hasEnded = true
            return events.append(.failed(ProviderError(choice: choice)))
        }
        if let finish, !finish.isEmpty, !choices[place].hasFinished {
            choices[place].hasFinished = true
            choices[place].calls.tell(choice: number, into: &events)
            let reason = FinishReason.named(
                finish, callsTools: choices[place].calls.hasStartedAny, stopSequence: stopSequence)
            events.append(
                .finished(choice: number, reason, stopSequence: reason == .stopSequence ? stopSequence : nil))
        }
    }

    private mutating func decode(
        delta: JSONView, logprobs: [TokenLogprob]?, of place: Int, into events: inout [StreamEvent]
    ) throws(UnreadableReply) {
        let number = choices[place].number
        if let thinking = try Spoken.thinking(in: delta) { events.append(.thinking(choice: number, thinking)) }
        if let logprobs, !logprobs.isEmpty { events.append(.logprobs(choice: number, logprobs)) }
        for (name, value) in delta.members where !value.isNull {
            switch name.string ?? "" {
            case "content":
                for spoken in try Spoken.read(value) {
                    switch spoken {
                    case .text(let text): events.append(.text(choice: number, text))
                    case .thinking(let text): events.append(.thinking(choice: number, text))
                    }
                }
            case "refusal":
                guard let text = value.string else { throw UnreadableReply("`refusal` is not text") }
                if !text.isEmpty { events.append(.refusal(choice: number, text)) }
            case "tool_calls":
                guard value.kind == .array else { throw UnreadableReply("`tool_calls` is not an array") }
                for call in value.elements { try choices[place].calls.decode(call, choice: number, into: &events) }
            case "function_call":
                throw UnreadableReply("a delta has a `function_call`, which nobody asked for")
            default: break
            }
        }
    }

    /// Tells the calls that have a name and no arguments yet.
    private mutating func tellCalls(into events: inout [StreamEvent]) {
        for place in choices.indices { choices[place].calls.tell(choice: choices[place].number, into: &events) }
    }

    private mutating func place(of number: Int) -> Int {
        if let place = choices.firstIndex(where: { $0.number == number }) { return place }
        choices.append(ChoiceProgress(number: number))
        return choices.count - 1
    }
}

private struct ChoiceProgress {
    var number: Int
    var hasFinished = false
    var calls = ToolCallTracker()
}

extension Frame {
    /// `[DONE]`, with whatever space around it.
    var isDone: Bool {
        data.withUnsafeReadableBytes { raw in
            guard raw.count >= 6, raw.count <= 16 else { return false }
            var bytes = raw[...]
            while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
            while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
            return bytes.elementsEqual("[DONE]".utf8)
        }
    }
}

extension JSONView.Elements {
    var isEmpty: Bool {
        var copy = self
        return copy.next() == nil
    }
}
