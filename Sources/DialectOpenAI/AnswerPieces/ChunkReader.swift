import Conversation
import NIOCore
import Wire

/// The reading of a `chat.completion.chunk` stream for a supervisor.
///
/// Each member of a choice that has text is a block of its own over all chunks:
/// a client reads one of them, and whatever a server writes between its parts
/// into other members must not stand between them here. A string in a member
/// that isn't known is judged, and so is one that stands where an id or a word
/// belongs and is none. A tool call is whole when its choice has told why it
/// ended: before that, a server may go back to any call.
///
/// https://platform.openai.com/docs/api-reference/chat/streaming
struct ChunkReader: AnswerReader {
    struct Block {
        enum Kind: Hashable {
            case content
            /// The strings that have no place of their own, one a line.
            case other
            /// A member by its names from the choice, or from the chunk, down.
            case member(String)
            /// A tool call; -1 is that of `function_call`.
            case call(Int)
            /// The strings beside the names and the arguments of calls.
            case besideCalls
        }

        /// Nil outside choices.
        var choice: Int?
        var kind: Kind
        var scope: PassageScope = .answer

        /// The block of a member of this one, by its path.
        func member(_ name: String) -> Block {
            guard case .member(let path) = kind, path.utf8.count + name.utf8.count < ChunkReader.longestPath else {
                return lines
            }
            return Block(choice: choice, kind: .member("\(path).\(name)"), scope: scope)
        }

        /// The block of strings that stand beside it.
        var lines: Block {
            Block(choice: choice, kind: scope == .toolCall ? .besideCalls : .other, scope: scope)
        }
    }

    private struct Choice {
        /// The numbers of its blocks that have begun.
        var blocks: [Block.Kind: Int] = [:]
        var calls: [Int: StreamedCall] = [:]
        var lastCall = 0
        var hasFinished = false
    }

    /// The members of a choice that have blocks of their own.
    private static let mostBlocks = 256
    /// Of the names from the chunk to a member, in bytes.
    private static let longestPath = 200

