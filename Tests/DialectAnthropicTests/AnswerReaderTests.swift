import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

/// The reading of a stream of Messages for a supervisor.
@Suite struct AnswerReaderTests {
    private static let dialect = AnthropicDialect()
    private static let start =
        #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"service_tier":"standard"}}}"#

    private static func block(_ block: String) -> String {
        #"{"type":"content_block_start","index":0,"content_block":\#(block)}"#
    }
    private static func delta(_ delta: String) -> String {
        #"{"type":"content_block_delta","index":0,"delta":\#(delta)}"#
    }
    private static let stop = #"{"type":"content_block_stop","index":0}"#

    private static func frame(_ text: String) -> Frame {
        let type = (try? JSONDocument(text))?.root["type"]?.string ?? ""
        return Frame(name: type, data: ByteBuffer(string: text))
    }

    private static func read(_ frames: [String]) throws -> (pieces: [AnswerPiece], reader: any AnswerReader) {
        var reader = dialect.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        for text in frames { try reader.read(frame(text), into: &pieces) }
        return (pieces, reader)
    }

    private static func texts(_ pieces: [AnswerPiece]) -> [String] {
        pieces.compactMap { if case .text(_, _, let text) = $0, !text.isEmpty { text } else { nil } }
    }

    private static func scopes(_ pieces: [AnswerPiece]) -> Set<PassageScope> {
        Set(pieces.compactMap { if case .text(_, let scope, _) = $0 { scope } else { nil } })
    }

