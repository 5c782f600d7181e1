import Conversation
import DialectOpenAI
import NIOCore
import Testing
import Wire

/// The reading of chunks for a supervisor.
@Suite struct AnswerReaderTests {
    private static let dialect = OpenAIDialect(now: { 7 })

    private static func chunk(_ choice: String) -> String {
        #"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[\#(choice)]}"#
    }

    private static func read(_ frames: [String]) throws -> (pieces: [AnswerPiece], reader: any AnswerReader) {
        var reader = dialect.makeAnswerReader()
        var pieces: [AnswerPiece] = []
        for frame in frames { try reader.read(Frame(data: ByteBuffer(string: frame)), into: &pieces) }
        return (pieces, reader)
    }

    private static func texts(_ pieces: [AnswerPiece]) -> [String] {
        pieces.compactMap { if case .text(_, _, let text) = $0, !text.isEmpty { text } else { nil } }
    }

    @Test(
        "a text of a chunk is not judged",
        arguments: [
            #"{"index":0,"delta":{"content":"SECRET WORDS"}}"#,
            #"{"index":0,"delta":{"content":[{"type":"text","text":"SECRET WORDS"}]}}"#,
            #"{"index":0,"delta":{"content":"id"}}"#,
            #"{"index":0,"delta":{"refusal":"SECRET WORDS"}}"#,
            #"{"index":0,"delta":{"reasoning_content":"SECRET WORDS"}}"#,
            #"{"index":0,"delta":{"reasoning":"SECRET WORDS"}}"#,
            #"{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.text","text":"SECRET WORDS"}]}}"#,
            #"{"index":0,"delta":{"function_call":{"name":"f","arguments":"SECRET WORDS"}}}"#,
            #"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"SECRET WORDS"}]}}"#,
            #"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"SECRET WORDS"}}]}}"#,
            #"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"SECRET WORDS"}}]}}"#,
            #"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":{"SECRET WORDS":1}}}]}}"#,
            #"{"index":0,"delta":{"tool_calls":[{"index":0,"custom":{"input":"SECRET WORDS"}}]}}"#,
            #"{"index":0,"delta":{"audio":{"id":"a","transcript":"SECRET WORDS"}}}"#,
            #"{"index":0,"delta":{"role":"SECRET WORDS"}}"#,
            #"{"index":0,"delta":{"x":{"y":["SECRET WORDS"]}}}"#,
            #"{"index":0,"delta":{"SECRET WORDS":null,"SECRET WORDS2":1}}"#,
            #"{"index":0,"delta":{"annotations":[{"url_citation":{"title":"SECRET WORDS"}}]}}"#,
            #"{"index":0,"delta":{},"finish_reason":"SECRET WORDS"}"#,
            #"{"index":0,"logprobs":{"content":[{"token":"SECRET WORDS","logprob":0}]}}"#,
            #"{"index":0,"logprobs":{"content":[{"token":"a","logprob":0,"top_logprobs":[{"token":"SECRET WORDS"}]}]}}"#,
            #"{"index":0,"logprobs":"SECRET WORDS"}"#, #"{"index":0,"logprobs":{"tokens":["SECRET WORDS"]}}"#,
            #"{"index":0,"logprobs":{"content":{"x":"SECRET WORDS"}}}"#,
            #"{"index":0,"logprobs":{"content":[{"token":"a","top_logprobs":[{"token":"b","x":"SECRET WORDS"}]}]}}"#,
            #"{"index":0,"delta":{"audio":{"data":"SECRET WORDS"}}}"#,
            #"{"index":0,"delta":{"tool_calls":[{"index":0,"custom":{"name":"f","input":"SECRET WORDS"}}]}}"#,
            #"{"index":0,"message":{"content":"SECRET WORDS"}}"#,
            #"{"index":0,"text":"SECRET WORDS"}"#,
            #"{"index":3,"delta":{"content":"SECRET WORDS"}}"#,
        ]) func everyText(_ choice: String) throws
    {
        let (pieces, _) = try Self.read([Self.chunk(choice)])
        #expect(!Self.texts(pieces).isEmpty)
        if choice.contains("SECRET") { #expect(Self.texts(pieces).contains { $0.contains("SECRET WORDS") }) }
    }

    @Test(arguments: [
        #"{"id":"SECRET WORDS","choices":[]}"#, #"{"model":"SECRET WORDS","choices":[]}"#,
        #"{"error":{"message":"SECRET WORDS"}}"#, #"{"x":"SECRET WORDS"}"#,
        #"{"choices":[],"usage":{"x":"SECRET WORDS"}}"#,
    ]) func aSentenceIsNoWord(_ frame: String) throws {
        #expect(Self.texts(try Self.read([frame]).pieces).contains { $0.hasPrefix("SECRET WORDS") })
    }

    @Test func idsAndWordsAreNoText() throws {
        let (pieces, _) = try Self.read([
            Self.chunk(#"{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}"#)
        ])
        #expect(pieces.isEmpty)
    }

    @Test func eachKindOfEachChoiceIsABlock() throws {
        let (pieces, _) = try Self.read([
            Self.chunk(#"{"index":0,"delta":{"content":"a"}}"#), Self.chunk(#"{"index":1,"delta":{"content":"b"}}"#),
            Self.chunk(#"{"index":0,"delta":{"refusal":"c"}}"#), Self.chunk(#"{"index":0,"delta":{"content":"d"}}"#),
        ])
        #expect(
            pieces == [
                .text(block: 0, .answer, "a"), .text(block: 1, .answer, "b"), .text(block: 2, .answer, "c"),
                .text(block: 0, .answer, "d"),
            ])
    }

    @Test func aCallEndsWithItsChoiceAndIsShownWithoutEscapes() throws {
        let (pieces, reader) = try Self.read([
            Self.chunk(
                #"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":""}}]}}"#),
            Self.chunk(
                #"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":\"\\u0062"}}]}}"#),
            Self.chunk(#"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"c\"}"}}]}}"#),
            Self.chunk(#"{"index":0,"delta":{},"finish_reason":"tool_calls"}"#),
        ])
        #expect(reader.isFinishing && pieces.last == .blockEnded(0))
        #expect(Self.texts(pieces) == ["f", #"\#n{"a":"\u0062"#, "c\"}", "a\nbc"])
        #expect(
            pieces.allSatisfy {
                if case .text(let block, let scope, _) = $0 { block == 0 && scope == .toolCall } else { true }
            })
    }

    /// A client reads one member of these, and a supervisor all of them.
    @Test(
        "what a server writes into other members stands between two parts of a text",
        arguments: [
            [#"{"delta":{"content":"SECRET "}}"#, #"{"text":"x","delta":{"content":"WORDS"}}"#],
            [#"{"delta":{"content":"SECRET "}}"#, #"{"message":{"content":"x"},"delta":{"content":"WORDS"}}"#],
            [#"{"delta":{"content":"SECRET "}}"#, #"{"delta":{"x":"x","content":"WORDS"}}"#],
            [
                #"{"delta":{"content":"SECRET "}}"#, #"{"delta":{"content":[{"type":"x","text":"x"}]}}"#,
                #"{"delta":{"content":"WORDS"}}"#,
            ],
            [#"{"delta":{"content":"SECRET ","x":"x"},"finish_reason":"stop"}"#, #"{"delta":{"content":"WORDS"}}"#],
            [#"{"delta":{"reasoning":"SECRET "}}"#, #"{"delta":{"reasoning_content":"x","reasoning":"WORDS"}}"#],
            [
                #"{"delta":{"reasoning":"SECRET ","reasoning_details":[{"type":"reasoning.text","text":"SECRET "}]}}"#,
                #"{"delta":{"reasoning":"WORDS","reasoning_details":[{"type":"reasoning.text","text":"WORDS"}]}}"#,
            ],
            [#"{"delta":{"x":"SECRET "}}"#, #"{"delta":{"x":"WORDS"}}"#],
            [#"{"delta":{"x":{"y":"SECRET ","z":"x"}}}"#, #"{"delta":{"x":{"z":"x","y":"WORDS"}}}"#],
            [
                #"{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"SECRET "}}]}}"#,
                #"{"delta":{"tool_calls":[{"index":0,"function":{"name":"x","arguments":"WORDS"}}]}}"#,
            ],
            [
                #"{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"SECRET "},"x":"x"}]}}"#,
                #"{"delta":{"tool_calls":[{"index":0,"custom":{"input":"x"},"function":{"arguments":"WORDS"}}]}}"#,
            ],
            [
                #"{"delta":{"function_call":{"name":"f","arguments":"SECRET "}}}"#,
                #"{"delta":{"function_call":{"name":"x","arguments":"WORDS"}}}"#,
            ],
            [
                #"{"logprobs":{"content":[{"token":"SECRET "}]}}"#,
                #"{"logprobs":{"refusal":[{"token":"x"}],"content":[{"token":"WORDS"}]}}"#,
            ],
        ]) func nothingStandsBetween(_ frames: [String]) throws
    {
        let choices = frames.map { Self.chunk(#"{"index":0,"# + $0.dropFirst()) }
        let pieces = try Self.read(choices + [Self.chunk(#"{"index":0,"delta":{},"finish_reason":"stop"}"#)]).pieces
        var texts: [Int: String] = [:]
        for case .text(let block, _, let text) in pieces { texts[block, default: ""] += text }
        #expect(texts.values.contains { $0.contains("SECRET WORDS") }, "\(pieces)")
    }

    @Test("a server makes as many blocks as it likes, or hides one behind those")
    func blocksAreBounded() throws {
        let names =
            (0..<2000).map { #"{"index":0,"delta":{"x\#($0)":"a"}}"# } + [
                #"{"index":0,"delta":{"\#(String(repeating: "y", count: 5000))":"SECRET WORDS"}}"#,
                #"{"index":0,"delta":{"content":"SECRET WORDS"}}"#,
            ]
        let pieces = try Self.read(names.map(Self.chunk)).pieces
        let blocks = Set(pieces.compactMap { if case .text(let block, _, _) = $0 { block } else { nil } })
        #expect(blocks.count < 300)
        #expect(Self.texts(pieces).count { $0.hasPrefix("SECRET WORDS") } == 2)
    }

    @Test func anAnswerThatGoesOnHasNotFinished() throws {
        let finish = Self.chunk(#"{"index":0,"delta":{},"finish_reason":"stop"}"#)
        #expect(try Self.read([finish]).reader.isFinishing)
        #expect(!(try Self.read([finish, Self.chunk(#"{"index":1,"delta":{"content":"b"}}"#)]).reader.isFinishing))
        #expect(!(try Self.read([Self.chunk(#"{"index":1,"delta":{"content":"b"}}"#), finish]).reader.isFinishing))
    }

    @Test func whatCannotBeSeenIsNamed() throws {
        let (pieces, _) = try Self.read([
            Self.chunk(#"{"index":0,"delta":{"audio":{"id":"a","data":"QUJD"}}}"#),
            Self.chunk(
                #"{"index":0,"delta":{"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}}"#
            ),
            Self.chunk(#"{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"QUJD"}]}}"#),
        ])
        let unseen = pieces.compactMap { if case .unseen(let part) = $0 { part } else { nil } }
        #expect(unseen == [.audio, .image, .encryptedThinking])
    }

    @Test(arguments: ["{", "[]", "\"a\"", #"{"a":1,"a":2}"#, #"{"choices":[{"index":999}]}"#, "{\"a\":\"\u{1}\"}"])
    func whatTwoReadersReadDifferentlyIsRefused(_ frame: String) {
        #expect(throws: UnreadableReply.self) { try Self.read([frame]) }
    }

    @Test func aProvidersRefusalIsNoted() throws {
        #expect(
            try Self.read([Self.chunk(#"{"index":0,"delta":{},"finish_reason":"content_filter"}"#)]).pieces
                == [.refused(category: nil)])
    }

    @Test("a refusal leaves a choice open, or tells two ends", arguments: 0..<4)
    func aRefusalClosesWhatIsOpen(_ count: Int) throws {
        let frames = [
            Self.chunk(#"{"index":0,"delta":{"role":"assistant","content":""}}"#),
            Self.chunk(#"{"index":0,"delta":{"content":"a"}}"#), Self.chunk(#"{"index":1,"delta":{"content":"b"}}"#),
            Self.chunk(#"{"index":0,"delta":{},"finish_reason":"stop"}"#),
        ]
        let reader = try Self.read(Array(frames.prefix(count))).reader
        var parser = FrameParser(.serverSentEvents)
        for frame in frames.prefix(count) { parser.feed(ByteBuffer(string: "data: \(frame)\n\n")) }
        parser.feed(reader.refuse(AnswerRefusal("No.")))
        var decoder = Self.dialect.makeStreamDecoder()
        var events: [StreamEvent] = []
        while let frame = try parser.next() { try decoder.decode(frame, into: &events) }
        #expect(events.last == .ended && parser.unfinishedBytes == 0)
        let finished = events.compactMap { event -> Int? in
            if case .finished(let choice, .contentFilter, _) = event { choice } else { nil }
        }
        #expect(finished == (count < 3 ? [0] : [0, 1]))
    }
}
