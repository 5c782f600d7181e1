import Conversation
import DialectBedrock
import Encodings
import NIOCore
import Testing
import Wire

/// The reading of streams and answers of Bedrock's for a supervisor.
@Suite struct CallerAnswerReaderTests {
    private static let secret = "SECRET WORDS"

    private static func frame(_ line: String) -> Frame {
        let space = line.firstIndex(of: " ")!
        let isException = line.hasPrefix("!")
        return Frame(
            name: String(line[..<space].drop { $0 == "!" }), isException: isException,
            data: ByteBuffer(string: String(line[line.index(after: space)...])))
    }

    private static func read(_ lines: [String]) throws -> (pieces: [AnswerPiece], reader: any AnswerReader) {
        var reader = converse.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        for line in lines { try reader.read(frame(line), into: &pieces) }
        return (pieces, reader)
    }

    private static func texts(_ pieces: [AnswerPiece]) -> [String] {
        pieces.compactMap { if case .text(_, _, let text) = $0, !text.isEmpty { text } else { nil } }
    }

    private static let start = #"messageStart {"role":"assistant"}"#

    @Test(
        "a text of an event is not judged",
        arguments: [
            #"messageStart {"role":"SECRET WORDS"}"#, #"messageStart {"role":"assistant","x":"SECRET WORDS"}"#,
            #"contentBlockStart {"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"SECRET WORDS"}}}"#,
            #"contentBlockStart {"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"SECRET WORDS","name":"f"}}}"#,
            #"contentBlockStart {"contentBlockIndex":0,"start":{"other":{"a":"SECRET WORDS"}}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"SECRET WORDS"}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"SECRET WORDS"}}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"SECRET WORDS"}}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"SECRET WORDS"}}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"citation":{"title":"SECRET WORDS"}}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"toolResult":[{"text":"SECRET WORDS"}]}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"image":{"error":{"message":"SECRET WORDS"}}}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"SECRET WORDS":1}}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{},"p":"SECRET WORDS"}"#,
            #"messageStop {"stopReason":"SECRET WORDS"}"#,
            #"messageStop {"stopReason":"end_turn","additionalModelResponseFields":{"x":"SECRET WORDS"}}"#,
            #"metadata {"usage":{"inputTokens":1},"trace":{"guardrail":{"actionReason":"SECRET WORDS"}}}"#,
            #"metadata {"serviceTier":{"type":"SECRET WORDS"}}"#,
            #"unknown {"a":{"SECRET WORDS":1}}"#, #"ping {"a":"SECRET WORDS"}"#,
            #"!modelStreamErrorException {"originalMessage":"SECRET WORDS"}"#,
        ])
    func unread(_ line: String) throws {
        #expect(Self.texts(try Self.read([line]).pieces).joined().contains(Self.secret))
    }

    @Test func aPlainStreamHasItsTextsAndNothingElse() throws {
        let (pieces, reader) = try Self.read([
            Self.start, #"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"Hi"},"p":"abcdefgh"}"#,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":" there"}}"#,
            #"contentBlockStop {"contentBlockIndex":0}"#,
            #"contentBlockStart {"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"a","name":"f"}}}"#,
            #"contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"a\":\"\\u00e4\"}"}}}"#,
            #"contentBlockStop {"contentBlockIndex":1}"#, #"messageStop {"stopReason":"tool_use"}"#,
            #"metadata {"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":5}}"#,
        ])
        #expect(
            pieces == [
                .text(block: 0, .answer, "Hi"), .text(block: 0, .answer, " there"), .blockEnded(0),
                .text(block: 1, .toolCall, ""), .text(block: 1, .toolCall, "f\n"),
                .text(block: 1, .toolCall, #"{"a":"\u00e4"}"#), .text(block: 1, .toolCall, "a\nä"), .blockEnded(1),
                .ended,
            ])
        #expect(reader.isFinishing)
    }

    @Test func whatCannotBeReadIsSaid() throws {
        let (pieces, _) = try Self.read([
            Self.start,
            #"contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"AAAA"}}}"#,
            #"contentBlockDelta {"contentBlockIndex":1,"delta":{"image":{"source":{"bytes":"AAAA"}}}}"#,
        ])
        #expect(pieces.contains(.unseen(.encryptedThinking)) && pieces.contains(.unseen(.image)))
    }