    @Test(
        "a text of an event is not judged",
        arguments: [
            block(#"{"type":"text","text":"SECRET WORDS"}"#),
            block(#"{"type":"thinking","thinking":"SECRET WORDS","signature":""}"#),
            block(#"{"type":"thinking","thinking":"","signature":"SECRET WORDS"}"#),
            block(#"{"type":"SECRET WORDS"}"#), block(#"{"type":"text","text":"","x":{"y":"SECRET WORDS"}}"#),
            block(#"{"type":"tool_use","id":"a","name":"SECRET WORDS","input":{}}"#),
            block(#"{"type":"tool_use","id":"SECRET WORDS","name":"f","input":{}}"#),
            block(#"{"type":"tool_use","id":"a","name":"f","input":{"x":"SECRET WORDS"}}"#),
            block(
                #"{"type":"web_search_tool_result","tool_use_id":"a","content":[{"type":"web_search_result","title":"SECRET WORDS","url":"u","encrypted_content":"QUJD"}]}"#
            ),
            block(#"{"type":"bash_code_execution_tool_result","content":{"type":"r","stdout":"SECRET WORDS"}}"#),
            block(#"{"type":"unheard_of","words":"SECRET WORDS"}"#),
            block(#"{"type":"redacted_thinking","data":"SECRET WORDS"}"#),
            block(#"{"type":"container_upload","file_id":"SECRET WORDS"}"#),
            #"{"type":"message_start","message":{"id":"a","error":{"message":"SECRET WORDS"}}}"#,
            #"{"type":"message_delta","delta":{"error":"SECRET WORDS"}}"#,
            #"{"type":"message_start","message":{"id":"SECRET WORDS"}}"#,
            #"{"type":"message_start","message":{"id":"a","content":[{"type":"text","text":"SECRET WORDS"}]}}"#,
            #"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"SECRET WORDS"}}}"#,
            #"{"type":"message_delta","delta":{"stop_sequence":"SECRET WORDS"}}"#,
            #"{"type":"message_delta","delta":{},"x":"SECRET WORDS"}"#,
            #"{"type":"error","error":{"type":"e","message":"SECRET WORDS"}}"#,
            #"{"type":"ping","x":"SECRET WORDS"}"#, #"{"type":"message_stop","x":["SECRET WORDS"]}"#,
            #"{"type":"unheard_of","x":"SECRET WORDS"}"#, #"{"type":"SECRET WORDS"}"#,
        ]) func everyText(_ event: String) throws
    {
        #expect(Self.texts(try Self.read([event]).pieces).joined(separator: "|").contains("SECRET WORDS"))
    }

    @Test(
        "a text of a delta is not judged",
        arguments: [
            #"{"type":"text_delta","text":"SECRET WORDS"}"#, #"{"type":"thinking_delta","thinking":"SECRET WORDS"}"#,
            #"{"type":"signature_delta","signature":"SECRET WORDS"}"#,
            #"{"type":"input_json_delta","partial_json":"SECRET WORDS"}"#,
            #"{"type":"citations_delta","citation":{"type":"c","cited_text":"SECRET WORDS"}}"#,
            #"{"type":"citations_delta","citation":{"type":"c","SECRET WORDS":1}}"#,
            #"{"type":"unheard_of","x":"SECRET WORDS"}"#, #"{"type":"text_delta","text":"a","x":"SECRET WORDS"}"#,
        ]) func everyDelta(_ delta: String) throws
    {
        let (pieces, _) = try Self.read([Self.block(#"{"type":"text","text":""}"#), Self.delta(delta)])
        #expect(Self.texts(pieces).contains { $0.hasPrefix("SECRET WORDS") })
    }

    /// A client reads one member of these, and a supervisor all of them.
    @Test(
        "what a server writes into other members stands between two parts of a text",
        arguments: [
            [block(#"{"type":"text","text":"SECRET ","name":"x"}"#), delta(#"{"type":"text_delta","text":"WORDS"}"#)],
            [
                block(#"{"type":"text","text":"","citations":[]}"#), delta(#"{"type":"text_delta","text":"SECRET "}"#),
                delta(#"{"type":"text_delta","x":"x","thinking":"x","text":"WORDS"}"#),
            ],
            [
                block(#"{"type":"text","text":""}"#), delta(#"{"type":"text_delta","text":"SECRET "}"#),
                delta(#"{"type":"thinking_delta","thinking":"x"}"#), delta(#"{"type":"text_delta","text":"WORDS"}"#),
            ],
            [
                block(#"{"type":"thinking","thinking":""}"#), delta(#"{"type":"thinking_delta","thinking":"SECRET "}"#),
                delta(#"{"type":"signature_delta","signature":"not base 64"}"#),
                delta(#"{"type":"thinking_delta","thinking":"WORDS"}"#),
            ],
            [
                block(#"{"type":"tool_use","id":"a","name":"f","input":{}}"#),
                delta(#"{"type":"input_json_delta","partial_json":"SECRET "}"#),
                delta(#"{"type":"input_json_delta","x":"x","partial_json":"WORDS"}"#),
            ],
            [block(#"{"type":"unheard_of","x":"SECRET "}"#), delta(#"{"type":"x","y":"x","x":"WORDS"}"#)],
            [
                #"{"type":"message_delta","delta":{"x":"SECRET "},"y":"x"}"#,
                #"{"type":"message_delta","delta":{"y":"x","x":"WORDS"}}"#,
            ],
        ]) func nothingStandsBetween(_ events: [String]) throws
    {
        let pieces = try Self.read(events).pieces
        var texts: [Int: String] = [:]
        for case .text(let block, _, let text) in pieces { texts[block, default: ""] += text }
        #expect(texts.values.contains { $0.contains("SECRET WORDS") }, "\(pieces)")
    }

    @Test("a server makes as many blocks as it likes, or hides one behind those")
    func blocksAreBounded() throws {
        let events =
            [Self.block(#"{"type":"text","text":""}"#)] + (0..<2000).map { Self.delta(#"{"type":"x","x\#($0)":"a"}"#) }
            + [
                Self.delta(#"{"type":"x","\#(String(repeating: "y", count: 5000))":"SECRET WORDS"}"#),
                Self.delta(#"{"type":"text_delta","text":"SECRET WORDS"}"#),
            ]
        let pieces = try Self.read(events).pieces
        let blocks = Set(pieces.compactMap { if case .text(let block, _, _) = $0 { block } else { nil } })
        #expect(blocks.count < 100)
        #expect(Self.texts(pieces).count { $0.hasPrefix("SECRET WORDS") } == 2)
    }

    @Test func structuralStringsAreNoText() throws {
        let (pieces, reader) = try Self.read([
            Self.start, #"{"type":"ping"}"#, Self.block(#"{"type":"thinking","thinking":"","signature":""}"#),
            Self.delta(#"{"type":"signature_delta","signature":"EqQBCgIYAhIM+/=="}"#), Self.stop,
            #"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":3}}"#,
            #"{"type":"message_stop"}"#,
        ])
        #expect(pieces == [.blockEnded(0), .ended] && reader.isFinishing)
    }

    @Test func aCallIsShownWithoutEscapes() throws {
        let (pieces, _) = try Self.read([
            Self.block(#"{"type":"tool_use","id":"toolu_1","name":"f","input":{}}"#),
            Self.delta(#"{"type":"input_json_delta","partial_json":"{\"a\":\"\\u00"}"#),
            Self.delta(#"{"type":"input_json_delta","partial_json":"62c\"}"}"#), Self.stop,
        ])
        #expect(Self.texts(pieces).joined() == #"f\#n{"a":"\u0062c"}a\#nbc"# && pieces.last == .blockEnded(0))
        #expect(Self.scopes(pieces) == [.toolCall])
    }

    @Test func findingsAreDocuments() throws {
        let (pieces, _) = try Self.read([
            Self.block(
                #"{"type":"web_search_tool_result","tool_use_id":"a","content":[{"type":"web_search_result","title":"T","url":"https://u","encrypted_content":"QUJD","page_age":"1 day"}]}"#
            )
        ])
        #expect(Self.scopes(pieces) == [.document] && Self.texts(pieces) == ["T\n", "https://u\n", "1 day\n"])
        #expect(pieces.contains(.unseen(.encryptedResult)))
    }

    @Test func whatCannotBeSeenIsNamed() throws {
        #expect(
            try Self.read([Self.block(#"{"type":"redacted_thinking","data":"QUJD"}"#)]).pieces
                == [.unseen(.encryptedThinking)])
        #expect(
            try Self.read([Self.block(#"{"type":"container_upload","file_id":"file_1"}"#)]).pieces
                == [.unseen(.reference)])
    }

    @Test func aNameThatIsNotTheEventsOwnIsText() throws {
        var reader = Self.dialect.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        try reader.read(Frame(name: "SECRET", data: ByteBuffer(string: #"{"type":"ping"}"#)), into: &pieces)
        try reader.read(Frame(name: "WORDS", data: ByteBuffer()), into: &pieces)
        #expect(Self.texts(pieces) == ["SECRET\n", "WORDS\n"])
    }

    @Test func aProvidersRefusalHasItsCategory() throws {
        let (pieces, reader) = try Self.read([
            #"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber","explanation":null}}}"#
        ])
        #expect(pieces == [.refused(category: "cyber")] && reader.isFinishing)
    }

    @Test(arguments: [
        "{", "[]", #"{"type":"ping","type":"ping"}"#, delta(#"{"type":"text_delta","text":"a"}"#),
        #"{"type":"content_block_start","index":-1,"content_block":{"type":"text"}}"#,
    ]) func whatTwoReadersReadDifferentlyIsRefused(_ event: String) {
        #expect(throws: UnreadableReply.self) { try Self.read([event]) }
    }

    @Test("a refusal leaves a block open, or tells two messages", arguments: 0..<6)
    func aRefusalClosesWhatIsOpen(_ count: Int) throws {
        let frames = [
            Self.start, Self.block(#"{"type":"text","text":""}"#), Self.delta(#"{"type":"text_delta","text":"a"}"#),
            Self.stop, #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#,
        ]
        let reader = try Self.read(Array(frames.prefix(count))).reader
        var parser = FrameParser(.serverSentEvents)
        for text in frames.prefix(min(count, 4)) {
            parser.feed(ByteBuffer(string: "event: \(Self.frame(text).name)\ndata: \(text)\n\n"))
        }
        parser.feed(reader.refuse(AnswerRefusal("No.")))
        var decoder = Self.dialect.makeStreamDecoder()
        var events: [StreamEvent] = []
        while let frame = try parser.next() { try decoder.decode(frame, into: &events) }
        #expect(events.last == .ended && parser.unfinishedBytes == 0)
        #expect(events.contains(.finished(choice: 0, .refusal, stopSequence: nil)))
        #expect(events.contains(.text(choice: 0, "No.")))
        #expect(events.count { $0 == .partEnded(choice: 0) } == (count > 1 ? 2 : 1))
    }
}
