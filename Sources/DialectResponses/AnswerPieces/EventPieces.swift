import Conversation
import NIOCore
import Wire

/// The reading of a streamed response for a supervisor.
///
/// Each part of an item is a block, and so is each member that has text beside
/// it: a client reads one of them. A string in a member that isn't known is
/// judged, and so is one that stands where an id or a word belongs and is none.
/// What an event repeats is judged once (``HeardTexts``). What the answer repeats
/// of its request was judged there, in the scope that it has there.
///
/// https://platform.openai.com/docs/api-reference/responses-streaming
struct EventPieces: AnswerReader {
    private struct Item {
        var scope: PassageScope
        var call = CallText()
        /// The numbers of its blocks, by member.
        var blocks: [String: Int] = [:]
        var isNamed = false
    }

    private var items: [Int: Item] = [:]
    /// The blocks of what stands in no item.
    private var outside: [String: Int] = [:]
    private var nextPlace = 0
    private var heard = HeardTexts()
    private var closing: ResponseClosing
    private(set) var isFinishing = false

    /// Of an item, and outside.
    private static let mostBlocks = 64
    private static let mostItems = 4096

    /// - Parameter request: The body of the request that is answered, whose texts
    ///   have been judged; empty where it isn't known.
    init(to request: ByteBuffer = ByteBuffer()) {
        closing = ResponseClosing(isForCodex: RepeatedTexts.isOfCodex(request))
        RepeatedTexts.each(of: request) { heard.learn($0, $1) }
    }

    var keepAlive: ByteBuffer { ByteBuffer(string: ": held\n\n") }

    func refuse(_ refusal: AnswerRefusal) -> ByteBuffer { closing.write(refusal) }

    // MARK: Events

    mutating func read(_ frame: Frame, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
        guard frame.data.readableBytes > 0 else {
            return sayLine(frame.name, .answer, into: &pieces)
        }
        if frame.isDone { return }
        let root = try Self.document(frame.data).root
        if root.isNull { return }
        guard root.kind == .object else { throw UnreadableReply("an event of the stream is not a JSON object") }
        let type = root["type"]?.word ?? ""
        if !frame.name.isEmpty, frame.name != type { sayLine(frame.name, .answer, into: &pieces) }
        closing.note(root, type)
        if type.hasSuffix(".delta") {
            try delta(root, type, into: &pieces)
        } else {
            try event(root, type, into: &pieces)
        }
    }

    private static func document(_ bytes: ByteBuffer) throws(UnreadableReply) -> JSONDocument {
        do throws(JSONProblem) {
            return try JSONDocument(bytes)
        } catch {
            throw UnreadableReply("an event of the stream is not JSON: \(error)")
        }
    }

    private static func index(of root: JSONView) throws(UnreadableReply) -> Int? {
        guard let index = root["output_index"], !index.isNull else { return nil }
        guard let number = index.int, (0..<mostItems).contains(number) else {
            throw UnreadableReply("`output_index` is out of bounds")
        }
        return number
    }

    /// A fragment: the next piece of its block. All else in it is text that goes
    /// on, too.
    private mutating func delta(
        _ root: JSONView, _ type: String, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        isFinishing = false
        let index = try Self.index(of: root)
        let part = (root["content_index"] ?? root["summary_index"])?.int ?? 0
        for (name, value) in root.members where !value.isNull {
            let name = name.word ?? ""
            guard name == "delta", let text = value.string else {
                goOn(name, value, in: index, into: &pieces)
                continue
            }
            if type == "response.audio.delta", AnswerForm.isBase64(text) {
                pieces.append(.unseen(.audio))
                continue
            }
            let stream = "\(type).\(part)"
            let scope = index.flatMap { items[$0]?.scope } ?? .answer
            heard.grow(stream, of: index, scope, text)
            if scope == .toolCall, let index { items[index]?.call.add(text) }
            say(text, scope == .toolCall ? "" : stream, in: index, scope, into: &pieces)
        }
    }

