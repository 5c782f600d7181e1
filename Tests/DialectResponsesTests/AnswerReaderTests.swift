import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

/// The reading of events for a supervisor.
@Suite("Streams of Responses, as a supervisor reads them") struct AnswerReaderTests {
    private static func read(_ frames: [String]) throws -> (pieces: [AnswerPiece], reader: any AnswerReader) {
        var reader = CallerFixture.dialect.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        for frame in frames {
            let name = (try? JSONDocument(frame).root["type"]?.string) ?? ""
            try reader.read(Frame(name: name, data: ByteBuffer(string: frame)), into: &pieces)
        }
        return (pieces, reader)
    }

    private static func texts(_ pieces: [AnswerPiece]) -> [String] {
        pieces.compactMap { if case .text(_, _, let text) = $0, !text.isEmpty { text } else { nil } }
    }

    private static let item =
        #"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"msg_1","role":"assistant","status":"in_progress","content":[]}}"#
    private static let call =
        #"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":""}}"#

    @Test(
        "a text of an event is not judged",
        arguments: [
            #"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"SECRET WORDS"}"#,
            #"{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"SECRET WORDS"}"#,
            #"{"type":"response.reasoning_text.delta","output_index":0,"delta":"SECRET WORDS"}"#,
            #"{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"SECRET WORDS"}"#,
            #"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"SECRET WORDS"}"#,
            #"{"type":"response.custom_tool_call_input.delta","output_index":0,"delta":"SECRET WORDS"}"#,
            #"{"type":"response.unheard.delta","output_index":0,"delta":"SECRET WORDS"}"#,
            #"{"type":"response.unheard.delta","delta":{"x":"SECRET WORDS"}}"#,
            #"{"type":"response.output_text.delta","output_index":0,"delta":"a","x":"SECRET WORDS"}"#,
            #"{"type":"response.output_text.delta","output_index":0,"delta":"a","item_id":"SECRET WORDS"}"#,
            #"{"type":"response.output_text.delta","output_index":0,"delta":"a","SECRET WORDS":1}"#,
            #"{"type":"response.output_text.delta","output_index":0,"delta":"a","logprobs":[{"token":"SECRET WORDS"}]}"#,
            #"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"SECRET WORDS"}"#,
            #"{"type":"response.content_part.done","output_index":0,"part":{"type":"output_text","text":"SECRET WORDS"}}"#,
            #"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"text":"SECRET WORDS"}]}}"#,
            #"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","name":"f","arguments":"SECRET WORDS"}}"#,
            #"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","name":"SECRET WORDS"}}"#,
            #"{"type":"response.output_item.done","output_index":1,"item":{"type":"custom_tool_call","input":"SECRET WORDS"}}"#,
            #"{"type":"response.output_item.done","output_index":1,"item":{"type":"web_search_call","action":{"query":"SECRET WORDS"}}}"#,
            #"{"type":"response.output_item.done","item":{"type":"message","content":[{"text":"SECRET WORDS"}]}}"#,
            #"{"type":"response.output_item.done","output_index":1,"item":"SECRET WORDS"}"#,
            #"{"type":"response.output_text.annotation.added","output_index":0,"annotation":{"title":"SECRET WORDS"}}"#,
            #"{"type":"response.created","response":{"instructions":"SECRET WORDS"}}"#,
            #"{"type":"response.created","response":{"metadata":{"SECRET WORDS":"x"}}}"#,
            #"{"type":"response.created","response":{"output":"SECRET WORDS"}}"#,
            #"{"type":"response.completed","response":{"output":[{"type":"message","content":[{"text":"SECRET WORDS"}]}]}}"#,
            #"{"type":"response.completed","response":{"output_text":"SECRET WORDS"}}"#,
            #"{"type":"response.failed","response":{"error":{"code":"x","message":"SECRET WORDS"}}}"#,
            #"{"type":"error","message":"SECRET WORDS"}"#, #"{"type":"SECRET WORDS"}"#, #"{"x":["SECRET WORDS"]}"#,
        ]) func everyText(_ event: String) throws
    {
        for opening in [Self.item, Self.call] {
            let (pieces, _) = try Self.read([opening, event])
            let texts = Self.texts(pieces)
            #expect(texts.contains { $0.contains("SECRET WORDS") }, "\(texts)")
        }
    }

