import Conversation
import NIOCore
import Wire

/// The reading of a Converse stream for a supervisor.
///
/// A string in a member that isn't known is judged, and so is one that stands
/// where an id or a word belongs and is none. Results of Amazon's own tools, and
/// citations, are documents.
struct ConverseEventReader: AnswerReader {
    private var blocks = AnswerBlocks()
    private var refusal = ConverseRefusal()
    private(set) var isFinishing = false

    /// Clients pass over an event of a kind that they don't know.
    var keepAlive: ByteBuffer {
        var bytes = ByteBuffer()
        ConverseEventKind.write(ConverseEventKind.ping, to: &bytes) { _ in }
        return bytes
    }

    func refuse(_ refusal: AnswerRefusal) -> ByteBuffer { self.refusal.write(refusal, open: blocks.open.sorted()) }

    mutating func read(_ frame: Frame, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        let root = try Self.document(frame.data).root
        guard root.kind == .object else { throw UnreadableReply("an event of the stream is not a JSON object") }
        guard !frame.isException else { return error(frame, root, into: &pieces) }
        switch frame.name {
        case "messageStart":
            refusal.begin()
            try rest(of: root, ["role"], into: &pieces)
            root["role"].map { blocks.sayIfWords($0, into: &pieces) }
        case "contentBlockStart": try begin(root, into: &pieces)
        case "contentBlockDelta": try delta(root, into: &pieces)
        case "contentBlockStop":
            try rest(of: root, ["contentBlockIndex"], into: &pieces)
            blocks.end(try Self.index(root), into: &pieces)
        case "messageStop": try stop(root, into: &pieces)
        case "metadata": try end(root, into: &pieces)
        case "ping", "initial-response": try rest(of: root, [], into: &pieces)
        default:
            blocks.sayLine(frame.name, into: &pieces)
            for (_, text) in root.placedStrings { blocks.sayLine(text, into: &pieces) }
        }
    }

    private static func document(_ bytes: ByteBuffer) throws(UnreadableReply) -> JSONDocument {
        do throws(JSONProblem) {
            return try JSONDocument(bytes.readableBytes == 0 ? ByteBuffer(string: "{}") : bytes)
        } catch {
            throw UnreadableReply("an event of the stream is not JSON: \(error)")
        }
    }

    private static func index(_ root: JSONView) throws(UnreadableReply) -> Int {
        guard let index = root["contentBlockIndex"]?.int, (0..<(1 << 20)).contains(index) else {
            throw UnreadableReply("an event of a content block lacks its index")
        }
        return index
    }

    // MARK: The message

    private mutating func stop(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        try rest(of: root, ["stopReason", "additionalModelResponseFields"], into: &pieces)
        for index in blocks.open.sorted() { blocks.end(index, into: &pieces) }
        if let fields = root["additionalModelResponseFields"], !fields.isNull {
            known(fields, "holdfast", into: &pieces)
        }
        guard let reason = root["stopReason"], !reason.isNull else { return }
        blocks.sayIfWords(reason, into: &pieces)
        isFinishing = true
        if let word = reason.word, ConverseRefusal.words.contains(word) { pieces.append(.refused(category: nil)) }
    }

    /// The last event: the answer is whole.
    private mutating func end(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        for index in blocks.open.sorted() { blocks.end(index, into: &pieces) }
        try rest(of: root, ["usage", "metrics", "performanceConfig", "serviceTier"], into: &pieces)
        for name: StaticString in ["usage", "metrics", "performanceConfig", "serviceTier"] {
            if let value = root[name] { blocks.sayIfWords(value, into: &pieces) }
        }
        isFinishing = true
        pieces.append(.ended)
    }

    /// Reads an object of which one member holds words and all others are unknown.
    private mutating func known(_ fields: JSONView, _ member: StaticString, into pieces: inout [AnswerPiece]) {
        guard fields.kind == .object else {
            return blocks.sayUnknown("additionalModelResponseFields", fields, .answer, nil, into: &pieces)
        }
        for (name, value) in fields.members where !value.isNull {
            if name.isString(member) {
                blocks.sayIfWords(value, into: &pieces)
            } else {
                blocks.sayUnknown(name.string ?? "", value, .answer, nil, into: &pieces)
            }
        }
    }

    private mutating func error(_ frame: Frame, _ root: JSONView, into pieces: inout [AnswerPiece]) {
        if !AnswerForm.isName(frame.name) { blocks.sayLine(frame.name, into: &pieces) }
        for (place, text) in root.placedStrings {
            switch place {
            case .name where ["message", "Message", "originalMessage", "originalStatusCode", "reason"].contains(text):
                break
            default: blocks.sayLine(text, into: &pieces)
            }
        }
    }

    // MARK: Blocks

