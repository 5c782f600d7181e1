import Conversation
import DialectBedrock
import NIOCore
import Testing
import Wire

private func reply(_ text: String) throws(UnreadableReply) -> ChatReply {
    try converse.decodeReply(ByteBuffer(string: text))
}

private func answer(_ content: String, _ more: String = #""stopReason":"end_turn""#) throws -> ChatReply.Choice {
    let whole = try reply(#"{"output":{"message":{"role":"assistant","content":[\#(content)]}},\#(more)}"#)
    return try #require(whole.choices.first)
}

/// The events that a stream's bytes become, however they are cut.
private func read(
    _ bytes: ByteBuffer, by dialect: any ProviderProtocol = converse, cutAt cut: Int? = nil
) throws -> [StreamEvent] {
    var parser = FrameParser(dialect.framing)
    var decoder = dialect.makeStreamDecoder()
    var events: [StreamEvent] = []
    let cut = cut ?? bytes.readableBytes
    for piece in [bytes.getSlice(at: 0, length: cut), bytes.getSlice(at: cut, length: bytes.readableBytes - cut)] {
        parser.feed(try #require(piece))
        while let frame = try parser.next() { try decoder.decode(frame, into: &events) }
    }
    return events
}

private func stream(_ events: [(String, String)], exception: (String, String)? = nil) -> ByteBuffer {
    var bytes = ByteBuffer()
    for (name, data) in events {
        EventStreamWriter.write(EventStreamHead(event: name), data: ByteBuffer(string: data), to: &bytes)
    }
    if let (name, data) = exception {
        EventStreamWriter.write(EventStreamHead(exception: name), data: ByteBuffer(string: data), to: &bytes)
    }
    return bytes
}

private let whole: [(String, String)] = [
    ("messageStart", #"{"role":"assistant","p":"abc"}"#),
    ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm."}}}"#),
    ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"sig"}}}"#),
    ("contentBlockStop", #"{"contentBlockIndex":0}"#),
    ("contentBlockDelta", #"{"contentBlockIndex":1,"delta":{"text":"It is "}}"#),
    ("contentBlockDelta", #"{"contentBlockIndex":1,"delta":{"text":"bl\u00fce"}}"#),
    ("contentBlockDelta", #"{"contentBlockIndex":1,"delta":{"text":"."},"p":"abcdef"}"#),
    ("contentBlockDelta", #"{"contentBlockIndex":1,"delta":{"text":""}}"#),
    ("contentBlockStop", #"{"contentBlockIndex":1}"#),
    ("contentBlockStart", #"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"look"}}}"#),
    ("contentBlockDelta", #"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"at\":"}}}"#),
    ("contentBlockDelta", #"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"1}"}}}"#),
    ("contentBlockStop", #"{"contentBlockIndex":2}"#),
    ("contentBlockStart", #"{"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"t2","name":"wait"}}}"#),
    ("contentBlockStop", #"{"contentBlockIndex":3}"#),
    ("messageStop", #"{"stopReason":"tool_use"}"#),
    (
        "metadata",
        #"{"usage":{"inputTokens":5,"outputTokens":7,"totalTokens":12,"cacheReadInputTokens":100},"metrics":{"latencyMs":1}}"#
    ),
]

private let told: [StreamEvent] = [
    .started(id: "", model: "", created: nil), .thinking(choice: 0, "Hm."), .thinkingSignature(choice: 0, "sig"),
    .partEnded(choice: 0), .text(choice: 0, "It is "), .text(choice: 0, "blüe"), .text(choice: 0, "."),
    .partEnded(choice: 0), .toolCallStarted(choice: 0, call: 0, id: "t1", name: "look"),
    .toolCallArguments(choice: 0, call: 0, fragment: "{\"at\":"),
    .toolCallArguments(choice: 0, call: 0, fragment: "1}"),
    .partEnded(choice: 0), .toolCallStarted(choice: 0, call: 1, id: "t2", name: "wait"),
    .toolCallArguments(choice: 0, call: 1, fragment: "{}"), .partEnded(choice: 0),
    .finished(choice: 0, .toolCalls, stopSequence: nil), .usage(Usage(input: 105, output: 7, cacheRead: 100)), .ended,
]

@Suite struct ProviderReplyTests {
    @Test func everyBlockHasItsPart() throws {
        let choice = try answer(
            #"{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"s"}}},{"reasoningContent":{"redactedContent":"AAAA"}},{"text":"So."},{"toolUse":{"toolUseId":"t","name":"look","input":{"a": 1}}},{"citationsContent":{"content":[{"text":"cited"}],"citations":[]}}"#
        )
        #expect(
            choice.content == [
                .thinking(text: "Hm.", signature: "s"), .redactedThinking("AAAA"), .text("So."),
                .toolCall(ToolCall(id: "t", name: "look", arguments: #"{"a": 1}"#)), .text("cited"),
            ])
    }

    @Test(
        arguments: [
            ("end_turn", .endTurn), ("tool_use", .toolCalls), ("max_tokens", .length), ("stop_sequence", .stopSequence),
            ("guardrail_intervened", .contentFilter), ("content_filtered", .contentFilter),
            ("model_context_window_exceeded", .contextFull), ("malformed_tool_use", .other("malformed_tool_use")),
        ] as [(String, FinishReason)])
    func everyStopReasonHasItsMeaning(_ word: String, _ reason: FinishReason) throws {
        #expect(try answer(#"{"text":"x"}"#, #""stopReason":"\#(word)""#).finish == reason)
    }

    @Test func theStopSequenceAndTheCostAreRead() throws {
        let whole = try reply(
            #"{"output":{"message":{"content":[]}},"stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"END"},"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3,"cacheReadInputTokens":4,"cacheWriteInputTokens":8,"cacheDetails":[{"ttl":"5m","inputTokens":8}]},"serviceTier":{"type":"flex"}}"#
        )
        #expect(whole.choices.first?.stopSequence == "END")
        #expect(whole.usage == Usage(input: 13, output: 2, cacheRead: 4, cacheWrite: 8))
        #expect(whole.serviceTier == "flex")
    }

    @Test(
        arguments: [
            #"{"usage":{"inputTokens":-5,"outputTokens":9e99}}"#, #"{"usage":[]}"#, #"{"usage":{}}"#,
            #"{"usage":null}"#,
        ])
    func absurdCountsAreNoCrash(_ more: String) throws {
        _ = try reply(#"{"output":{"message":{"content":[]}},"# + more.dropFirst())
    }

    @Test(
        arguments: [
            "", "null", "[]", "{}", #"{"output":{}}"#, #"{"output":{"message":{"content":"x"}}}"#,
            #"{"output":{"message":{"content":[1]}}}"#, #"{"output":{"message":{"content":[{"text":1}]}}}"#,
            #"{"output":{"message":{"content":[{"toolUse":{"name":"x"}}]}}}"#,
            #"{"output":{"message":{"content":[{"reasoningContent":{}}]}}}"#, #"{"message":"no"}"#,
        ])
    func whatIsNoAnswerIsRefused(_ text: String) {
        #expect(throws: UnreadableReply.self) { try reply(text) }
    }

    @Test func toolsThatBedrockRunsAreNoCalls() throws {
        #expect(
            try answer(#"{"toolUse":{"toolUseId":"t","name":"s","input":{},"type":"server_tool_use"}},{"text":"x"}"#)
                .content == [.text("x")])
    }
}

@Suite struct ProviderStreamTests {
    @Test func aStreamIsReadHoweverItIsCut() throws {
        let bytes = stream(whole)
        for cut in 0...bytes.readableBytes { #expect(try read(bytes, cutAt: cut) == told, "cut at \(cut)") }
    }

    @Test func aWatcherSeesWhatAReaderSees() throws {
        var watcher = converse.makeStreamWatcher()
        var seen: [StreamObservation] = []
        for frame in try frames(stream(whole)) {
            watcher.observe(frame)
            seen.append(watcher.observation)
        }
        #expect(!seen[0].hasContent && seen[1].hasContent)
        #expect(seen[9].hasOpenToolCall && seen[11].hasOpenToolCall && !seen[12].hasOpenToolCall)
        #expect(!seen[14].hasFinished && seen[15].hasFinished && !seen[15].hasEnded)
        #expect(seen[16].hasEnded && watcher.isOver)
        #expect(seen[16].usage == Usage(input: 105, output: 7, cacheRead: 100))
    }

    /// `metadata` alone, without a stop reason, ends nothing.
    @Test func aStreamWithoutItsStopIsNotWhole() throws {
        let events = try read(stream(whole.filter { $0.0 != "messageStop" }))
        #expect(!events.contains(.ended))
        var watcher = converse.makeStreamWatcher()
        for frame in try frames(stream(whole.filter { $0.0 != "messageStop" })) { watcher.observe(frame) }
        #expect(!watcher.isOver)
    }

    @Test(
        arguments: [
            ("throttlingException", #"{"message":"slow"}"#, 429, "slow"),
            ("internalServerException", "{}", 500, "The provider ended the stream with an error."),
            ("modelStreamErrorException", #"{"message":"m","originalStatusCode":503,"originalMessage":"o"}"#, 503, "m"),
            ("modelStreamErrorException", #"{"originalMessage":"o"}"#, 424, "o"),
            ("validationException", #"{"message":"bad"}"#, 400, "bad"),
            ("serviceUnavailableException", "not json", 503, "The provider ended the stream with an error."),
            ("newException", #"{"message":"?"}"#, 200, "?"),
        ])
    func anExceptionEndsTheStream(_ name: String, _ data: String, _ status: Int, _ words: String) throws {
        let bytes = stream(Array(whole.prefix(6)), exception: (name, data))
        let events = try read(bytes)
        let error = ProviderError(status: status, type: name, message: words)
        #expect(events.last == .failed(error))
        var watcher = converse.makeStreamWatcher()
        for frame in try frames(bytes) { watcher.observe(frame) }
        #expect(watcher.observation.failure == error && watcher.isOver)
    }

    @Test func nothingFollowsAnEnd() throws {
        #expect(try read(stream(whole + whole)) == told)
    }

    @Test(
        arguments: [
            ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"x"}}"#), ("messageStop", "{}"),
            ("metadata", "{}"), ("contentBlockStart", #"{"contentBlockIndex":0,"start":{}}"#),
        ])
    func nothingComesBeforeTheStart(_ name: String, _ data: String) {
        #expect(throws: UnreadableReply.self) { try read(stream([(name, data)])) }
    }

    @Test(
        arguments: [
            [("messageStart", "{}"), ("messageStart", "{}")], [("messageStart", "no json")],
            [("messageStart", "{}"), ("contentBlockDelta", "{}")],
            [
                ("messageStart", "{}"),
                ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"x"}}}"#),
            ],
            [("messageStart", "{}"), ("contentBlockStart", #"{"contentBlockIndex":0,"start":{"toolUse":{}}}"#)],
            [
                ("messageStart", "{}"),
                ("contentBlockStart", #"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"b"}}}"#),
                ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"x"}}"#),
            ],
        ] as [[(String, String)]])
    func whatTheAPIDoesntAllowIsRefused(_ events: [(String, String)]) {
        #expect(throws: UnreadableReply.self) { try read(stream(events)) }
    }

    @Test func unknownEventsAndBlocksArePassedOver() throws {
        let events = try read(
            stream([
                ("initial-response", "{}"), ("messageStart", "{}"), ("newEvent", "{}"),
                ("contentBlockStart", #"{"contentBlockIndex":0,"start":{"image":{"format":"png"}}}"#),
                ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"image":{"source":{"bytes":"AA=="}}}}"#),
                ("contentBlockStop", #"{"contentBlockIndex":0}"#), ("contentBlockStop", #"{"contentBlockIndex":9}"#),
                ("messageStop", #"{"stopReason":"end_turn"}"#), ("metadata", "{}"),
            ]))
        #expect(
            events == [
                .started(id: "", model: "", created: nil), .foreignPart,
                .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
            ])
    }

    private func chunks(_ events: [String], exception: (String, String)? = nil) -> ByteBuffer {
        var bytes = ByteBuffer()
        for event in events {
            EventStreamWriter.write(
                EventStreamHead(event: "chunk"),
                data: ByteBuffer(string: #"{"bytes":"\#(base64(event))","p":"ab"}"#), to: &bytes)
        }
        if let (name, data) = exception {
            EventStreamWriter.write(EventStreamHead(exception: name), data: ByteBuffer(string: data), to: &bytes)
        }
        return bytes
    }

    private func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var digits = ""
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let three = bytes.prefix(3)
            bytes = bytes.dropFirst(3)
            let word = three.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - three.count))
            for place in 0..<4 {
                digits.append(place <= three.count ? alphabet[word >> (18 - 6 * place) & 63] : "=")
            }
        }
        return digits
    }

    @Test func chunksHoldTheEventsOfTheModelsOwnAPI() throws {
        let bytes = chunks([
            #"{"type":"message_start","message":{"id":"msg_1","model":"claude","usage":{"input_tokens":3,"output_tokens":1}}}"#,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#,
            #"{"type":"content_block_stop","index":0}"#,
            #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
            #"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3}}"#,
        ])
        for cut in 0...bytes.readableBytes {
            let events = try read(bytes, by: invoke, cutAt: cut)
            #expect(events.first == .started(id: "msg_1", model: "claude", created: nil))
            #expect(events.contains(.text(choice: 0, "Hi")) && events.last == .ended)
        }
        var watcher = invoke.makeStreamWatcher()
        for frame in try frames(bytes) { watcher.observe(frame) }
        #expect(watcher.observation.hasEnded && watcher.observation.usage == Usage(input: 3, output: 2))
        let failed = chunks([], exception: ("throttlingException", #"{"message":"slow"}"#))
        #expect(
            try read(failed, by: invoke)
                == [.failed(ProviderError(status: 429, type: "throttlingException", message: "slow"))])
    }

    @Test func aChunkWithoutBytesIsRefused() {
        #expect(throws: UnreadableReply.self) { try read(stream([("chunk", #"{"bytes":"?"}"#)]), by: invoke) }
        #expect(throws: UnreadableReply.self) { try read(stream([("chunk", "{}")]), by: invoke) }
    }
}

@Suite struct ProviderErrorTests {
    @Test(
        arguments: [
            (429, #"{"message":"slow"}"#, "ThrottlingException", "slow"),
            (
                400, #"{"__type":"com.amazon.coral.service#ServiceQuotaExceededException","message":"q"}"#,
                "ServiceQuotaExceededException", "q"
            ),
            (403, #"{"Message":"no"}"#, "AccessDeniedException", "no"),
            (404, "<html>", "ResourceNotFoundException", "The provider answered with status 404."),
            (500, "{}", "InternalServerException", "The provider answered with status 500 and no message."),
            (418, #"{"message":""}"#, nil, "The provider answered with status 418 and no message."),
        ] as [(Int, String, String?, String)])
    func anErrorIsReadWithItsKind(_ status: Int, _ body: String, _ type: String?, _ words: String) {
        #expect(
            converse.decodeError(status: status, body: ByteBuffer(string: body))
                == ProviderError(status: status, type: type, message: words))
    }
}