    private mutating func event(
        _ root: JSONView, _ type: String, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        let index = try Self.index(of: root)
        for (name, value) in root.members where !value.isNull {
            let name = name.word ?? ""
            switch name {
            case "item" where value.kind == .object:
                try begin(value, at: index ?? items.count, into: &pieces)
                strings(of: value, "item", in: index ?? items.count - 1, nil, into: &pieces)
            case "response" where value.kind == .object: try response(value, into: &pieces)
            default:
                say(unless: Self.names, name, in: index, into: &pieces)
                strings(of: value, name, in: index, nil, into: &pieces)
            }
        }
        switch type {
        case "response.output_item.done": if let index { end(index, into: &pieces) }
        case "response.completed", "response.incomplete": end(root["response"], into: &pieces)
        default: endOutside(into: &pieces)
        }
    }

    private mutating func response(
        _ response: JSONView, into pieces: inout [AnswerPiece]
    ) throws(UnreadableReply) {
        for (name, value) in response.members where !value.isNull {
            let name = name.word ?? ""
            guard name == "output", value.kind == .array else {
                say(unless: Self.names, name, in: nil, into: &pieces)
                strings(of: value, name, in: nil, RepeatedTexts.scopes[name], into: &pieces)
                continue
            }
            for (index, item) in value.elements.enumerated() {
                guard index < Self.mostItems else { throw UnreadableReply("an answer has too many items") }
                try begin(item, at: index, into: &pieces)
                strings(of: item, "item", in: index, nil, into: &pieces)
            }
        }
    }

    private mutating func end(_ response: JSONView?, into pieces: inout [AnswerPiece]) {
        for index in items.keys.sorted() { end(index, into: &pieces) }
        endOutside(into: &pieces)
        guard !isFinishing else { return }
        isFinishing = true
        if response?["incomplete_details"]?["reason"]?.isString("content_filter") == true {
            pieces.append(.refused(category: nil))
        }
        pieces.append(.ended)
    }

    // MARK: Items

    private mutating func begin(_ item: JSONView, at index: Int, into pieces: inout [AnswerPiece])
        throws(UnreadableReply)
    {
        guard items[index] == nil else { return }
        guard items.count < Self.mostItems else { throw UnreadableReply("an answer has too many items") }
        let type = item["type"]?.word ?? ""
        let scope: PassageScope =
            type.hasSuffix("_call") || type == "program"
            ? .toolCall : type.hasSuffix("_output") || type.hasPrefix("mcp_") ? .document : .answer
        items[index] = Item(scope: scope)
        isFinishing = false
        // Also where it says nothing yet.
        if scope == .toolCall {
            pieces.append(.text(block: place("", in: index), .toolCall, ""))
        }
    }

    private mutating func end(_ index: Int, into pieces: inout [AnswerPiece]) {
        guard let item = items[index], !item.blocks.isEmpty else { return heard.end(index) }
        if item.scope == .toolCall, let text = item.call.unescaped {
            say("\n" + text, "", in: index, .toolCall, into: &pieces)
        }
        heard.end(index)
        for place in (items[index]?.blocks ?? [:]).values.sorted() { pieces.append(.blockEnded(place)) }
        // What is said behind its end is a new text.
        items[index]?.blocks = [:]
        items[index]?.call = CallText()
    }

    private mutating func endOutside(into pieces: inout [AnswerPiece]) {
        heard.end(nil)
        for place in outside.values.sorted() { pieces.append(.blockEnded(place)) }
        outside = [:]
    }

    // MARK: Strings

