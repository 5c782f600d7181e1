import Conversation
import NIOCore
import Wire

/// The reading of a stream of Messages for a supervisor.
///
/// Every content block is a block, its citations another, and so is each member
/// beside its text: a client reads one of them, and whatever a server writes
/// between its parts into other members must not stand between them here. A
/// string in a member that isn't known is judged, and so is one that stands
/// where an id or a word belongs and is none. Results of the provider's own
/// tools are documents.
///
/// https://docs.anthropic.com/en/docs/build-with-claude/streaming
struct EventReader: AnswerReader {
    /// A content block that has begun.
    struct Open {
        var place: Int
        var type: String
        var call = CallText()
        /// The numbers of what stands beside its text, by member.
        var beside: [String: Int] = [:]

        var isCall: Bool { type.hasSuffix("tool_use") }
        /// True for what a provider's own tool has found.
        var isResult: Bool { type.hasSuffix("tool_result") }

        var scope: PassageScope { isCall ? .toolCall : isResult ? .document : .answer }

        /// Returns whether a member has the text of such a block, or a part of it.
        func has(_ member: String) -> Bool {
            switch type {
            case "text", "thinking": member == type
            case "compaction": member == "content"
            case _ where isCall: member == "input" || member == "partial_json"
            default: member == "content" && isResult
            }
        }

        static let citations = "citations"
        /// The members that have blocks of their own.
        static let most = 64
        /// Of their names, in bytes.
        static let longest = 128
    }

    private var open: [Int: Open] = [:]
    private var closing = StreamClosing()
    private var strings = AnswerStrings()
    private(set) var isFinishing = false

    var keepAlive: ByteBuffer { ByteBuffer(string: "event: ping\ndata: {\"type\": \"ping\"}\n\n") }

    func refuse(_ refusal: AnswerRefusal) -> ByteBuffer { closing.write(refusal, open: open.keys.sorted()) }

    // MARK: Frames

    mutating func read(_ frame: Frame, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        guard frame.data.readableBytes > 0 else {
            if !Self.names.contains(frame.name) { strings.say(frame.name, into: &pieces) }
            return
        }
        let root = try Self.document(frame.data).root
        guard root.kind == .object else { throw UnreadableReply("an event of the stream is not a JSON object") }
        let type = root["type"]?.word ?? ""
        if !frame.name.isEmpty, frame.name != type { strings.say(frame.name, into: &pieces) }
        switch type {
        case "ping": try rest(of: root, [], into: &pieces)
        case "message_start": try start(root, into: &pieces)
        case "content_block_start": try begin(root, into: &pieces)
        case "content_block_delta": try delta(root, into: &pieces)
        case "content_block_stop":
            try rest(of: root, ["index"], into: &pieces)
            if let index = root["index"]?.int { end(index, into: &pieces) }
        case "message_delta": try messageDelta(root, into: &pieces)
        case "message_stop":
            try rest(of: root, [], into: &pieces)
            for index in open.keys.sorted() { end(index, into: &pieces) }
            isFinishing = true
            pieces.append(.ended)
        case "error":
            try rest(of: root, ["error"], into: &pieces)
            root["error"].map { strings.message($0, into: &pieces) }
        default: strings.sayAll(root, into: &pieces)
        }
    }

    private static let names: Set<String> = [
        "", "ping", "message_start", "content_block_start", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop", "error",
    ]

    private static func document(_ bytes: ByteBuffer) throws(UnreadableReply) -> JSONDocument {
        do throws(JSONProblem) {
            return try JSONDocument(bytes)
        } catch {
            throw UnreadableReply("an event of the stream is not JSON: \(error)")
        }
    }

    // MARK: The message

    private mutating func start(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        try rest(of: root, ["message"], into: &pieces)
        closing.begin()
        guard let message = root["message"] else { return }
        guard message.kind == .object else { throw UnreadableReply("message_start has no message") }
        self.message(message, into: &pieces)
    }

    private mutating func message(_ message: JSONView, into pieces: inout [AnswerPiece]) {
        for (name, value) in message.members where !value.isNull {
            let name = name.word ?? ""
            switch name {
            case "content" where value.kind == .array:
                for (index, block) in value.elements.enumerated() {
                    begin(-1 - index, block, into: &pieces)
                    end(-1 - index, into: &pieces)
                }
            case "id", "type", "role", "model", "stop_reason", "stop_sequence": strings.word(value, into: &pieces)
            case "usage", "container", "context_management", "holdfast", "request_id":
                strings.words(value, into: &pieces)
            case "stop_details": strings.message(value, into: &pieces)
            case "error": strings.message(value, into: &pieces)
            default: strings.unknown(name, value, into: &pieces)
            }
        }
        noteStop(message, into: &pieces)
    }

    private mutating func messageDelta(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        try rest(of: root, ["delta", "usage", "context_management", "holdfast"], into: &pieces)
        for name: StaticString in ["usage", "context_management", "holdfast"] {
            if let value = root[name] { strings.words(value, into: &pieces) }
        }
        guard let delta = root["delta"] else { return }
        guard delta.kind == .object else { throw UnreadableReply("message_delta has no delta") }
        message(delta, into: &pieces)
        if delta["stop_reason"]?.isNull == false { isFinishing = true }
    }

    private mutating func noteStop(_ view: JSONView, into pieces: inout [AnswerPiece]) {
        guard view["stop_reason"]?.isString("refusal") == true else { return }
        pieces.append(.refused(category: view["stop_details"]?["category"]?.word))
    }

