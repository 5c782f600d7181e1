import Conversation
import NIOCore
import Wire

/// The reading of a `chat.completion.chunk` stream for a supervisor.
///
/// Each kind of text of a choice is a block of its own: content, refusal,
/// reasoning, every tool call, the transcript of audio, the tokens of
/// log-probabilities. A string in a member that isn't known is judged, and so
/// is one that stands where an id or a word belongs and is none. A tool call
/// is whole when its choice has told why it ended: before that, a server may
/// go back to any call.
///
/// https://platform.openai.com/docs/api-reference/chat/streaming
struct ChunkReader: AnswerReader {
    private struct Block {
        enum Kind: Hashable {
            case content, refusal, reasoning, function, transcript, tokens, alternatives, other
            case call(Int)
        }

        /// Nil outside choices.
        var choice: Int?
        var kind: Kind
    }

    private struct Choice {
        /// The numbers of its blocks that have begun and not ended.
        var blocks: [Block.Kind: Int] = [:]
        var calls: [Int: CallText] = [:]
        var lastCall = 0
        var hasFinished = false
    }

    private var choices: [Int: Choice] = [:]
    /// The number of the block outside choices.
    private var outside: Int?
    private var nextPlace = 0
    private(set) var closing = ChunkClosing()
    private var hasEnded = false

    var isFinishing: Bool {
        hasEnded || !choices.isEmpty && choices.values.allSatisfy(\.hasFinished)
    }

    var keepAlive: ByteBuffer { ByteBuffer(string: ": held\n\n") }

    func refuse(_ refusal: AnswerRefusal) -> ByteBuffer {
        var open = choices.filter { !$0.value.hasFinished }.keys.sorted()
        // A reason that was given already is taken back: clients keep the last.
        if open.isEmpty { open = [choices.keys.min() ?? 0] }
        return closing.write(refusal, to: open)
    }

    // MARK: Frames

    mutating func read(_ frame: Frame, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        if !frame.name.isEmpty, frame.name != "error", frame.name != "message" {
            say(frame.name, Block(kind: .other), into: &pieces)
        }
        guard frame.data.readableBytes > 0 else { return }
        if frame.isDone { return end(into: &pieces) }
        let root = try ReplyReader.document(frame.data, "an event of the stream").root
        if root.isNull { return }
        guard root.kind == .object else { throw UnreadableReply("an event of the stream is not a JSON object") }
        try read(root, into: &pieces)
    }

    private mutating func end(into pieces: inout [AnswerPiece]) {
        for choice in choices.keys.sorted() { endBlocks(of: choice, into: &pieces) }
        hasEnded = true
        pieces.append(.ended)
    }

    private mutating func read(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        closing.note(root)
        let other = Block(kind: .other)
        for (name, value) in root.members where !value.isNull {
            switch name.string ?? "" {
            case "choices" where value.kind == .array:
                for choice in value.elements where !choice.isNull { try read(choice: choice, into: &pieces) }
            case "id", "object", "model", "system_fingerprint", "service_tier", "provider", "obfuscation", "created":
                structural(value, other, into: &pieces)
            case "usage", "holdfast", "x_groq", "prompt_filter_results", "time_info", "timings":
                words(value, other, into: &pieces)
            case "error": error(value, other, into: &pieces)
            default:
                say(name.string ?? "", other, into: &pieces)
                sayAll(value, other, into: &pieces)
            }
        }
    }

    private mutating func read(choice view: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        guard view.kind == .object else { throw UnreadableReply("a choice is not an object") }
        let number = view["index"].flatMap { $0.isNull ? nil : $0.int ?? -1 } ?? 0
        guard (0..<128).contains(number) else { throw UnreadableReply("`index` of a choice is out of bounds") }
        let other = Block(choice: number, kind: .other)
        let spoken = pieces.count
        if choices[number] == nil { choices[number] = Choice() }
        for (name, value) in view.members where !value.isNull {
            switch name.string ?? "" {
            case "index": structural(value, other, into: &pieces)
            case "delta", "message": try read(said: value, of: number, into: &pieces)
            case "text": sayAll(value, Block(choice: number, kind: .content), into: &pieces)
            case "logprobs": read(logprobs: value, of: number, into: &pieces)
            // Where a sequence stopped it, some servers say which.
            case "stop_reason", "finish_reason", "native_finish_reason": structural(value, other, into: &pieces)
            case "usage", "content_filter_results", "content_filter_result": words(value, other, into: &pieces)
            case "error": error(value, other, into: &pieces)
            default:
                say(name.string ?? "", other, into: &pieces)
                sayAll(value, other, into: &pieces)
            }
        }
        // Whatever is said behind its end, the choice goes on.
        if pieces.count > spoken { choices[number]?.hasFinished = false }
        if let reason = view["finish_reason"]?.string, !reason.isEmpty {
            if reason == "content_filter" { pieces.append(.refused(category: nil)) }
            endBlocks(of: number, into: &pieces)
        }
    }

