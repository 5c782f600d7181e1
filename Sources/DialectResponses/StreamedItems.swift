import Conversation
import NIOCore
import Wire

/// The items of a streamed response, as far as they have come.
struct StreamedItems {
    /// An item that has begun and hasn't ended.
    private struct Item {
        var kind: ItemKind
        /// The place in the answer.
        var place: Int
        /// The number of its call in the shared terms; nil where it is none.
        var call: Int?
        /// True once it has said something: what is told whole at its end is
        /// not told again.
        var hasSpoken = false
        /// The kind of reasoning that it tells; a server may give a summary and
        /// the whole.
        var reasoning: String?
        /// True while the next words of its reasoning begin a paragraph.
        var beginsParagraph = false
    }

    /// By their `output_index`. As a rule there is one.
    private var open: [Int: Item] = [:]
    /// The last one that began: events may name none.
    private var last = 0
    /// The calls so far.
    private(set) var calls = 0
    private(set) var hasAny = false
    private(set) var place = StreamPlace(sequence: -1)

    /// More items than anyone makes in one answer; keeps memory bounded.
    private static let most = 4096

    var hasSpoken: Bool {
        get { open[last]?.hasSpoken ?? false }
        set { open[last]?.hasSpoken = newValue }
    }

    mutating func note(sequence: Int?) {
        if let sequence, sequence > place.sequence { place.sequence = sequence } else { place.sequence &+= 1 }
    }

    private func index(of root: JSONView) -> Int { root["output_index"]?.int ?? last }

    // MARK: Items

    mutating func add(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard let view = root["item"], view.kind == .object else {
            throw UnreadableReply("an item of the stream begins without itself")
        }
        guard place.items.count < Self.most else { throw UnreadableReply("an answer has too many items") }
        last = root["output_index"]?.int ?? place.items.count
        hasAny = true
        var item = Item(kind: ItemKind(view), place: place.items.count)
        place.items.append(.open(StreamPlace.OpenItem(begun: view.fragment)))
        switch item.kind {
        case .functionCall, .customCall, .searchCall:
            let call = try begin(view, into: &events)
            item.call = call
            place.change(item.place) { $0.call = call }
            let isCustom = item.kind == .customCall
            // The arguments of a search are an object, which is whole at the item's end.
            let said = (isCustom ? view["input"] : view["arguments"])?.string ?? ""
            open[last] = item
            if isCustom { argue(CustomInput.opening, of: last, into: &events) }
            if !said.isEmpty { argue(isCustom ? CustomInput.escaped(said) : said, of: last, into: &events) }
            if isCustom { open[last]?.hasSpoken = !said.isEmpty }
            return
        case .other: events.append(.foreignPart)
        case .message, .reasoning: break
        }
        open[last] = item
    }

    private mutating func begin(_ view: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) -> Int {
        guard let name = ItemKind.calledName(in: view) else {
            throw UnreadableReply("a call in the stream names no function")
        }
        let id = view["call_id"]?.string ?? view["id"]?.string ?? ""
        defer { calls += 1 }
        events.append(.toolCallStarted(choice: 0, call: calls, id: id.isEmpty ? "call_\(calls)" : id, name: name))
        return calls
    }

    mutating func end(_ root: JSONView, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard let view = root["item"], view.kind == .object else {
            throw UnreadableReply("an item of the stream ends without itself")
        }
        let index = index(of: root)
        // Some servers only say that it has ended.
        if open[index] == nil { try add(root, into: &events) }
        guard let item = open[index] else { throw UnreadableReply("an item of the stream ends that hasn't begun") }
        switch item.kind {
        case .functionCall, .searchCall:
            // No fragments are told by what they would have joined to; none at
            // all mean the empty object.
            let said = ItemKind.arguments(in: view)
            if !item.hasSpoken { argue(said.isBlank ? "{}" : said, of: index, into: &events) }
        case .customCall:
            if !item.hasSpoken, let said = view["input"]?.string {
                argue(CustomInput.escaped(said), of: index, into: &events)
            }
            argue(CustomInput.closing, of: index, into: &events)
        case .message where !item.hasSpoken:
            for part in view["content"]?.elements ?? view.elements {
                if let text = part["text"]?.string, !text.isEmpty {
                    events.append(.text(choice: 0, text))
                } else if let words = part["refusal"]?.string, !words.isEmpty {
                    events.append(.refusal(choice: 0, words))
                }
            }
        case .reasoning where !item.hasSpoken:
            let text = ItemKind.reasoning(in: view)
            if !text.isEmpty { events.append(.thinking(choice: 0, text)) }
        case .message, .reasoning, .other: break
        }
        open[index] = nil
        place.items[item.place] = .whole(view.fragment)
        if item.kind != .other { events.append(.partEnded(choice: 0)) }
    }