    /// Reads a member of a fragment, whose strings are the next pieces of theirs.
    private mutating func goOn(_ name: String, _ value: JSONView, in index: Int?, into pieces: inout [AnswerPiece]) {
        if let text = value.string, Self.isStructural(name), AnswerForm.isName(text) { return }
        say(unless: Self.names, name, in: index, into: &pieces)
        value.eachString(of: name) { place, text in
            switch place {
            case .name: say(unless: Self.names, text, in: index, into: &pieces)
            case .value(let member):
                let member = member ?? name
                if Self.isStructural(member), AnswerForm.isName(text) { return }
                let scope = index.flatMap { items[$0]?.scope } ?? .answer
                say(text, "\(name).\(member)", in: index, scope, into: &pieces)
            }
        }
    }

    /// Reads a value's strings: each is whole.
    private mutating func strings(
        of value: JSONView, _ name: String, in index: Int?, _ scope: PassageScope?, into pieces: inout [AnswerPiece]
    ) {
        let scope = scope ?? index.flatMap { items[$0]?.scope } ?? .answer
        value.eachString(of: name) { place, text in
            guard !text.isEmpty else { return }
            switch place {
            case .name:
                if !Self.names.contains(text), heard.isNew(text, of: index, scope) {
                    say(text + "\n", scope == .toolCall ? "" : "lines", in: index, scope, into: &pieces)
                }
            case .value(let member): string(text, member ?? name, in: index, scope, into: &pieces)
            }
        }
    }

    private mutating func string(
        _ text: String, _ member: String, in index: Int?, _ scope: PassageScope, into pieces: inout [AnswerPiece]
    ) {
        switch member {
        case "encrypted_content", "signature":
            if AnswerForm.isBase64(text) { return pieces.append(.unseen(.encryptedThinking)) }
        case "result", "partial_image_b64", "b64_json", "file_data":
            if text.utf8.count > 64, AnswerForm.isBase64(text) { return pieces.append(.unseen(.image)) }
        // A call's own name is the first line of what it says.
        case "name" where scope == .toolCall && index.flatMap { items[$0]?.isNamed } == false:
            if let index { items[index]?.isNamed = true }
        default: if Self.isStructural(member), AnswerForm.isName(text) { return }
        }
        guard heard.isNew(text, of: index, scope) else { return }
        say(text + "\n", scope == .toolCall ? "" : member, in: index, scope, into: &pieces)
        guard member == "arguments" else { return }
        // Letters that escapes hide, in arguments that came at once.
        var call = CallText()
        call.add(text)
        if let shown = call.unescaped { say(shown + "\n", "", in: index, scope, into: &pieces) }
    }

    private mutating func say(
        unless known: Set<String>, _ name: String, in index: Int?, into pieces: inout [AnswerPiece]
    ) {
        guard !known.contains(name), heard.isNew(name, of: index, .answer) else { return }
        sayLine(name, .answer, into: &pieces)
    }

    private mutating func sayLine(_ text: String, _ scope: PassageScope, into pieces: inout [AnswerPiece]) {
        if !text.isEmpty { say(text + "\n", "lines", in: nil, scope, into: &pieces) }
    }

    /// Says a text in a block of an item, or of none.
    private mutating func say(
        _ text: String, _ block: String, in index: Int?, _ scope: PassageScope, into pieces: inout [AnswerPiece]
    ) {
        guard !text.isEmpty else { return }
        if let part = AnswerForm.unseen(inURL: text) { return pieces.append(.unseen(part)) }
        let isKnown = index.map { items[$0] != nil } ?? false
        pieces.append(.text(block: place("\(scope.rawValue).\(block)", in: isKnown ? index : nil), scope, text))
    }

    private mutating func place(_ name: String, in index: Int?) -> Int {
        let name = name.isEmpty ? "\(PassageScope.toolCall.rawValue)." : name
        let blocks = index.flatMap { items[$0]?.blocks } ?? outside
        if let place = blocks[name] { return place }
        if blocks.count >= Self.mostBlocks || name.utf8.count > 128, name != "lines" {
            return place("lines", in: index)
        }
        defer { nextPlace += 1 }
        if let index {
            items[index]?.blocks[name] = nextPlace
        } else {
            outside[name] = nextPlace
        }
        return nextPlace
    }
}