    private mutating func endBlocks(of number: Int, into pieces: inout [AnswerPiece]) {
        for (call, text) in (choices[number]?.calls ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let unescaped = text.unescaped else { continue }
            say(unescaped, Block(choice: number, kind: .call(call)), .toolCall, into: &pieces)
        }
        for place in (choices[number]?.blocks ?? [:]).values.sorted() { pieces.append(.blockEnded(place)) }
        choices[number]?.hasFinished = true
        choices[number]?.calls = [:]
        // What is said behind its end is a new block.
        choices[number]?.blocks = [:]
    }

    // MARK: A message, or a part of one

    private mutating func read(
        said view: JSONView, of number: Int, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        let other = Block(choice: number, kind: .other)
        guard view.kind == .object else { return sayAll(view, other, into: &pieces) }
        for (name, value) in view.members where !value.isNull {
            let name = name.string ?? ""
            switch name {
            case "role": structural(value, other, into: &pieces)
            case "content": read(content: value, Block(choice: number, kind: .content), into: &pieces)
            case "refusal": sayAll(value, Block(choice: number, kind: .refusal), into: &pieces)
            case "reasoning_content", "reasoning", "reasoning_details":
                read(content: value, Block(choice: number, kind: .reasoning), into: &pieces)
            case "tool_calls" where value.kind == .array:
                for call in value.elements { try read(call: call, of: number, into: &pieces) }
            case "function_call":
                read(function: value, Block(choice: number, kind: .function), nil, of: number, into: &pieces)
            case "audio": read(audio: value, of: number, into: &pieces)
            default:
                say(name, other, into: &pieces)
                sayAll(value, other, into: &pieces)
            }
        }
    }

    /// A text, or parts with a type.
    private mutating func read(content value: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        if let text = value.string { return say(text, block, into: &pieces) }
        for (place, text) in value.placedStrings {
            switch place {
            case .name where Self.partMembers.contains(text): break
            case .value(of: "type"), .value(of: "id"), .value(of: "format"), .value(of: "index"):
                sayUnlessName(text, block, into: &pieces)
            case .value(of: "signature"): if !AnswerForm.isBase64(text) { say(text, block, into: &pieces) }
            case .value(of: "data") where AnswerForm.isBase64(text): pieces.append(.unseen(.encryptedThinking))
            default: say(text, block, into: &pieces)
            }
        }
    }

    /// The names of members that parts have.
    private static let partMembers: Set<String> = [
        "type", "text", "thinking", "summary", "id", "format", "index", "signature", "data", "image_url", "url",
    ]

    private mutating func read(
        call view: JSONView, of number: Int, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        let call = view["index"]?.int ?? choices[number]?.lastCall ?? 0
        guard (0..<1024).contains(call) else { throw UnreadableReply("an answer has too many tool calls") }
        choices[number]?.lastCall = call
        let block = Block(choice: number, kind: .call(call))
        // Also where it says nothing yet.
        pieces.append(.text(block: place(of: block), .toolCall, ""))
        guard view.kind == .object else { return sayAll(view, block, .toolCall, into: &pieces) }
        for (name, value) in view.members where !value.isNull {
            switch name.string ?? "" {
            case "index", "id", "type": structural(value, block, .toolCall, into: &pieces)
            case "function", "custom": read(function: value, block, call, of: number, into: &pieces)
            default:
                say(name.string ?? "", block, .toolCall, into: &pieces)
                sayAll(value, block, .toolCall, into: &pieces)
            }
        }
    }

