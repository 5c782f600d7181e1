import Conversation
import NIOCore
import Wire

/// Reads the events of a streamed answer.
///
/// Unknown events and deltas are passed over, as Anthropic's versioning
/// policy asks; so are blocks of kinds that no shared request can lead to.
///
/// https://docs.anthropic.com/en/docs/build-with-claude/streaming
struct AnthropicStreamDecoder: StreamDecoder {
    private enum Block {
        case text
        case thinking
        /// A tool call.
        /// - Parameters:
        ///   - call: The call's number in the shared terms.
        ///   - isBlank: True while no arguments have come.
        case toolUse(call: Int, isBlank: Bool)
        case ignored
    }

    private var hasStarted = false
    private var hasFinished = false
    private var blocks: [Int: Block] = [:]
    private var calls = 0
    private var usage = UsageTally()
    /// Of the deltas of the open text block: they are alike but for the words
    /// in them, and need no parse each.
    private var words: JSONTemplate?

    init() {}

    mutating func decode(_ event: Frame, into events: inout [StreamEvent]) throws(UnreadableReply) {
        if event.name == "ping" { return events.append(.ping) }
        if let words, let text = words.string(in: event.data) {
            if !text.isEmpty { events.append(.text(choice: 0, text)) }
            return
        }
        let document: JSONDocument
        do throws(JSONProblem) {
            document = try JSONDocument(event.data)
        } catch {
            throw UnreadableReply("an event of the stream is not JSON: \(error)")
        }
        let root = document.root
        guard let type = root["type"] else { throw UnreadableReply("an event of the stream has no type") }
        if type.isString("content_block_delta") {
            try delta(root, into: &events)
            return
        }
        words = nil
        if type.isString("content_block_start") {
            try blockStart(root, into: &events)
        } else if type.isString("content_block_stop") {
            try blockStop(root, into: &events)
        } else if type.isString("message_start") {
            try start(root, into: &events)
        } else if type.isString("message_delta") {
            try messageDelta(root, into: &events)
        } else if type.isString("message_stop") {
            try requireStart("message_stop")
            events.append(.ended)
        } else if type.isString("ping") {
            events.append(.ping)
        } else if type.isString("error") {
            events.append(.failed(ErrorBody.decode(event: root)))
        }
    }

    private func requireStart(_ event: String) throws(UnreadableReply) {
        guard hasStarted else { throw UnreadableReply("\(event) came before message_start") }
    }

    // MARK: The message

    private mutating func start(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard !hasStarted else { throw UnreadableReply("message_start came twice") }
        guard let message = root["message"], message.kind == .object else {
            throw UnreadableReply("message_start has no message")
        }
        hasStarted = true
        events.append(
            .started(id: message["id"]?.string ?? "", model: message["model"]?.string ?? "", created: nil))
        if let usage = message["usage"] { merge(usage, into: &events) }
    }

    private mutating func messageDelta(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        try requireStart("message_delta")
        if let delta = root["delta"], let reason = delta["stop_reason"]?.string, !hasFinished {
            let finish = StopReason.decode(reason)
            guard !finish.saysError else { throw .endedWithError }
            hasFinished = true
            events.append(.finished(choice: 0, finish, stopSequence: delta["stop_sequence"]?.string))
        }
        if let usage = root["usage"] { merge(usage, into: &events) }
    }

    private mutating func merge(_ view: JSONView, into events: inout [StreamEvent]) {
        usage.merge(view)
        if !usage.isEmpty { events.append(.usage(usage.usage)) }
    }

    // MARK: Blocks

    private mutating func blockStart(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        try requireStart("content_block_start")
        guard let index = root["index"]?.int, let block = root["content_block"], let type = block["type"] else {
            throw UnreadableReply("content_block_start lacks its index or its block")
        }
        guard blocks[index] == nil else { throw UnreadableReply("a content block began twice") }
        // The block is empty as a rule; what it holds already counts too.
        if type.isString("text") {
            blocks[index] = .text
            if let text = block["text"]?.string, !text.isEmpty { events.append(.text(choice: 0, text)) }
        } else if type.isString("tool_use") {
            guard let id = block["id"]?.string, let name = block["name"]?.string, !name.isEmpty else {
                throw UnreadableReply("a tool_use block lacks its id or name")
            }
            events.append(.toolCallStarted(choice: 0, call: calls, id: id, name: name))
            var isBlank = true
            if let input = block["input"], input.kind == .object, input.members.contains(where: { _ in true }) {
                isBlank = false
                events.append(.toolCallArguments(choice: 0, call: calls, fragment: input.fragment.text))
            }
            blocks[index] = .toolUse(call: calls, isBlank: isBlank)
            calls += 1
        } else if type.isString("thinking") {
            blocks[index] = .thinking
            if let text = block["thinking"]?.string, !text.isEmpty { events.append(.thinking(choice: 0, text)) }
            if let signature = block["signature"]?.string, !signature.isEmpty {
                events.append(.thinkingSignature(choice: 0, signature))
            }
        } else if type.isString("redacted_thinking") {
            blocks[index] = .ignored
            events.append(.redactedThinking(choice: 0, block["data"]?.string ?? ""))
        } else {
            blocks[index] = .ignored
            events.append(.foreignPart)
        }
    }

    private mutating func delta(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard let index = root["index"]?.int, let block = blocks[index], let delta = root["delta"] else {
            throw UnreadableReply("a delta belongs to no content block")
        }
        guard let type = delta["type"] else { throw UnreadableReply("a delta has no type") }
        switch block {
        case .text where type.isString("text_delta"):
            guard let said = delta["text"], let text = said.string else {
                throw UnreadableReply("a text_delta has no text")
            }
            words = JSONTemplate(varying: said)
            if !text.isEmpty { events.append(.text(choice: 0, text)) }
        case .toolUse(let call, _) where type.isString("input_json_delta"):
            guard let fragment = delta["partial_json"]?.string else {
                throw UnreadableReply("an input_json_delta has no partial_json")
            }
            if !fragment.isEmpty {
                events.append(.toolCallArguments(choice: 0, call: call, fragment: fragment))
                blocks[index] = .toolUse(call: call, isBlank: false)
            }
        case .thinking where type.isString("thinking_delta"):
            guard let text = delta["thinking"]?.string else {
                throw UnreadableReply("a thinking_delta has no thinking")
            }
            if !text.isEmpty { events.append(.thinking(choice: 0, text)) }
        case .thinking where type.isString("signature_delta"):
            guard let signature = delta["signature"]?.string else {
                throw UnreadableReply("a signature_delta has no signature")
            }
            if !signature.isEmpty { events.append(.thinkingSignature(choice: 0, signature)) }
        default: break
        }
    }

    private mutating func blockStop(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard let index = root["index"]?.int, let block = blocks[index] else {
            throw UnreadableReply("content_block_stop belongs to no content block")
        }
        // No fragments mean the empty object; other dialects' callers parse
        // the fragments that they have joined.
        if case .toolUse(let call, true) = block {
            events.append(.toolCallArguments(choice: 0, call: call, fragment: "{}"))
        }
        if case .ignored = block {} else { events.append(.partEnded(choice: 0)) }
        blocks[index] = .ignored
    }
}