    private mutating func begin(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        let index = try Self.index(root)
        try rest(of: root, ["contentBlockIndex", "start"], into: &pieces)
        guard !blocks.open.contains(index) else { throw UnreadableReply("a content block began twice") }
        note(index)
        guard let start = root["start"], !start.isNull else { return }
        guard start.kind == .object else { throw UnreadableReply("contentBlockStart has no start") }
        for (name, value) in start.members where !value.isNull {
            switch name.word {
            case "toolUse" where value.kind == .object:
                // Also where it has no arguments yet.
                pieces.append(.text(block: blocks.place(index, "toolUse"), .toolCall, ""))
                for (name, value) in value.members where !value.isNull {
                    switch name.word {
                    case "name":
                        blocks.say((value.string ?? "") + "\n", .toolCall, index, "toolUse", into: &pieces)
                    case "toolUseId", "type": blocks.sayIfWords(value, index, into: &pieces)
                    default: blocks.sayUnknown(name.string ?? "", value, .toolCall, index, into: &pieces)
                    }
                }
            case "toolResult", "image": blocks.sayIfWords(value, index, into: &pieces)
            default: blocks.sayUnknown(name.string ?? "", value, .answer, index, into: &pieces)
            }
        }
    }

    private mutating func note(_ index: Int) {
        isFinishing = false
        refusal.note(index)
        blocks.begin(index)
    }

    /// Texts begin with their first words.
    private mutating func delta(_ root: JSONView, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        let index = try Self.index(root)
        try rest(of: root, ["contentBlockIndex", "delta"], into: &pieces)
        note(index)
        guard let delta = root["delta"], delta.kind == .object else {
            throw UnreadableReply("contentBlockDelta has no delta")
        }
        for (name, value) in delta.members where !value.isNull {
            switch name.word {
            case "text" where value.kind == .string:
                blocks.say(value.string ?? "", .answer, index, "text", into: &pieces)
            case "toolUse" where value.kind == .object: call(value, index, into: &pieces)
            case "reasoningContent" where value.kind == .object: thinking(value, index, into: &pieces)
            case "toolResult": found(value, index, "toolResult", into: &pieces)
            case "citation": found(value, index, "citation", into: &pieces)
            case "image": image(value, index, into: &pieces)
            default: blocks.sayUnknown(name.string ?? "", value, .answer, index, into: &pieces)
            }
        }
    }

    private mutating func call(_ value: JSONView, _ index: Int, into pieces: inout [AnswerPiece]) {
        for (name, value) in value.members where !value.isNull {
            if name.isString("input"), value.kind == .string {
                blocks.addArguments(value.string ?? "", index, into: &pieces)
            } else {
                blocks.sayUnknown(name.string ?? "", value, .toolCall, index, into: &pieces)
            }
        }
    }

    private mutating func thinking(_ value: JSONView, _ index: Int, into pieces: inout [AnswerPiece]) {
        for (name, value) in value.members where !value.isNull {
            switch name.word {
            case "text" where value.kind == .string:
                blocks.say(value.string ?? "", .answer, index, "reasoningContent", into: &pieces)
            case "signature" where value.string.map(AnswerForm.isBase64) == true: break
            case "redactedContent" where value.string.map(AnswerForm.isBase64) == true:
                pieces.append(.unseen(.encryptedThinking))
            default: blocks.sayUnknown(name.string ?? "", value, .answer, index, into: &pieces)
            }
        }
    }

    /// Appends the findings of a tool of Amazon's, or a citation: each string a line.
    private mutating func found(
        _ value: JSONView, _ index: Int, _ member: String, into pieces: inout [AnswerPiece]
    ) {
        for (place, text) in value.placedStrings {
            if place == .name, Self.members.contains(text) { continue }
            blocks.say(text + "\n", .document, index, member, into: &pieces)
        }
    }

    /// The names of members that findings have.
    private static let members: Set<String> = [
        "text", "json", "title", "source", "sourceContent", "location", "web", "url", "domain", "documentChar",
        "documentPage", "documentChunk", "searchResultLocation", "documentIndex", "searchResultIndex", "start", "end",
    ]

    private mutating func image(_ value: JSONView, _ index: Int, into pieces: inout [AnswerPiece]) {
        for (place, text) in value.placedStrings {
            switch place {
            case .name where ["source", "bytes", "s3Location", "uri", "bucketOwner", "error", "message"].contains(text):
                break
            case .value(of: "bytes") where AnswerForm.isBase64(text), .value(of: "uri") where AnswerForm.isName(text):
                pieces.append(.unseen(.image))
            case .value(of: "bucketOwner") where AnswerForm.isName(text): break
            default: blocks.sayLine(text, index, into: &pieces)
            }
        }
    }

    /// The members of an event beside those that were read. `p` is padding, of
    /// the alphabet in its order, by which Bedrock hides the length of tokens.
    private mutating func rest(
        of root: JSONView, _ known: Set<String>, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        for (name, value) in root.members where !value.isNull {
            let name = name.string ?? ""
            if known.contains(name) || name == "p" && Padding.isPadding(value) { continue }
            blocks.sayUnknown(name, value, .answer, nil, into: &pieces)
        }
    }
}

/// The member `p` of Bedrock's events.
enum Padding {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)

    static func isPadding(_ value: JSONView) -> Bool {
        guard let text = value.string else { return false }
        return text.utf8.count <= alphabet.count && alphabet.starts(with: text.utf8)
    }
}