    private mutating func read(
        function view: JSONView, _ block: Block, _ call: Int?, of number: Int, into pieces: inout [AnswerPiece]
    ) {
        pieces.append(.text(block: place(of: block), .toolCall, ""))
        for (name, value) in view.members where !value.isNull {
            switch name.string ?? "" {
            case "name": sayAll(value, block, .toolCall, into: &pieces)
            case "arguments", "input":
                // Some servers give an object.
                let fragment = value.string ?? value.fragment.text
                say(fragment, block, .toolCall, into: &pieces)
                if let call { choices[number]?.calls[call, default: CallText()].add(fragment) }
            default:
                say(name.string ?? "", block, .toolCall, into: &pieces)
                sayAll(value, block, .toolCall, into: &pieces)
            }
        }
    }

    private mutating func read(audio view: JSONView, of number: Int, into pieces: inout [AnswerPiece]) {
        let block = Block(choice: number, kind: .transcript)
        for (name, value) in view.members where !value.isNull {
            switch name.string ?? "" {
            case "id": structural(value, block, into: &pieces)
            case "data": pieces.append(.unseen(.audio))
            case "expires_at" where value.kind == .number: break
            default: sayAll(value, block, into: &pieces)
            }
        }
    }

    private mutating func read(logprobs view: JSONView, of number: Int, into pieces: inout [AnswerPiece]) {
        let tokens = Block(choice: number, kind: .tokens)
        let alternatives = Block(choice: number, kind: .alternatives)
        for (_, list) in view.members {
            for entry in list.elements {
                for (name, value) in entry.members {
                    if name.isString("token") {
                        sayAll(value, tokens, into: &pieces)
                    } else if name.isString("top_logprobs") {
                        for other in value.elements {
                            other["token"].map { sayAll($0, alternatives, into: &pieces) }
                        }
                    } else {
                        sayAll(value, alternatives, into: &pieces)
                    }
                }
            }
        }
    }

    private mutating func error(_ view: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        guard view.kind == .object else { return sayAll(view, block, into: &pieces) }
        for (name, value) in view.members where !value.isNull {
            switch name.string ?? "" {
            case "type", "code", "param": structural(value, block, into: &pieces)
            case "message": sayAll(value, block, into: &pieces)
            default:
                say(name.string ?? "", block, into: &pieces)
                sayAll(value, block, into: &pieces)
            }
        }
    }

    // MARK: Strings

    private mutating func place(of block: Block) -> Int {
        let known = block.choice.map { choices[$0]?.blocks[block.kind] } ?? outside
        if let known { return known }
        defer { nextPlace += 1 }
        if let choice = block.choice { choices[choice]?.blocks[block.kind] = nextPlace } else { outside = nextPlace }
        return nextPlace
    }

    private mutating func say(
        _ text: String, _ block: Block, _ scope: PassageScope = .answer, into pieces: inout [AnswerPiece]
    ) {
        guard !text.isEmpty else { return }
        if let part = AnswerForm.unseen(inURL: text) { return pieces.append(.unseen(part)) }
        pieces.append(.text(block: place(of: block), scope, text))
    }

    private mutating func sayUnlessName(
        _ text: String, _ block: Block, _ scope: PassageScope = .answer, into pieces: inout [AnswerPiece]
    ) {
        if !AnswerForm.isName(text) { say(text, block, scope, into: &pieces) }
    }

    /// A value that is an id, a number or a word; anything else is text.
    private mutating func structural(
        _ value: JSONView, _ block: Block, _ scope: PassageScope = .answer, into pieces: inout [AnswerPiece]
    ) {
        if let text = value.string {
            sayUnlessName(text, block, scope, into: &pieces)
        } else {
            sayAll(value, block, scope, into: &pieces)
        }
    }

    /// A value whose strings are all words.
    private mutating func words(_ value: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        for (_, text) in value.placedStrings { sayUnlessName(text, block, into: &pieces) }
    }

    private mutating func sayAll(
        _ value: JSONView, _ block: Block, _ scope: PassageScope = .answer, into pieces: inout [AnswerPiece]
    ) {
        if let text = value.string { return say(text, block, scope, into: &pieces) }
        for (_, text) in value.placedStrings { say(text, block, scope, into: &pieces) }
    }
}