    private var choices: [Int: Choice] = [:]
    /// The numbers of the blocks outside choices.
    private var outside: [Block.Kind: Int] = [:]
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
        let other = Block(kind: .member(""))
        for (name, value) in root.members where !value.isNull {
            let name = name.string ?? ""
            switch name {
            case "choices" where value.kind == .array:
                for choice in value.elements where !choice.isNull { try read(choice: choice, into: &pieces) }
            case "id", "object", "model", "system_fingerprint", "service_tier", "provider", "obfuscation", "created":
                structural(value, other, into: &pieces)
            case "usage", "holdfast", "x_groq", "prompt_filter_results", "time_info", "timings":
                words(value, other, into: &pieces)
            case "error": error(value, other, into: &pieces)
            default: unknown(name, value, other, into: &pieces)
            }
        }
    }

    private mutating func read(choice view: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        guard view.kind == .object else { throw UnreadableReply("a choice is not an object") }
        let number = view["index"].flatMap { $0.isNull ? nil : $0.int ?? -1 } ?? 0
        guard (0..<128).contains(number) else { throw UnreadableReply("`index` of a choice is out of bounds") }
        let other = Block(choice: number, kind: .member(""))
        let spoken = pieces.count
        if choices[number] == nil { choices[number] = Choice() }
        for (name, value) in view.members where !value.isNull {
            let name = name.string ?? ""
            switch name {
            case "index": structural(value, other, into: &pieces)
            case "delta": try read(said: value, of: number, into: &pieces)
            // Where a sequence stopped it, some servers say which.
            case "stop_reason", "finish_reason", "native_finish_reason": structural(value, other, into: &pieces)
            case "usage", "content_filter_results", "content_filter_result": words(value, other, into: &pieces)
            case "logprobs": read(logprobs: value, other.member(name), into: &pieces)
            case "error": error(value, other, into: &pieces)
            case "message", "text": parts(of: value, other.member(name), into: &pieces)
            default: unknown(name, value, other, into: &pieces)
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
        for (call, state) in (choices[number]?.calls ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let text = state.unescaped else { continue }
            say(text, Block(choice: number, kind: .call(call), scope: .toolCall), into: &pieces)
        }
        for place in (choices[number]?.blocks ?? [:]).values.sorted() { pieces.append(.blockEnded(place)) }
        choices[number]?.hasFinished = true
        // A call that is said behind its end is a new one; a text goes on.
        choices[number]?.calls = [:]
        let blocks = choices[number]?.blocks ?? [:]
        choices[number]?.blocks = blocks.filter { !$0.key.isOfCalls }
    }

    // MARK: A part of a message

    private mutating func read(
        said view: JSONView, of number: Int, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        let other = Block(choice: number, kind: .member("delta"))
        guard view.kind == .object else { return sayAll(view, other, into: &pieces) }
        for (name, value) in view.members where !value.isNull {
            let name = name.string ?? ""
            switch name {
            case "role": structural(value, other, into: &pieces)
            case "content": read(content: value, of: number, into: &pieces)
            case "refusal", "reasoning_content", "reasoning", "reasoning_details":
                parts(of: value, other.member(name), into: &pieces)
            case "tool_calls" where value.kind == .array:
                for call in value.elements { try read(call: call, of: number, into: &pieces) }
            case "function_call": read(function: value, "arguments", of: -1, in: number, into: &pieces)
            case "audio": read(audio: value, other.member(name), into: &pieces)
            default: unknown(name, value, other, into: &pieces)
            }
        }
    }

    /// A text, or parts with a type: the texts among them are one text.
    private mutating func read(content value: JSONView, of number: Int, into pieces: inout [AnswerPiece]) {
        let content = Block(choice: number, kind: .content)
        if let text = value.string { return say(text, content, into: &pieces) }
        let beside = Block(choice: number, kind: .member("content"))
        guard value.kind == .array else { return parts(of: value, beside, into: &pieces) }
        for part in value.elements {
            let type = part["type"]?.string ?? "text"
            guard type == "text" || type == "output_text", let text = part["text"]?.string else {
                parts(of: part, beside.member(type), into: &pieces)
                continue
            }
            say(text, content, into: &pieces)
            for (name, value) in part.members where !name.isString("text") && !name.isString("type") {
                unknown(name.string ?? "", value, beside, into: &pieces)
            }
        }
    }

    private mutating func read(
        call view: JSONView, of number: Int, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        let call = view["index"]?.int ?? choices[number]?.lastCall ?? 0
        guard (0..<1024).contains(call) else { throw UnreadableReply("an answer has too many tool calls") }
        choices[number]?.lastCall = call
        open(call, in: number, into: &pieces)
        let beside = Block(choice: number, kind: .member("call"), scope: .toolCall)
        guard view.kind == .object else { return sayAll(view, beside, into: &pieces) }
        for (name, value) in view.members where !value.isNull {
            let name = name.string ?? ""
            switch name {
            case "index", "id", "type": structural(value, beside, into: &pieces)
            case "function": read(function: value, "arguments", of: call, in: number, into: &pieces)
            case "custom": read(function: value, "input", of: call, in: number, into: &pieces)
            default: unknown(name, value, beside, into: &pieces)
            }
        }
    }

    /// - Parameter main: The member that the arguments are in.
    private mutating func read(
        function view: JSONView, _ main: String, of call: Int, in number: Int, into pieces: inout [AnswerPiece]
    ) {
        open(call, in: number, into: &pieces)
        let block = Block(choice: number, kind: .call(call), scope: .toolCall)
        let beside = Block(choice: number, kind: .member("call"), scope: .toolCall)
        for (name, value) in view.members where !value.isNull {
            let name = name.string ?? ""
            // Some servers give an object.
            let text = value.string ?? value.fragment.text
            switch name {
            case "name" where choices[number]?.calls[call]?.takesName(text) == true: say(text, block, into: &pieces)
            case main:
                if let said = choices[number]?.calls[call]?.add(text, main) {
                    say(said, block, into: &pieces)
                } else {
                    say(text, beside.member(main), into: &pieces)
                }
            default: unknown(name, value, beside, into: &pieces)
            }
        }
    }

    /// Opens a call, also where it says nothing yet.
    private mutating func open(_ call: Int, in number: Int, into pieces: inout [AnswerPiece]) {
        let block = Block(choice: number, kind: .call(call), scope: .toolCall)
        if choices[number]?.calls[call] == nil { choices[number]?.calls[call] = StreamedCall() }
        pieces.append(.text(block: place(of: block), .toolCall, ""))
    }

    private mutating func read(audio view: JSONView, _ audio: Block, into pieces: inout [AnswerPiece]) {
        for (name, value) in view.members where !value.isNull {
            let name = name.string ?? ""
            switch name {
            case "id": structural(value, audio, into: &pieces)
            case "data" where value.string.map(AnswerForm.isBase64) == true: pieces.append(.unseen(.audio))
            case "expires_at" where value.kind == .number: break
            case "transcript": sayAll(value, audio.member(name), into: &pieces)
            default: unknown(name, value, audio, into: &pieces)
            }
        }
    }

    private mutating func read(logprobs view: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        guard view.kind == .object else { return sayAll(view, block, into: &pieces) }
        for (name, list) in view.members where !list.isNull {
            let tokens = block.member(name.string ?? "")
            guard list.kind == .array else { return unknown(name.string ?? "", list, block, into: &pieces) }
            for entry in list.elements {
                guard entry.kind == .object else {
                    sayAll(entry, tokens, into: &pieces)
                    continue
                }
                for (name, value) in entry.members {
                    let name = name.string ?? ""
                    switch name {
                    case "token": sayAll(value, tokens, into: &pieces)
                    case "top_logprobs" where value.kind == .array:
                        for other in value.elements { parts(of: other, tokens.member(name), into: &pieces) }
                    default: unknown(name, value, tokens, into: &pieces)
                    }
                }
            }
        }
    }

    private mutating func error(_ view: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        guard view.kind == .object else { return sayAll(view, block, into: &pieces) }
        for (name, value) in view.members where !value.isNull {
            let name = name.string ?? ""
            switch name {
            case "type", "code", "param": structural(value, block, into: &pieces)
            case "message": sayAll(value, block.member("error"), into: &pieces)
            default: unknown(name, value, block, into: &pieces)
            }
        }
    }

    // MARK: Strings

    private mutating func place(of block: Block) -> Int {
        let known = block.choice.map { choices[$0]?.blocks ?? [:] } ?? outside
        if let place = known[block.kind] { return place }
        if case .member = block.kind, known.count >= Self.mostBlocks {
            return place(of: block.lines)
        }
        defer { nextPlace += 1 }
        if let choice = block.choice {
            choices[choice]?.blocks[block.kind] = nextPlace
        } else {
            outside[block.kind] = nextPlace
        }
        return nextPlace
    }

    /// A text: the next part of the block's, or a line of those that have none.
    private mutating func say(_ text: String, _ block: Block, into pieces: inout [AnswerPiece]) {
        guard !text.isEmpty else { return }
        if let part = AnswerForm.unseen(inURL: text) { return pieces.append(.unseen(part)) }
        pieces.append(.text(block: place(of: block), block.scope, block.kind.isOfLines ? text + "\n" : text))
    }

    private mutating func sayUnlessName(_ text: String, _ block: Block, into pieces: inout [AnswerPiece]) {
        if !AnswerForm.isName(text) { say(text, block.lines, into: &pieces) }
    }

    /// A value that is an id, a number or a word; anything else is text.
    private mutating func structural(_ value: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        if let text = value.string {
            sayUnlessName(text, block, into: &pieces)
        } else {
            sayAll(value, block.lines, into: &pieces)
        }
    }

    /// A value whose strings are all words.
    private mutating func words(_ value: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        for (_, text) in value.placedStrings { sayUnlessName(text, block, into: &pieces) }
    }

    private mutating func sayAll(_ value: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        for (_, text) in value.placedStrings { say(text, block, into: &pieces) }
    }

    /// A member that no table has: its name, once, and its strings, those of
    /// each member in it for themselves.
    private mutating func unknown(
        _ name: String, _ value: JSONView, _ block: Block, into pieces: inout [AnswerPiece]
    ) {
        let member = block.member(name)
        let known = block.choice.map { choices[$0]?.blocks ?? [:] } ?? outside
        if known[member.kind] == nil {
            say(name, block.lines, into: &pieces)
            // Also where all its strings are those of members in it.
            if member.kind != block.lines.kind { _ = place(of: member) }
        }
        value.eachString { place, text in
            switch place {
            case .name: say(text, block.lines, into: &pieces)
            case .value(let inner): say(text, inner.map(member.member) ?? member, into: &pieces)
            }
        }
    }

    /// A text, or what may have parts with types, ids and signatures.
    private mutating func parts(of value: JSONView, _ block: Block, into pieces: inout [AnswerPiece]) {
        value.eachString { place, text in
            switch place {
            case .name: if !Self.partMembers.contains(text) { say(text, block.lines, into: &pieces) }
            case .value(of: "type"), .value(of: "id"), .value(of: "format"), .value(of: "index"):
                sayUnlessName(text, block, into: &pieces)
            case .value(of: "signature"): if !AnswerForm.isBase64(text) { say(text, block.lines, into: &pieces) }
            case .value(of: "data") where AnswerForm.isBase64(text): pieces.append(.unseen(.encryptedThinking))
            case .value(let member): say(text, member.map(block.member) ?? block, into: &pieces)
            }
        }
    }

    /// The names of members that parts have.
    private static let partMembers: Set<String> = [
        "type", "text", "thinking", "summary", "id", "format", "index", "signature", "data", "image_url", "url",
        "content", "refusal", "token", "logprob", "bytes", "role",
    ]
}

extension ChunkReader.Block.Kind {
    /// True where each string is a line: parts of one text don't come there.
    var isOfLines: Bool { self == .other || self == .besideCalls }

    var isOfCalls: Bool {
        switch self {
        case .call, .besideCalls: true
        case .content, .other, .member: false
        }
    }
}
