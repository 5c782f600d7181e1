import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite struct EventReaderTests {
    static let streams = ["text", "tools", "custom", "refusal", "incomplete", "search", "failed"]

    private static let started = StreamEvent.started(
        id: "resp_up1", model: "gpt-upstream-2026", created: 1_767_225_600)
    private static let cost = StreamEvent.usage(
        Usage(input: 1210, output: 33, cacheRead: 1152, cacheWrite: 0, reasoning: 7))
    private static func finished(_ reason: FinishReason) -> [StreamEvent] {
        [cost, .finished(choice: 0, reason, stopSequence: nil), .ended]
    }
    private static func arguments(_ call: Int, _ fragments: [String]) -> [StreamEvent] {
        fragments.map { .toolCallArguments(choice: 0, call: call, fragment: $0) }
    }

    static let expected: [String: [StreamEvent]] = [
        "text": [
            started, .text(choice: 0, "Grü"), .text(choice: 0, "ße"), .text(choice: 0, " \"usage\": 👋\n"),
            .partEnded(choice: 0),
        ] + finished(.endTurn),
        "tools": [
            started, .thinking(choice: 0, "First"), .thinking(choice: 0, "."), .thinking(choice: 0, "\n\n"),
            .thinking(choice: 0, "Then."), .partEnded(choice: 0),
            .toolCallStarted(choice: 0, call: 0, id: "call_A1", name: "get_weather"),
        ] + arguments(0, ["{\"", "ci", "ty", "\":", "\"K", "öl", "n\"", "}"]) + [
            .partEnded(choice: 0), .toolCallStarted(choice: 0, call: 1, id: "call_B", name: "get_time"),
        ] + arguments(1, ["{}"]) + [.partEnded(choice: 0)] + finished(.toolCalls),
        "custom": [started, .toolCallStarted(choice: 0, call: 0, id: "call_C1", name: "apply_patch")]
            + arguments(0, ["{\"input\":\"", "*** B", "egin ", "\\\"Patc", "h\\\"\\n+ü", "\\n", "\"}"])
            + [.partEnded(choice: 0)] + finished(.toolCalls),
        "refusal": [
            started, .refusal(choice: 0, "I can"), .refusal(choice: 0, "'t he"), .refusal(choice: 0, "lp wi"),
            .refusal(choice: 0, "th th"), .refusal(choice: 0, "at."), .partEnded(choice: 0),
        ] + finished(.endTurn),
        "incomplete": [started, .text(choice: 0, "Ha"), .text(choice: 0, "lf"), .partEnded(choice: 0)]
            + finished(.length),
        "search": [started, .foreignPart, .text(choice: 0, "Found."), .partEnded(choice: 0)]
            + finished(.endTurn),
        "failed": [
            started, .text(choice: 0, "Ha"),
            .failed(
                ProviderError(
                    status: 429, code: "rate_limit_exceeded", message: "Rate limit reached; try again in 1.2s.")),
        ],
    ]

    @Test(arguments: streams) func aRecordedStreamIsReadAsItIs(_ name: String) throws {
        #expect(try responses.decode(stream: [Recorded.bytes("\(name).stream.sse")]).shared == Self.expected[name])
    }

    @Test(arguments: streams) func nobodySeesWhereTheBytesWereCut(_ name: String) throws {
        let bytes = try Recorded.bytes("\(name).stream.sse")
        for cut in 0...bytes.readableBytes {
            let events = try responses.decode(stream: bytes.cut(at: cut)).shared
            guard events == Self.expected[name] else {
                Issue.record("cut at byte \(cut): \(events)")
                return
            }
        }
    }

    @Test(arguments: streams) func aStreamThatIsCutOffNeverEnds(_ name: String) throws {
        let bytes = try Recorded.bytes("\(name).stream.sse")
        let last = try #require(
            bytes.withUnsafeReadableBytes { bytes in
                ["response.completed", "response.incomplete", "response.failed"].compactMap {
                    (word: StaticString) in bytes.place(of: word)
                }.min()
            })
        for cut in 0...last {
            let events = try responses.decode(stream: [bytes.getSlice(at: 0, length: cut)!])
            for event in events {
                switch event {
                case .ended, .finished, .failed: Issue.record("cut at byte \(cut), it ends: \(event)")
                default: break
                }
            }
        }
    }

    // MARK: Other servers' ways

    private static let created = #"{"type":"response.created","response":{"id":"r","model":"m","created_at":1.5}}"#
    private static let completed =
        #"{"type":"response.completed","response":{"id":"r","model":"m","status":"completed","output":[]}}"#

    @Test func everythingAtTheEndIsReadFromThere() throws {
        let whole = try Recorded.bytes("tools.response.json")
        let last = #"{"type":"response.completed","response":"# + String(buffer: whole) + "}"
        let events = try responses.decode([last])
        #expect(events.first == Self.started && events.last == .ended)
        #expect(events.contains(.thinking(choice: 0, "First.\n\nThen.")))
        #expect(events.contains(.toolCallArguments(choice: 0, call: 0, fragment: #"{"city":"Köln"}"#)))
        #expect(events.contains(.text(choice: 0, "One moment.")))
        #expect(events.contains(.finished(choice: 0, .toolCalls, stopSequence: nil)))
    }

    @Test(arguments: [true, false]) func aTextWithoutDeltasIsSaidOnce(_ isPartToldAlone: Bool) throws {
        let added = #"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}}"#
        let part = #"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Hi"}"#
        let end =
            #"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}"#
        let events = try responses.decode(
            [Self.created, added] + (isPartToldAlone ? [part] : []) + [end, Self.completed])
        #expect(events.filter { if case .text = $0 { true } else { false } } == [.text(choice: 0, "Hi")])
    }

    @Test(arguments: [("", "{}"), (#"{"a":1}"#, #"{"a":1}"#), (" ", "{}")])
    func argumentsWithoutDeltasAreSaidOnce(_ arguments: String, _ told: String) throws {
        let added =
            #"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}"#
        let done =
            #"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""#
            + arguments.replacing("\"", with: "\\\"") + #""}}"#
        let events = try responses.decode([Self.created, added, done, Self.completed])
        #expect(
            events.filter { if case .toolCallArguments = $0 { true } else { false } }
                == [.toolCallArguments(choice: 0, call: 0, fragment: told)])
    }

    @Test func aServerThatNamesNoEventsIsRead() throws {
        let text = String(buffer: try Recorded.bytes("text.stream.sse"))
        let nameless = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("event:") }
        let bytes = ByteBuffer(string: nameless.joined(separator: "\n"))
        #expect(try responses.decode(stream: [bytes]).shared == Self.expected["text"])
    }

    @Test func reasoningIsToldInOneOfItsForms() throws {
        let events = try responses.decode([
            Self.created,
            #"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs"}}"#,
            #"{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"Whole."}"#,
            #"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"Short."}"#,
            Self.completed,
        ])
        #expect(
            events.filter { if case .thinking = $0 { true } else { false } } == [.thinking(choice: 0, "Whole.")])
    }

    @Test func logProbabilitiesStandBeforeTheirText() throws {
        let events = try responses.decode([
            Self.created, #"{"type":"response.output_item.added","output_index":0,"item":{"type":"message"}}"#,
            #"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"A","logprobs":[{"token":"A","logprob":-0.5,"top_logprobs":[]}]}"#,
            #"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"B","logprobs":[{"token":"B","logprob":-1,"top_logprobs":[]}]}"#,
        ])
        #expect(
            Array(events.suffix(4)) == [
                .logprobs(choice: 0, [TokenLogprob(token: "A", logprob: -0.5)]), .text(choice: 0, "A"),
                .logprobs(choice: 0, [TokenLogprob(token: "B", logprob: -1)]), .text(choice: 0, "B"),
            ])
    }

    @Test(arguments: [
        "nonsense", "[]", #"{"type":"response.output_item.added"}"#,
        #"{"type":"response.output_item.added","item":{"type":"function_call"}}"#,
        #"{"type":"response.output_text.delta","delta":1}"#, #"{"type":"response.output_text.delta"}"#,
        #"{"type":"response.function_call_arguments.delta","delta":"x"}"#, #"{"type":"response.completed"}"#,
        #"{"type":"response.output_item.done","item":7}"#,
    ]) func whatTheAPIDoesNotAllowIsAFault(_ data: String) {
        #expect(throws: UnreadableReply.self) { try responses.decode([data]) }
    }

    @Test(arguments: [
        #"{"type":"response.rate_limits.updated"}"#, #"{"type":"keepalive"}"#, "null", #"{"type":7}"#, "{}",
        #"{"type":"response.output_text.annotation.added","annotation":{}}"#,
    ]) func unknownEventsArePassedOver(_ data: String) throws {
        #expect(try responses.decode([data]).allSatisfy { $0 == .ping })
    }

    // MARK: The place

    @Test func thePlaceIsThatOfTheLastEvent() throws {
        let bytes = try Recorded.bytes("tools.stream.sse")
        let place = try #require(try responses.decoding([bytes]).place)
        #expect(place.items.count == 3 && place.whole.count == 3)
        let numbers = String(buffer: bytes).components(separatedBy: "\"sequence_number\": ")
        #expect(place.sequence == numbers.count - 2)
        #expect(try place.whole[0].document().root["encrypted_content"]?.string?.isEmpty == false)
    }

    @Test func anItemThatIsOpenIsNamed() throws {
        let bytes = try Recorded.bytes("text.stream.sse")
        let end = try #require(bytes.withUnsafeReadableBytes { $0.place(of: "event: response.output_text.done") })
        let place = try #require(try responses.decoding([bytes.getSlice(at: 0, length: end)!]).place)
        guard case .open(let item) = try #require(place.items.first) else {
            Issue.record("the message is not open")
            return
        }
        #expect(place.sequence == 6 && place.items.count == 1)
        #expect(try item.begun.document().root["id"]?.isString("msg_up1") == true)
        #expect(
            item.part?.number == 0 && item.part?.isSummary == false && item.parts.isEmpty && !item.isSaid
                && item.call == nil)
    }

    @Test func itIsKnownWhatHasBeenToldWhole() throws {
        func place(behind events: [String]) throws -> StreamPlace.Item? {
            try responses.decoding(events.map { ByteBuffer(string: "data: \($0)\n\n") }).place?.items.last
        }
        let call = [
            #"{"type":"response.output_item.added","output_index":0,"item":{"id":"fc_1","type":"function_call","call_id":"c","name":"f","arguments":""}}"#,
            #"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":"{}"}"#,
            #"{"type":"response.function_call_arguments.done","output_index":0,"item_id":"fc_1","arguments":"{}"}"#,
        ]
        guard case .open(let before) = try place(behind: Array(call.dropLast())),
            case .open(let behind) = try place(behind: call)
        else {
            Issue.record("the call is not open")
            return
        }
        #expect(before.call == 0 && !before.isSaid && behind.isSaid)
        let thought = [
            #"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}"#,
            #"{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":""}}"#,
            #"{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"T"}"#,
            #"{"type":"response.reasoning_text.done","output_index":0,"content_index":0,"text":"T"}"#,
            #"{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":"T"}}"#,
        ]
        guard case .open(let said) = try place(behind: Array(thought.dropLast())),
            case .open(let ended) = try place(behind: thought)
        else {
            Issue.record("the reasoning is not open")
            return
        }
        #expect(said.part?.number == 0 && said.isSaid && ended.part == nil && !ended.isSaid && ended.parts.count == 1)
    }
}

extension StreamPlace {
    /// The items that have ended.
    fileprivate var whole: [JSONFragment] {
        items.compactMap { if case .whole(let item) = $0 { item } else { nil } }
    }
}

extension [StreamEvent] {
    /// Those that say something: events of other kinds keep the stream alive.
    var shared: [StreamEvent] { filter { $0 != .ping } }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] { split(separator: separator) }
}
