import Continuation
import Conversation
import FoundationEssentials
import NIOCore
import Testing
import Wire

/// A stream of the Responses API that passed as it came, broke off, and is gone
/// on with by Holdfast: each item, part and text in it ends exactly once.
@Suite("Ends of items") struct ItemEndsTests {
    private var caller: any CallerProtocol { get throws { try #require(Speakers.door("responses")) } }
    private var provider: any ProviderProtocol { get throws { try #require(Speakers.provider("responses")) } }

    @Test(arguments: Golden.all(with: .stream)) func eachEndsOnceAtAnyCut(_ golden: Golden) throws {
        let stream = try GoldenStream(golden)
        let asked = try golden.asked("responses", isStream: true)
        if golden.source == "responses" { try check(stream.bytes, "\(golden)", asked) }
        try check(stream.told(by: caller, asked: asked), "\(golden), told anew", asked)
    }

    @Test(arguments: ["custom", "incomplete", "refusal", "search", "text", "tools"])
    func eachOfARecordedStreamEndsOnce(_ name: String) throws {
        let file = Golden.root.deletingLastPathComponent().appending(path: "responses/\(name).stream.sse")
        try check(ByteBuffer(bytes: Data(contentsOf: file)), name)
    }

    @Test(arguments: Written.all) func eachOfAWrittenStreamEndsOnce(_ stream: Written) throws {
        #expect(try check(stream.bytes, stream.name) >= stream.leastCuts, "\(stream.name) was hardly gone on with")
    }

    // MARK: Cutting

    /// - Returns: The number of cuts behind which somebody could go on.
    @discardableResult private func check(
        _ bytes: ByteBuffer, _ name: String, _ asked: ChatRequest = GoldenStream.asked
    ) throws -> Int {
        var reading = GoldenReading(try provider)
        var journal = StreamJournal()
        var known = (frames: 0, events: 0)
        var cuts = 0
        for place in bytes.readableBytesView.indices {
            try reading.feed(bytes.getSlice(at: place, length: 1)!)
            // Half an event never reaches the caller.
            guard reading.frames.count > known.frames else { continue }
            for event in reading.events[known.events...] { journal.note(event) }
            known = (reading.frames.count, reading.events.count)
            guard journal.hasStarted, let rest = rest(of: journal) else { continue }
            var sent = bytes.getSlice(at: bytes.readerIndex, length: place + 1 - bytes.readerIndex)!
            sent.writeImmutableBuffer(
                GoldenStream.encode(
                    rest, by: try caller, asked: asked, replayed: journal.replay, to: reading.place))
            try CountedEnds(of: sent).check("\(name), cut at byte \(place)")
            cuts += 1
        }
        return cuts
    }

    private func rest(of journal: StreamJournal) -> [StreamEvent]? {
        let end: [StreamEvent] = [.finished(choice: 0, .endTurn, stopSequence: nil), .ended]
        switch journal.resumption(of: GoldenStream.asked) {
        // The last event has passed, or somebody would have to take a call back.
        case .whole where journal.finish != nil: return nil
        case .impossible: return nil
        case .whole: return journal.completion(of: GoldenStream.asked)
        case .restart, .resume:
            return [.continued(by: "p/n", model: "n", cause: "truncated", at: 1), .text(choice: 0, "more")] + end
        }
    }
}

// MARK: - Streams of a shape that no recorded one has

/// Events of a stream, by their types and members.
struct Written: CustomTestStringConvertible, Sendable {
    let name: String
    let leastCuts: Int
    let bytes: ByteBuffer
    var testDescription: String { name }

    private init(_ name: String, leastCuts: Int, _ events: [(type: String, members: String)]) {
        self.name = name
        self.leastCuts = leastCuts
        var bytes = ByteBuffer()
        let created = ("created", #""response":{"id":"resp_u","model":"m","created_at":1}"#)
        for (number, event) in ([created] + events).enumerated() {
            bytes.writeString("event: response.\(event.type)\ndata: {\"type\":\"response.\(event.type)\",")
            bytes.writeString("\"sequence_number\":\(number),\(event.members)}\n\n")
        }
        self.bytes = bytes
    }

    private static func added(_ item: String, at place: Int) -> (String, String) {
        ("output_item.added", #""output_index":\#(place),"item":\#(item)"#)
    }

    private static func done(_ item: String, at place: Int) -> (String, String) {
        ("output_item.done", #""output_index":\#(place),"item":\#(item)"#)
    }

    /// The events of one part.
    private static func part(
        _ kind: String, _ text: String, _ item: String, _ number: Int, at place: Int = 0
    ) -> [(String, String)] {
        let isSummary = kind == "summary_text"
        let part = isSummary ? "reasoning_summary_part" : "content_part"
        let say = isSummary ? "reasoning_summary_text" : kind
        let here =
            #""item_id":"\#(item)","output_index":\#(place),"\#(isSummary ? "summary" : "content")_index":\#(number)"#
        let middle = text.index(text.startIndex, offsetBy: text.count / 2)
        return [
            ("\(part).added", #"\#(here),"part":{"type":"\#(kind)","text":""}"#),
            ("\(say).delta", #"\#(here),"delta":"\#(text[..<middle])""#),
            ("\(say).delta", #"\#(here),"delta":"\#(text[middle...])""#),
            ("\(say).done", #"\#(here),"text":"\#(text)""#),
            ("\(part).done", #"\#(here),"part":{"type":"\#(kind)","text":"\#(text)"}"#),
        ]
    }

    private static func call(_ id: String, _ state: String) -> String {
        #"{"id":"\#(id)","type":"function_call","call_id":"call_\#(id)","name":"f","arguments":"\#(state)"}"#
    }

    private static func argued(_ id: String, at place: Int, _ event: String, _ words: String) -> (String, String) {
        let member = event == "done" ? "arguments" : "delta"
        return (
            "function_call_arguments.\(event)", #""item_id":"\#(id)","output_index":\#(place),"\#(member)":"\#(words)""#
        )
    }

    static let all: [Written] = [
        Written(
            "a reasoning of two paragraphs and a message of two parts", leastCuts: 20,
            [added(#"{"id":"rs_1","type":"reasoning","summary":[]}"#, at: 0)]
                + part("summary_text", "First.", "rs_1", 0) + part("summary_text", "Second.", "rs_1", 1) + [
                    done(
                        #"{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"First."},{"type":"summary_text","text":"Second."}]}"#,
                        at: 0),
                    added(#"{"id":"msg_1","type":"message","role":"assistant","content":[]}"#, at: 1),
                ] + part("output_text", "Hello ", "msg_1", 0, at: 1) + part("output_text", "again", "msg_1", 1, at: 1)),
        Written(
            "reasoning that is told itself", leastCuts: 6,
            [added(#"{"id":"rs_1","type":"reasoning","summary":[]}"#, at: 0)]
                + part("reasoning_text", "All of it", "rs_1", 0)),
        Written(
            "a summary, and the reasoning behind it", leastCuts: 11,
            [added(#"{"id":"rs_1","type":"reasoning","summary":[]}"#, at: 0)]
                + part("summary_text", "In short", "rs_1", 0) + part("reasoning_text", "At length", "rs_1", 0)),
        Written(
            "two calls beside each other", leastCuts: 3,
            [
                added(call("fc_1", ""), at: 0), argued("fc_1", at: 0, "delta", "{}"), added(call("fc_2", ""), at: 1),
                argued("fc_2", at: 1, "delta", "{}"), argued("fc_1", at: 0, "done", "{}"),
                argued("fc_2", at: 1, "done", "{}"), done(call("fc_1", "{}"), at: 0), done(call("fc_2", "{}"), at: 1),
            ]),
        Written(
            "a call, and the search of a provider's own behind it", leastCuts: 3,
            [
                added(call("fc_1", ""), at: 0), argued("fc_1", at: 0, "delta", "{}"),
                argued("fc_1", at: 0, "done", "{}"), done(call("fc_1", "{}"), at: 0),
                added(#"{"id":"ws_1","type":"web_search_call","status":"in_progress"}"#, at: 1),
                ("web_search_call.in_progress", #""output_index":1,"item_id":"ws_1""#),
            ]),
        Written(
            "a message that stays open beside its call", leastCuts: 3,
            [added(#"{"id":"msg_1","type":"message","role":"assistant","content":[]}"#, at: 0)]
                + part("output_text", "I ask", "msg_1", 0).dropLast(2) + [
                    added(call("fc_1", ""), at: 1), argued("fc_1", at: 1, "delta", "{}"),
                    argued("fc_1", at: 1, "done", "{}"),
                ]),
    ]
}

// MARK: - Counting

/// The beginnings and ends of a stream's items, parts and texts.
private struct CountedEnds {
    private var begun: [String: Int] = [:]
    private var ended: [String: Int] = [:]
    private var said: [String: String] = [:]
    private var told: [String: String] = [:]
    private var items: [Int: JSONView] = [:]
    private var output: [JSONView] = []
    private var ends = 0
    private var numbers: [Int] = []

    init(of bytes: ByteBuffer) throws {
        var parser = FrameParser(.serverSentEvents)
        parser.feed(bytes)
        while let frame = try parser.next() {
            guard !String(buffer: frame.data).contains("[DONE]") else { continue }
            let root = try JSONDocument(frame.data).root
            let type = String((root["type"]?.string ?? "").dropFirst("response.".count))
            numbers.append(root["sequence_number"]?.int ?? -1)
            count(root, type)
        }
    }

    private mutating func count(_ root: JSONView, _ type: String) {
        let item = root["output_index"]?.int ?? -1
        let part =
            root["content_index"]?.int.map { " content \($0)" }
            ?? root["summary_index"]?.int.map { " summary \($0)" }
        let steps = type.split(separator: ".")
        switch steps.last {
        case "added":
            begun["\(steps[0]) \(item)\(part ?? "")", default: 0] += 1
            if let text = text(in: root) { begun["\(text) \(item)\(part ?? "")", default: 0] += 1 }
        case "delta": said["\(steps[0]) \(item)\(part ?? "")", default: ""] += root["delta"]?.string ?? ""
        case "done":
            let key = "\(steps[0]) \(item)\(part ?? "")"
            ended[key, default: 0] += 1
            told[key] = (root["text"] ?? root["refusal"] ?? root["arguments"] ?? root["input"])?.string
            if steps[0] == "output_item" { items[item] = root["item"] }
        case "completed" where steps.count == 1, "incomplete" where steps.count == 1:
            ends += 1
            output = root["response"].map { Array(($0["output"] ?? $0).elements) } ?? []
        default: break
        }
    }

    /// The text that begins with a part or an item, by the name of its events.
    private func text(in root: JSONView) -> String? {
        switch (root["part"] ?? root["item"])?["type"]?.string {
        case "output_text": "output_text"
        case "refusal": "refusal"
        case "summary_text": "reasoning_summary_text"
        case "reasoning_text": "reasoning_text"
        case "function_call": "function_call_arguments"
        case "custom_tool_call": "custom_tool_call_input"
        default: nil
        }
    }

    func check(_ place: String) throws {
        #expect(numbers == Array(0..<numbers.count), "\(place): the events' numbers have a gap")
        #expect(ends == 1, "\(place): \(ends) last events")
        for (key, count) in begun { #expect(count == 1, "\(place): \(key) begins \(count) times") }
        for key in Set(begun.keys).union(ended.keys) {
            #expect(begun[key] == 1 && ended[key] == 1, "\(place): \(key) ends \(ended[key] ?? 0) times")
        }
        for (key, text) in told where said[key] != nil {
            #expect(said[key]?.utf8.elementsEqual(text.utf8) == true, "\(place): \(key) is \(text)")
        }
        #expect(items.count == output.count, "\(place): \(output.count) items in the last event")
        for (index, item) in output.enumerated() {
            #expect(items[index].map(item.says) == true, "\(place): item \(index) is told twice, and differs")
        }
    }
}
