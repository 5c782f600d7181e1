import Conversation
import NIOCore
import Wire

/// An item that a model is saying: a message, or reasoning.
struct SpokenItem {
    let id: String
    /// The place in the answer.
    let index: Int
    let isReasoning: Bool
    /// The parts that are whole.
    private var parts: [Whole] = []
    private var open: Open?
    /// The part of the reasoning that its maker alone can read.
    var encrypted: String?
    /// True for an item whose parts are told with its end alone.
    var isQuiet = false

    private struct Whole {
        var isContent: Bool
        var json: ByteBuffer
    }

    private struct Open {
        var kind: OutputPart
        var number: Int
        var text = ""
        /// True once its text has been told whole.
        var isSaid = false
        /// The entries of the tokens that have been told.
        var logprobs = ByteBuffer()
        /// The members of its events that say where it belongs.
        var place: ByteBuffer

        mutating func tell(_ tokens: [TokenLogprob]) { OutputPart.append(tokens, to: &logprobs) }
    }

    /// - Parameter kind: A message or a reasoning.
    init(_ kind: OutputItem.Kind, id: String, at index: Int) {
        self.id = id
        self.index = index
        isReasoning = kind == .reasoning
    }

    // MARK: Events

    func begin(_ lines: inout EventLines, to bytes: inout ByteBuffer) {
        lines.write("response.output_item.added", to: &bytes) { json in
            json.member("output_index", index)
            json.key("item")
            json.value(
                encoded: isReasoning
                    ? OutputItem.reasoning(id, [], encrypted: nil) : OutputItem.message(id, "in_progress", []))
        }
    }

    mutating func say(
        _ text: String, as kind: OutputPart, logprobs: [TokenLogprob] = [], _ lines: inout EventLines,
        to bytes: inout ByteBuffer
    ) {
        if open?.kind != kind || open?.isSaid == true { endPart(&lines, to: &bytes) }
        if open == nil { beginPart(kind, &lines, to: &bytes) }
        open?.text += text
        guard let place = open?.place, !isQuiet else { return }
        switch kind {
        case .text:
            var entries = ByteBuffer()
            OutputPart.append(logprobs, to: &entries)
            open?.tell(logprobs)
            var end = ByteBuffer(string: ",\"logprobs\":[")
            end.writeImmutableBuffer(entries)
            end.writeStaticString("]")
            lines.delta("response.output_text.delta", place, text, to: &bytes, end: end)
        case .refusal: lines.delta("response.refusal.delta", place, text, to: &bytes)
        case .summary: lines.delta("response.reasoning_summary_text.delta", place, text, to: &bytes)
        case .reasoning: lines.delta("response.reasoning_text.delta", place, text, to: &bytes)
        }
    }

    private func opened(_ kind: OutputPart, _ number: Int) -> Open {
        var place = ByteBuffer(string: ",\"item_id\":")
        JSONString.append(id, to: &place)
        place.writeString(",\"output_index\":\(index),\"\(kind.isContent ? "content" : "summary")_index\":\(number)")
        return Open(kind: kind, number: number, place: place)
    }

    private func place(of part: Open, to json: inout JSONWriter) {
        json.member("item_id", id)
        json.member("output_index", index)
        json.member(part.kind.isContent ? "content_index" : "summary_index", part.number)
    }

    private mutating func beginPart(_ kind: OutputPart, _ lines: inout EventLines, to bytes: inout ByteBuffer) {
        let part = opened(kind, parts.count { $0.isContent == kind.isContent })
        open = part
        guard !isQuiet else { return }
        let type: StaticString =
            kind.isContent ? "response.content_part.added" : "response.reasoning_summary_part.added"
        lines.write(type, to: &bytes) { json in
            place(of: part, to: &json)
            json.key("part")
            json.value(encoded: kind.encoded(""))
        }
    }

    /// Ends the part that is open, if one is.
    mutating func endPart(_ lines: inout EventLines, to bytes: inout ByteBuffer) {
        guard let part = open else { return }
        open = nil
        let whole = part.kind.encoded(part.text, logprobs: part.logprobs)
        parts.append(Whole(isContent: part.kind.isContent, json: whole))
        guard !isQuiet else { return }
        if !part.isSaid { endText(of: part, &lines, to: &bytes) }
        let end: StaticString =
            part.kind.isContent ? "response.content_part.done" : "response.reasoning_summary_part.done"
        lines.write(end, to: &bytes) { json in
            place(of: part, to: &json)
            json.key("part")
            json.value(encoded: whole)
        }
    }