    /// A call that is told whole.
    mutating func tell(_ call: ToolCall, into events: inout [StreamEvent]) {
        let id = call.id.isEmpty ? "call_\(calls)" : call.id
        events.append(.toolCallStarted(choice: 0, call: calls, id: id, name: call.name))
        let arguments = call.arguments.isBlank ? "{}" : call.arguments
        events.append(.toolCallArguments(choice: 0, call: calls, fragment: arguments))
        calls += 1
    }

    // MARK: What they say

    mutating func beginPart(_ root: JSONView, into events: inout [StreamEvent]) {
        var part = Self.part(of: root) ?? StreamPlace.OpenPart(0)
        part.begun = root["part"]?.fragment
        change(root) { [part] in $0.part = part }
        if part.number > 0 { open[index(of: root)]?.beginsParagraph = true }
    }

    mutating func endPart(_ root: JSONView) {
        let part = root["part"]?.fragment
        change(root) { item in
            (item.part, item.isSaid, item.unheard) = (nil, false, "")
            if let part { item.parts.append(part) }
        }
    }

    /// Notes that the text of a part, or of a call, has been told whole.
    mutating func complete(_ root: JSONView) { change(root) { $0.isSaid = true } }

    /// The part that an event names.
    private static func part(of root: JSONView) -> StreamPlace.OpenPart? {
        if let number = root["content_index"]?.int { return StreamPlace.OpenPart(number) }
        return root["summary_index"]?.int.map { StreamPlace.OpenPart($0, isSummary: true) }
    }

    private mutating func change(_ root: JSONView, _ change: (inout StreamPlace.OpenItem) -> Void) {
        if let item = open[index(of: root)] { place.change(item.place, change) }
    }

    /// Notes the part of a text, which some servers begin without an event.
    private mutating func notePart(_ root: JSONView) {
        change(root) { item in
            if item.part == nil { item.part = Self.part(of: root) ?? StreamPlace.OpenPart(item.parts.count) }
        }
    }

    mutating func say(_ root: JSONView, _ event: StreamEvent, into events: inout [StreamEvent]) {
        notePart(root)
        hasAny = true
        hasSpoken = true
        events.append(event)
    }

    /// Ends the text of a part, and tells it where no delta has told it.
    mutating func complete(
        _ root: JSONView, _ member: StaticString, into events: inout [StreamEvent], _ event: (String) -> StreamEvent
    ) {
        let index = index(of: root)
        notePart(root)
        complete(root)
        guard open[index]?.hasSpoken == false, let words = root[member]?.string, !words.isEmpty else { return }
        open[index]?.hasSpoken = true
        events.append(event(words))
    }

    mutating func think(_ root: JSONView, _ words: String, _ type: String, into events: inout [StreamEvent]) {
        notePart(root)
        hasAny = true
        guard var item = open[last] else { return events.append(.thinking(choice: 0, words)) }
        guard item.reasoning == nil || item.reasoning == type else {
            return place.change(item.place) { $0.unheard += words }
        }
        item.reasoning = type
        if item.beginsParagraph, item.hasSpoken { events.append(.thinking(choice: 0, "\n\n")) }
        item.beginsParagraph = false
        item.hasSpoken = true
        open[last] = item
        events.append(.thinking(choice: 0, words))
    }

    /// - Parameter words: A fragment of a call's arguments, or of its input.
    mutating func argue(
        _ root: JSONView, _ words: String, into events: inout [StreamEvent]
    ) throws(UnreadableReply) {
        let index = index(of: root)
        guard let item = open[index], item.call != nil else {
            throw UnreadableReply("arguments in the stream belong to no call")
        }
        argue(item.kind == .customCall ? CustomInput.escaped(words) : words, of: index, into: &events)
        open[index]?.hasSpoken = true
    }

    private mutating func argue(_ fragment: String, of index: Int, into events: inout [StreamEvent]) {
        guard let call = open[index]?.call, !fragment.isEmpty else { return }
        open[index]?.hasSpoken = true
        events.append(.toolCallArguments(choice: 0, call: call, fragment: fragment))
    }
}

/// The input of a custom tool's call as the arguments of a function: an object
/// with that text as its only member.
enum CustomInput {
    static let opening = #"{"input":""#
    static let closing = #""}"#

    /// Returns a piece of the text as it stands inside the object.
    static func escaped(_ text: String) -> String {
        var json = JSONWriter()
        json.value(text)
        // By bytes: a mark that begins the text is one character with the quote.
        return String(decoding: json.buffer.readableBytesView.dropFirst().dropLast(), as: UTF8.self)
    }
}