    @Test func whatIsRepeatedIsJudgedOnce() throws {
        let request = try CallerFixture.read(#""instructions":"Be brief.","metadata":{"a":"two words"}"#)
        var encoder = CallerFixture.dialect.makeStreamEncoder(for: request)
        var bytes = ByteBuffer()
        for event in [
            .started(id: "resp_1", model: "m", created: 1), .thinking(choice: 0, "I think."), .partEnded(choice: 0),
            .text(choice: 0, "One "), .text(choice: 0, "two."),
            .toolCallStarted(choice: 0, call: 0, id: "a", name: "ls"),
            .toolCallArguments(choice: 0, call: 0, fragment: #"{"p":"#),
            .toolCallArguments(choice: 0, call: 0, fragment: #""x y"}"#),
            .finished(choice: 0, .toolCalls, stopSequence: nil), .usage(Usage(input: 1, output: 1)), .ended,
        ] as [StreamEvent] { encoder.encode(event, into: &bytes) }
        var parser = FrameParser(.serverSentEvents)
        parser.feed(bytes)
        var reader = CallerFixture.dialect.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        var finishing: [Bool] = []
        while let frame = try parser.next() {
            try reader.read(frame, into: &pieces)
            finishing.append(reader.isFinishing)
        }
        #expect(
            Self.texts(pieces).sorted()
                == [
                    "Be brief.\n", "I think.\n", "One ", "a\n", "ls\n", "two words\n", "two.", #"{"p":"#, #""x y"}"#,
                ].sorted())
        #expect(finishing.suffix(2) == [true, true] && !finishing.dropLast(2).contains(true))
        #expect(pieces.last == .ended)
        var open: Set<Int> = []
        for piece in pieces {
            if case .text(let block, _, _) = piece { open.insert(block) }
            if case .blockEnded(let block) = piece { open.remove(block) }
        }
        #expect(open.isEmpty)
        #expect(pieces.contains { if case .text(_, .toolCall, "ls\n") = $0 { true } else { false } })
        #expect(pieces.contains { if case .text(_, .system, "Be brief.\n") = $0 { true } else { false } })
    }

    @Test func whatTheRequestSaidIsNotJudgedAgain() throws {
        let body = ByteBuffer(
            string: #"{"model":"m","input":"x","instructions":"Be brief.","metadata":{"a":"two words"}}"#)
        let response =
            #"{"id":"r","instructions":"Be brief.","metadata":{"a":"two words","b":"Be brief."},"output":[]}"#
        var reader = CallerFixture.dialect.makeAnswerReader(to: body)
        var pieces: [AnswerPiece] = []
        try reader.read(
            Frame(data: ByteBuffer(string: #"{"type":"response.created","response":\#(response)}"#)), into: &pieces)
        #expect(Self.texts(pieces) == ["b\n", "Be brief.\n"])
        let whole = try CallerFixture.dialect.pieces(
            ofAnswer: JSONDocument(#"{"instructions":"Be brief.","metadata":{"a":"two words"},"output":[]}"#), to: body)
        #expect(whole == [.ended])
    }

    @Test func aTextThatDiffersAtItsEndIsJudged() throws {
        let (pieces, _) = try Self.read([
            Self.item, #"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Fine"}"#,
            #"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Fine"}"#,
            #"{"type":"response.content_part.done","output_index":0,"part":{"type":"output_text","text":"Not fine"}}"#,
        ])
        #expect(Self.texts(pieces) == ["Fine", "Not fine\n"])
    }

    @Test func aCallIsOpenUntilItsItemIsDone() throws {
        let (pieces, _) = try Self.read([
            Self.call,
            #"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":\"\\u0062\"}"}"#,
            #"{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"a\":\"\\u0062\"}"}"#,
        ])
        #expect(!pieces.contains { if case .blockEnded(0) = $0 { true } else { false } })
        let (ended, _) = try Self.read([
            Self.call,
            #"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":\"\\u0062\"}"}"#,
            #"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{\"a\":\"\\u0062\"}"}}"#,
        ])
        #expect(Self.texts(ended).contains { $0.contains("a\nb") })
        #expect(ended.last == .blockEnded(0))
    }

    @Test func whatCantBeReadIsUnseen() throws {
        let (pieces, _) = try Self.read([
            #"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAAB"}}"#,
            #"{"type":"response.output_item.done","output_index":1,"item":{"type":"image_generation_call","result":"\#(String(repeating: "QUJD", count: 40))"}}"#,
        ])
        #expect(pieces.contains(.unseen(.encryptedThinking)) && pieces.contains(.unseen(.image)))
        #expect(Self.texts(pieces).isEmpty)
    }

    @Test func aFilterIsARefusal() throws {
        let (pieces, reader) = try Self.read([
            #"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}}"#
        ])
        #expect(pieces == [.refused(category: nil), .ended] && reader.isFinishing)
    }

    @Test(
        "an event that can't be read",
        arguments: [
            "[]", "7", "{", #"{"type":"response.output_item.added","output_index":-1,"item":{}}"#,
            #"{"type":"response.output_text.delta","output_index":99999999,"delta":"x"}"#,
        ])
    func unreadable(_ event: String) {
        #expect(throws: UnreadableReply.self) { _ = try Self.read([event]) }
    }

    // MARK: Refusals

    private static let codex = #"{"model":"m","client_metadata":{"turn_id":"t","x-codex-window-id":"w"}}"#

    private static func refused(_ frames: [String], to request: String = "{}") throws -> [CallerFixture.Event] {
        var reader = CallerFixture.dialect.makeAnswerReader(to: ByteBuffer(string: request))
        var pieces: [AnswerPiece] = []
        for frame in frames { try reader.read(Frame(data: ByteBuffer(string: frame)), into: &pieces) }
        return try CallerFixture.events(reader.refuse(AnswerRefusal("Not this.")))
    }

    private static let begun = [
        #"{"type":"response.created","sequence_number":0,"response":{"id":"resp_7","object":"response","created_at":9,"model":"m","output":[],"metadata":{"a":"b"}}}"#,
        #"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"msg_1","content":[]}}"#,
        #"{"type":"response.content_part.added","sequence_number":2,"output_index":0,"content_index":0,"item_id":"msg_1","part":{"type":"output_text","text":"","annotations":[]}}"#,
        #"{"type":"response.output_text.delta","sequence_number":3,"output_index":0,"content_index":0,"delta":"So far"}"#,
    ]
    private static let closed = [
        "response.output_text.done", "response.content_part.done", "response.content_part.added",
        "response.refusal.delta", "response.refusal.done", "response.content_part.done", "response.output_item.done",
    ]

    @Test func aRefusalEndsWhatIsOpen() throws {
        let events = try Self.refused(Self.begun)
        #expect(events.map(\.name) == Self.closed + ["response.incomplete", "done"])
        #expect(events.dropLast().map { $0.data["sequence_number"]?.int } == (4...11).map { $0 })
        let response = try #require(events.dropLast().last?.data["response"])
        #expect(response.text("id") == "resp_7" && response.text("output.0.content.0.text") == "So far")
        #expect(response.text("output.0.content.1.refusal") == "Not this." && response.at("output.1") == nil)
        #expect(response.text("status") == "incomplete")
        #expect(response.text("incomplete_details.reason") == "content_filter")
        #expect(response.text("metadata.holdfast_ended") == "blocked" && response.text("metadata.a") == "b")
    }

    /// Wherever the block comes: behind the text, behind the part, behind the
    /// item.
    @Test func whatHasEndedIsNotEndedAgain() throws {
        let ends = [
            #"{"type":"response.output_text.done","sequence_number":4,"output_index":0,"content_index":0,"item_id":"msg_1","text":"So far","logprobs":[]}"#,
            #"{"type":"response.content_part.done","sequence_number":5,"output_index":0,"content_index":0,"item_id":"msg_1","part":{"type":"output_text","text":"So far","annotations":[]}}"#,
        ]
        for count in 0...ends.count {
            let events = try Self.refused(Self.begun + ends.prefix(count))
            #expect(events.map(\.name) == Array(Self.closed.dropFirst(count)) + ["response.incomplete", "done"])
            let response = try #require(events.dropLast().last?.data["response"])
            #expect(response.text("output.0.content.0.text") == "So far")
        }
    }

    @Test func reasoningThatIsToldItselfEndsAsItBegan() throws {
        let events = try Self.refused([
            Self.begun[0],
            #"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}"#,
            #"{"type":"response.content_part.added","sequence_number":2,"output_index":0,"content_index":0,"item_id":"rs_1","part":{"type":"reasoning_text","text":""}}"#,
            #"{"type":"response.reasoning_text.delta","sequence_number":3,"output_index":0,"content_index":0,"delta":"Hm"}"#,
        ])
        #expect(
            events.prefix(3).map(\.name) == [
                "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
            ])
        let item = try #require(events[2].data["item"])
        #expect(item.text("content.0.text") == "Hm" && item.text("content.0.type") == "reasoning_text")
        #expect(item.at("summary.0") == nil)
    }

    @Test func codexIsToldWithoutBeingAskedAgain() throws {
        let events = try Self.refused(Self.begun, to: Self.codex)
        #expect(
            events.map(\.name) == Self.closed + [
                "response.output_item.added", "response.content_part.added", "response.output_text.delta",
                "response.output_text.done", "response.content_part.done", "response.output_item.done",
                "response.completed", "done",
            ])
        let response = try #require(events.dropLast().last?.data["response"])
        #expect(response.text("status") == "completed" && response.text("output.1.content.0.text") == "Not this.")
    }

    @Test func anOpenCallIsNeverDone() throws {
        let events = try Self.refused([
            Self.call, #"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{}"}"#,
        ])
        #expect(events.first?.name == "response.created")
        let done = events.filter { $0.name == "response.output_item.done" }
        #expect(done.allSatisfy { $0.data.text("item.type") == "message" && $0.data["output_index"]?.int ?? 0 > 0 })
        let output = try #require(events.dropLast().last?.data.at("response.output"))
        #expect(output.elements.allSatisfy { $0.text("type") == "message" })
    }

    @Test func jsonThatWasAskedForIsNoSentence() throws {
        let events = try Self.refused(
            [
                #"{"type":"response.created","response":{"id":"resp_7","text":{"format":{"type":"json_object"}}}}"#
            ], to: Self.codex)
        #expect(events.filter { $0.name == "response.output_item.done" }.count == 1)
    }

    @Test func aBlockedReplyIsARefusalAtTheSameCost() throws {
        let withheld = try JSONDocument(
            #"{"id":"resp_7","model":"m","created_at":9,"instructions":"SECRET WORDS","output":[{"x":"SECRET WORDS"}],"usage":{"input_tokens":3,"output_tokens":4}}"#
        )
        let body = CallerFixture.dialect.encodeBlockedReply(AnswerRefusal("Not this."), inPlaceOf: withheld)
        let root = try JSONDocument(body).root
        #expect(!String(buffer: body).contains("SECRET") && root.text("id") == "resp_7")
        #expect(root.text("output.0.content.0.refusal") == "Not this." && root.at("usage.total_tokens")?.int == 7)
        #expect(root.text("incomplete_details.reason") == "content_filter" && root.at("output.1") == nil)
        _ = try JSONDocument(CallerFixture.dialect.encodeBlockedReply(AnswerRefusal("No."), inPlaceOf: nil))
    }
}
