import Conversation
import NIOCore
import Wire

/// Reads the events of ConverseStream.
///
/// The frame's name says what an event is (`:event-type`), and its last event
/// is `metadata`, with the cost. A stream without it is ended by whoever sees
/// that nothing more comes, like every other that lacks its end.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html
struct ConverseStreamReader: StreamDecoder {
    private enum Block {
        /// Text needs no start, and thinking neither.
        case words
        case thinking
        /// A tool call.
        /// - Parameters:
        ///   - call: The call's number in the shared terms.
        ///   - isBlank: True while no arguments have come.
        case toolUse(call: Int, isBlank: Bool)
        /// A block of a kind that the shared terms have no word for.
        case foreign
    }

    private var hasStarted = false
    private var hasFinished = false
    private var hasEnded = false
    /// Blocks that have begun and not ended.
    private var blocks: [Int: Block] = [:]
    private var calls = 0
    /// Of the deltas of the open text block: they are alike but for the words
    /// in them, and need no parse each.
    private var words: JSONTemplate?

    mutating func decode(_ frame: Frame, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard !hasEnded else { return }
        if frame.isException {
            hasEnded = true
            return events.append(.failed(BedrockException.read(frame)))
        }
        if frame.name == "contentBlockDelta", let words, let text = words.string(in: frame.data) {
            if !text.isEmpty { events.append(.text(choice: 0, text)) }
            return
        }
        let document: JSONDocument
        do throws(JSONProblem) {
            document = try JSONDocument(frame.data)
        } catch {
            throw UnreadableReply("an event of the stream is not JSON: \(error)")
        }
        let root = document.root
        if frame.name != "contentBlockDelta" { words = nil }
        switch frame.name {
        case "contentBlockDelta": try delta(root, into: &events)
        case "messageStart":
            guard !hasStarted else { throw UnreadableReply("messageStart came twice") }
            start(&events)
        case "contentBlockStart": try blockStart(root, into: &events)
        case "contentBlockStop": blockStop(root, into: &events)
        case "messageStop":
            try requireStart("messageStop")
            guard !hasFinished else { return }
            let reason = root["stopReason"]?.string.map(ConverseFinish.read) ?? .endTurn
            guard !reason.saysError else { throw .endedWithError }
            hasFinished = true
            closeBlocks(into: &events)
            events.append(.finished(choice: 0, reason, stopSequence: ConverseFinish.stopSequence(root)))
        case "metadata":
            try requireStart("metadata")
            if let usage = root["usage"].flatMap(ConverseUsage.read) { events.append(.usage(usage)) }
            // Without a stop reason the answer is not whole, whatever follows.
            guard hasFinished else { return }
            hasEnded = true
            events.append(.ended)
        default: break
        }
    }

    private mutating func start(_ events: inout [StreamEvent]) {
        hasStarted = true
        events.append(.started(id: "", model: "", created: nil))
    }

    private func requireStart(_ event: String) throws(UnreadableReply) {
        guard hasStarted else { throw UnreadableReply("\(event) came before messageStart") }
    }

    // MARK: Blocks

    private mutating func blockStart(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        try requireStart("contentBlockStart")
        guard let index = root["contentBlockIndex"]?.int, let start = root["start"] else {
            throw UnreadableReply("contentBlockStart lacks its index or its start")
        }
        guard blocks[index] == nil else { throw UnreadableReply("a content block began twice") }
        guard let call = start["toolUse"], call["type"]?.isString("server_tool_use") != true else {
            blocks[index] = .foreign
            return events.append(.foreignPart)
        }
        guard let id = call["toolUseId"]?.string, let name = call["name"]?.string, !name.isEmpty else {
            throw UnreadableReply("a toolUse block lacks its toolUseId or name")
        }
        blocks[index] = .toolUse(call: calls, isBlank: true)
        events.append(.toolCallStarted(choice: 0, call: calls, id: id, name: name))
        calls += 1
    }

    private mutating func delta(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        try requireStart("contentBlockDelta")
        guard let index = root["contentBlockIndex"]?.int, let delta = root["delta"] else {
            throw UnreadableReply("contentBlockDelta lacks its index or its delta")
        }
        if let said = delta["text"] {
            guard let text = said.string else { throw UnreadableReply("a text delta has no text") }
            switch blocks[index] {
            case nil: blocks[index] = .words
            case .words: break
            default: throw UnreadableReply("a text delta belongs to a block of another kind")
            }
            // Padding is of another length each time.
            words = root["p"] == nil ? JSONTemplate(varying: said) : nil
            if !text.isEmpty { events.append(.text(choice: 0, text)) }
            return
        }
        words = nil
        if let reasoning = delta["reasoningContent"] {
            try thinking(reasoning, index, into: &events)
        } else if let input = delta["toolUse"]?["input"]?.string {
            switch blocks[index] {
            case .toolUse(let call, _):
                guard !input.isEmpty else { return }
                blocks[index] = .toolUse(call: call, isBlank: false)
                events.append(.toolCallArguments(choice: 0, call: call, fragment: input))
            case .foreign: break
            default: throw UnreadableReply("a toolUse delta belongs to no toolUse block")
            }
        } else if blocks[index] == nil {
            blocks[index] = .foreign
            events.append(.foreignPart)
        }
    }

    private mutating func thinking(
        _ reasoning: JSONView, _ index: Int, into events: inout [StreamEvent]
    ) throws(UnreadableReply) {
        switch blocks[index] {
        case nil: blocks[index] = .thinking
        case .thinking: break
        default: throw UnreadableReply("a reasoningContent delta belongs to a block of another kind")
        }
        if let text = reasoning["text"]?.string {
            if !text.isEmpty { events.append(.thinking(choice: 0, text)) }
        } else if let signature = reasoning["signature"]?.string {
            if !signature.isEmpty { events.append(.thinkingSignature(choice: 0, signature)) }
        } else if let data = reasoning["redactedContent"]?.string {
            events.append(.redactedThinking(choice: 0, OpaqueBlob.read(data)))
        }
    }

    private mutating func blockStop(_ root: JSONView, into events: inout [StreamEvent]) {
        // A block in which nothing was said has neither a start nor a delta.
        guard let index = root["contentBlockIndex"]?.int, let block = blocks.removeValue(forKey: index) else { return }
        close(block, into: &events)
    }

    private func close(_ block: Block, into events: inout [StreamEvent]) {
        switch block {
        // No fragments mean the empty object; other dialects' callers parse
        // the fragments that they have joined.
        case .toolUse(let call, true):
            events.append(.toolCallArguments(choice: 0, call: call, fragment: "{}"))
            events.append(.partEnded(choice: 0))
        case .foreign: break
        default: events.append(.partEnded(choice: 0))
        }
    }

    /// Closes what the answer's end finds open.
    private mutating func closeBlocks(into events: inout [StreamEvent]) {
        for index in blocks.keys.sorted() {
            if let block = blocks.removeValue(forKey: index) { close(block, into: &events) }
        }
    }
}