    private func endText(of part: Open, _ lines: inout EventLines, to bytes: inout ByteBuffer) {
        let type: StaticString =
            switch part.kind {
            case .text: "response.output_text.done"
            case .refusal: "response.refusal.done"
            case .summary: "response.reasoning_summary_text.done"
            case .reasoning: "response.reasoning_text.done"
            }
        lines.write(type, to: &bytes) { json in
            place(of: part, to: &json)
            json.member(part.kind == .refusal ? "refusal" : "text", part.text)
            guard part.kind == .text else { return }
            json.array("logprobs") { $0.contents(encoded: part.logprobs) }
        }
    }

    /// Ends the item.
    /// - Returns: The whole of it.
    mutating func end(_ status: String, _ lines: inout EventLines, to bytes: inout ByteBuffer) -> ByteBuffer {
        endPart(&lines, to: &bytes)
        let whole =
            isReasoning
            ? OutputItem.reasoning(
                id, parts.filter { !$0.isContent }.map(\.json), content: parts.filter(\.isContent).map(\.json),
                encrypted: encrypted)
            : OutputItem.message(id, status, parts.map(\.json))
        lines.write("response.output_item.done", to: &bytes) { json in
            json.member("output_index", index)
            json.key("item")
            json.value(encoded: whole)
        }
        return whole
    }
}

// MARK: - An item that another candidate has begun

extension SpokenItem {
    /// A part that has begun, and has said so much.
    struct Begun {
        var kind: OutputPart
        var number: Int
        var text = ""
        /// True once its text has been told whole.
        var isSaid = false
    }

    /// The rest of an item.
    /// - Parameters:
    ///   - parts: Those that are whole.
    ///   - begun: The part that isn't; nil where there is none.
    init(_ kind: OutputItem.Kind, id: String, at index: Int, parts: [JSONFragment], begun: Begun?) {
        self.init(kind, id: id, at: index)
        self.parts = parts.map { part in
            Whole(
                isContent: (try? part.document().root).map { OutputPart(of: $0).isContent } ?? !isReasoning,
                json: part.bytes)
        }
        guard let begun else { return }
        open = opened(begun.kind, begun.number)
        open?.text = begun.text
        open?.isSaid = begun.isSaid
    }

    /// The rest of an item that passed as it came.
    /// - Parameters:
    ///   - item: The item as it passed.
    ///   - told: The item that the same words have become here; nil where there
    ///     is none.
    init(
        _ kind: OutputItem.Kind, id: String, at index: Int, goingOnFrom item: StreamPlace.OpenItem,
        told: SpokenItem?
    ) {
        let isReasoning = kind == .reasoning
        let said = told?.isReasoning == isReasoning ? told?.open : nil
        let begun = item.part.map { part in
            // In the shared terms all reasoning is one kind.
            let named = (try? part.begun?.document().root).map(OutputPart.init) ?? said?.kind ?? .text
            let kind: OutputPart = isReasoning ? part.isSummary ? .summary : .reasoning : named
            let isHeard = isReasoning || said?.kind == kind
            let heard = isHeard ? Self.rest(of: said?.text ?? "", as: kind, behind: item.parts) : ""
            return Begun(
                kind: kind, number: part.number, text: item.unheard.isEmpty ? heard : item.unheard,
                isSaid: item.isSaid)
        }
        self.init(kind, id: id, at: index, parts: item.parts, begun: begun)
        if let tokens = said?.logprobs { open?.logprobs = tokens }
    }

    /// Returns the words of the part that is open: here they stand in one text
    /// with those of the parts before it.
    private static func rest(of text: String, as kind: OutputPart, behind parts: [JSONFragment]) -> String {
        let isReasoning = kind == .summary || kind == .reasoning
        var rest = text.utf8[...]
        for part in parts.compactMap({ try? $0.document().root }) {
            let words = part["text"]?.string ?? ""
            guard OutputPart(of: part) == kind else {
                // Of a summary and the reasoning behind it, only one was heard.
                if isReasoning, !words.isEmpty { return "" }
                continue
            }
            guard !words.isEmpty, rest.starts(with: words.utf8) else { continue }
            rest = rest.dropFirst(words.utf8.count)
            if isReasoning, rest.starts(with: "\n\n".utf8) { rest = rest.dropFirst(2) }
        }
        return String(decoding: rest, as: UTF8.self)
    }
}