    // MARK: Blocks

    private mutating func begin(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        try rest(of: root, ["index", "content_block"], into: &pieces)
        guard let index = root["index"]?.int, (0..<(1 << 20)).contains(index), let block = root["content_block"],
            block.kind == .object
        else { throw UnreadableReply("content_block_start lacks its index or its block") }
        guard open[index] == nil else { throw UnreadableReply("a content block began twice") }
        isFinishing = false
        closing.note(index)
        begin(index, block, into: &pieces)
    }

    private mutating func begin(_ index: Int, _ block: JSONView, into pieces: inout [AnswerPiece]) {
        var state = Open(place: strings.newPlace(), type: block["type"]?.word ?? "")
        // Also where it says nothing yet.
        if state.isCall { pieces.append(.text(block: state.place, .toolCall, "")) }
        for (name, value) in block.members where !value.isNull {
            let name = name.word ?? ""
            switch name {
            case "type", "id", "tool_use_id", "caller": sentences(in: value, &state, into: &pieces)
            case "name" where state.isCall:
                strings.sayAll(value, state, into: &pieces)
                strings.say("\n", state, into: &pieces)
            case "input" where state.isCall:
                guard value.kind != .object || value.members.contains(where: { _ in true }) else { break }
                let raw = value.string ?? value.fragment.text
                strings.say(raw, state, into: &pieces)
                state.call.add(raw)
            default: member(name, value, &state, into: &pieces)
            }
        }
        open[index] = state
    }

    private mutating func delta(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        try rest(of: root, ["index", "delta"], into: &pieces)
        guard let index = root["index"]?.int, var state = open[index], let delta = root["delta"], delta.kind == .object
        else { throw UnreadableReply("a delta belongs to no content block") }
        isFinishing = false
        if state.isCall { pieces.append(.text(block: state.place, .toolCall, "")) }
        for (name, value) in delta.members where !value.isNull {
            let name = name.word ?? ""
            switch name {
            case "type": sentences(in: value, &state, into: &pieces)
            case "partial_json" where state.isCall:
                strings.sayAll(value, state, into: &pieces)
                state.call.add(value.string ?? "")
            case "citation": cite(value, &state, into: &pieces)
            default: member(name, value, &state, into: &pieces)
            }
        }
        open[index] = state
    }

    /// A member of a block, or of a part of one.
    private mutating func member(
        _ name: String, _ value: JSONView, _ state: inout Open, into pieces: inout [AnswerPiece]
    ) {
        switch name {
        case "content" where state.has(name) && !state.isCall: strings.found(value, state, into: &pieces)
        case "text", "thinking", "content", "partial_json":
            strings.found(value, state.has(name) ? state : beside(name, &state), into: &pieces)
        case "server_name", "name": strings.sayAll(value, beside(name, &state), into: &pieces)
        case "signature" where value.string.map(AnswerForm.isBase64) == true: break
        case "data" where state.type == "redacted_thinking" && value.string.map(AnswerForm.isBase64) == true:
            pieces.append(.unseen(.encryptedThinking))
        case "citations": cite(value, &state, into: &pieces)
        case "file_id" where value.string.map(AnswerForm.isName) == true: pieces.append(.unseen(.reference))
        default:
            if state.beside[name] == nil { strings.say(name + "\n", beside("", &state), into: &pieces) }
            value.eachString(of: name) { place, text in
                switch place {
                case .name: strings.say(text + "\n", beside("", &state), into: &pieces)
                case .value(let inner):
                    let member = inner.map { $0 == name ? name : "\(name).\($0)" } ?? name
                    strings.say(text, beside(member, &state), into: &pieces)
                }
            }
            _ = beside(name, &state)
        }
    }

    /// Reads the strings that stand, as lines, where an id or a word belongs and is none.
    private mutating func sentences(in value: JSONView, _ state: inout Open, into pieces: inout [AnswerPiece]) {
        for (_, text) in value.placedStrings where !AnswerForm.isName(text) {
            strings.say(text + "\n", beside("", &state), into: &pieces)
        }
    }

    /// The block beside a block's text, for a member of it.
    private mutating func beside(_ name: String, _ state: inout Open) -> Open {
        let isKnown = state.beside[name] != nil
        let name = isKnown || state.beside.count < Open.most && name.utf8.count <= Open.longest ? name : ""
        let place = state.beside[name] ?? strings.newPlace()
        state.beside[name] = place
        return Open(place: place, type: state.type)
    }

    private mutating func cite(_ value: JSONView, _ state: inout Open, into pieces: inout [AnswerPiece]) {
        let place = beside(Open.citations, &state).place
        strings.found(value, Open(place: place, type: "tool_result"), into: &pieces)
    }

    private mutating func end(_ index: Int, into pieces: inout [AnswerPiece]) {
        guard let state = open.removeValue(forKey: index) else { return }
        if state.isCall, let unescaped = state.call.unescaped { strings.say(unescaped, state, into: &pieces) }
        pieces.append(.blockEnded(state.place))
        for place in state.beside.values.sorted() { pieces.append(.blockEnded(place)) }
    }

    /// The members of an event beside those that were read.
    private mutating func rest(
        of root: JSONView, _ known: Set<String>, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        for (name, value) in root.members where !value.isNull {
            let name = name.string ?? ""
            switch name {
            case "type", "request_id": strings.word(value, into: &pieces)
            case _ where known.contains(name): break
            default: strings.unknown(name, value, into: &pieces)
            }
        }
    }
}