    @Test(arguments: ["guardrail_intervened", "content_filtered"])
    func aProvidersRefusalIsSeen(_ word: String) throws {
        let (pieces, reader) = try Self.read([Self.start, #"messageStop {"stopReason":"\#(word)"}"#])
        #expect(pieces.contains(.refused(category: nil)) && reader.isFinishing)
    }

    @Test(arguments: [
        "contentBlockDelta []", "contentBlockDelta {", #"contentBlockDelta {"delta":{"text":"x"}}"#,
        #"contentBlockDelta {"contentBlockIndex":-1,"delta":{"text":"x"}}"#,
        #"contentBlockDelta {"contentBlockIndex":0}"#,
    ])
    func anEventThatIsNoneIsUnreadable(_ line: String) {
        #expect(throws: UnreadableReply.self) { try Self.read([Self.start, line]) }
    }

    // MARK: Refusals

    /// The kinds of events before the refusal.
    @Test(
        "a refusal closes what is open and ends the stream",
        arguments: [
            ([], ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]),
            ([start], ["contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]),
            (
                [start, #"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"x"}}"#],
                ["contentBlockStop", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]
            ),
        ])
    func refusals(_ before: [String], _ names: [String]) throws {
        let reader = try Self.read(before).reader
        let told = try frames(reader.refuse(AnswerRefusal("Not that.")))
        #expect(told.map(\.name) == names)
        #expect(told.contains { String(buffer: $0.data).contains("Not that.") })
        #expect(told.contains { String(buffer: $0.data) == #"{"stopReason":"guardrail_intervened"}"# })
        // Read as any other stream is.
        var again = reader
        var pieces: [AnswerPiece] = []
        for frame in told { try again.read(frame, into: &pieces) }
        #expect(pieces.contains(.refused(category: nil)) && pieces.last == .ended)
    }

    @Test func aBlockedAnswerCostsTheSame() throws {
        let withheld = try JSONDocument(
            #"{"output":{},"usage":{"inputTokens":5,"outputTokens":2,"totalTokens":9,"cacheReadInputTokens":2}}"#)
        let root = try JSONDocument(converse.encodeBlockedReply(AnswerRefusal("No."), inPlaceOf: withheld)).root
        #expect(root["stopReason"]?.string == "guardrail_intervened")
        #expect(root["usage"]?["totalTokens"]?.int == 9 && root["usage"]?["inputTokens"]?.int == 5)
        let pieces = try converse.pieces(ofAnswer: root.document)
        #expect(pieces.contains(.refused(category: nil)) && Self.texts(pieces) == ["No."])
    }

    @Test func aClientPassesOverWhatKeepsItsConnectionAwake() throws {
        #expect(try frames(converse.makeAnswerReader().keepAlive).map(\.name) == ["ping"])
    }

    // MARK: InvokeModel

    private static func chunk(_ event: String, _ more: String = "") -> Frame {
        let bytes = Base64.encode(Array(event.utf8))
        return Frame(name: "chunk", data: ByteBuffer(string: #"{"bytes":"\#(bytes)"\#(more)}"#))
    }

    @Test func theEventsInsideMessagesAreRead() throws {
        var reader = invoke.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        let events = [
            #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"SECRET WORDS"}}"#,
        ]
        for event in events { try reader.read(Self.chunk(event, #","p":"abc""#), into: &pieces) }
        #expect(Self.texts(pieces) == [Self.secret])
        let told = try frames(reader.refuse(AnswerRefusal("Not that.")))
        #expect(told.allSatisfy { $0.name == "chunk" } && told.count == 7)
        #expect(try frames(reader.keepAlive).map(\.name) == ["chunk"])
    }

    @Test func anExceptionIsReadAsAnError() throws {
        var reader = invoke.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        try reader.read(Self.frame(#"!throttlingException {"message":"SECRET WORDS"}"#), into: &pieces)
        #expect(Self.texts(pieces).joined().contains(Self.secret))
    }

    @Test(arguments: [
        Frame(name: "chunk", data: ByteBuffer(string: "{}")), Frame(name: "chunk", data: ByteBuffer(string: "[]")),
        Frame(name: "chunk", data: ByteBuffer(string: #"{"bytes":"!"}"#)), chunk("{}", #","p":"hello there""#),
        chunk("{}", #","q":1"#), chunk("no JSON"),
    ])
    func aMessageThatIsNoneIsUnreadable(_ frame: Frame) {
        var reader = invoke.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        #expect(throws: UnreadableReply.self) { try reader.read(frame, into: &pieces) }
    }
}
