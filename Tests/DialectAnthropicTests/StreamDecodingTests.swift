import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

@Suite struct StreamDecodingTests {
    static let expected: [String: [StreamEvent]] = [
        "stream-text.sse": [
            .started(id: "msg_01XFDUDYJgAACzvnptvVoYEL", model: "claude-opus-4-8", created: nil),
            .usage(Usage(input: 25, output: 1)), .ping, .text(choice: 0, "Hello"),
            .text(choice: 0, "! Grüße, 世界 🌍\n"), .partEnded(choice: 0),
            .finished(choice: 0, .endTurn, stopSequence: nil),
            .usage(Usage(input: 25, output: 15)), .ended,
        ],
        "stream-tools.sse": [
            .started(id: "msg_014p7gG3wDgGV9EUtLvnow3U", model: "claude-opus-4-8", created: nil),
            .usage(Usage(input: 2572, output: 2, cacheRead: 2000, cacheWrite: 100)), .text(choice: 0, "Let me look."),
            .partEnded(choice: 0),
            .toolCallStarted(choice: 0, call: 0, id: "toolu_01T1x1fJ34qAmk2tNTrN7Up6", name: "get_weather"),
            .toolCallArguments(choice: 0, call: 0, fragment: "{\"location\":"),
            .toolCallArguments(choice: 0, call: 0, fragment: " \"San"),
            .toolCallArguments(choice: 0, call: 0, fragment: " Francisco, \\\"CA\\\"\"}"),
            .partEnded(choice: 0),
            .toolCallStarted(choice: 0, call: 1, id: "toolu_02now", name: "get_time"),
            .toolCallArguments(choice: 0, call: 1, fragment: "{}"), .partEnded(choice: 0),
            .finished(choice: 0, .toolCalls, stopSequence: nil),
            .usage(Usage(input: 2572, output: 89, cacheRead: 2000, cacheWrite: 100, reasoning: 12)), .ended,
        ],
        "stream-thinking.sse": [
            .started(id: "msg_01XFDUDYJgAACzvnptvVoYEL", model: "claude-opus-4-8", created: nil),
            .usage(Usage(input: 40, output: 1)), .thinking(choice: 0, "27 * 453 is "), .thinking(choice: 0, "12231."),
            .thinkingSignature(choice: 0, "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"), .partEnded(choice: 0),
            .redactedThinking(choice: 0, "EmwKAhgBEgy3va3pzix"),
            .text(choice: 0, "12,231"), .partEnded(choice: 0),
            .finished(choice: 0, .stopSequence, stopSequence: "\n\nHuman:"),
            .usage(Usage(input: 40, output: 30)), .ended,
        ],
        "stream-server-tool.sse": [
            .started(id: "msg_01XFDUDYJgAACzvnptvVoYEL", model: "claude-opus-4-8", created: nil),
            .usage(Usage(input: 2679, output: 3)), .foreignPart, .foreignPart, .text(choice: 0, "Sunny."),
            .partEnded(choice: 0), .finished(choice: 0, .endTurn, stopSequence: nil),
            .usage(Usage(input: 2679, output: 510)), .ended,
        ],
        "stream-error.sse": [
            .started(id: "msg_01XFDUDYJgAACzvnptvVoYEL", model: "claude-opus-4-8", created: nil),
            .usage(Usage(input: 25, output: 1)), .text(choice: 0, "Hel"),
            .failed(ProviderError(status: 529, type: "overloaded_error", message: "Overloaded")),
        ],
    ]

    @Test(arguments: expected.keys.sorted())
    func aStreamIsReadHoweverItIsCut(_ name: String) throws {
        let bytes = try fixture(name)
        #expect(try decode([bytes]) == Self.expected[name])
        for pieces in cuts(of: bytes) {
            let decoded = try decode(pieces)
            guard decoded == Self.expected[name] else {
                Issue.record("cut after \(pieces[0].readableBytes) bytes, \(name) reads differently")
                return
            }
        }
    }

    @Test(arguments: expected.keys.sorted())
    func theWatcherSeesWhatTheDecoderSees(_ name: String) throws {
        var watcher = dialect.makeStreamWatcher()
        var unnamed = dialect.makeStreamWatcher()
        for event in try events(in: [fixture(name)]) {
            watcher.observe(event)
            unnamed.observe(Frame(data: event.data))
        }
        let events = Self.expected[name]!
        var observation = StreamObservation()
        for event in events {
            switch event {
            case .usage(let usage): observation.usage = usage
            case .ended: observation.hasEnded = true
            case .finished: observation.hasFinished = true
            case .failed(let failure): observation.failure = failure
            case .text, .thinking, .toolCallStarted, .redactedThinking: observation.hasContent = true
            default: break
            }
        }
        #expect(watcher.observation == observation)
        #expect(unnamed.observation == observation, "an event without a name is not seen")
    }

    @Test func aCallIsOpenUntilItsBlockStops() {
        var watcher = dialect.makeStreamWatcher()
        func see(_ name: String, _ data: String) {
            watcher.observe(Frame(name: name, data: ByteBuffer(string: data)))
        }
        see("content_block_start", #"{"index":0,"content_block":{"type":"text","text":""}}"#)
        #expect(!watcher.observation.hasOpenToolCall)
        see("content_block_stop", #"{"index":0}"#)
        see("content_block_start", #"{"index":1,"content_block":{"type":"tool_use","id":"i","name":"n","input":{}}}"#)
        see("content_block_delta", #"{"index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}"#)
        #expect(watcher.observation.hasOpenToolCall)
        see("content_block_stop", #"{"index":1}"#)
        #expect(!watcher.observation.hasOpenToolCall && !watcher.observation.hasFinished)
        see("message_delta", #"{"delta":{"stop_reason":null}}"#)
        #expect(!watcher.observation.hasFinished)
        see("message_delta", #"{"delta":{"stop_reason":"tool_use"}}"#)
        #expect(watcher.observation.hasFinished)
    }

    @Test func anEmptyBlockIsNotYetContent() throws {
        var watcher = dialect.makeStreamWatcher()
        watcher.observe(
            Frame(
                name: "content_block_start",
                data: ByteBuffer(
                    string: #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)))
        #expect(!watcher.observation.hasContent)
        watcher.observe(
            Frame(
                name: "content_block_start",
                data: ByteBuffer(
                    string:
                        #"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"b","input":{}}}"#
                )))
        #expect(watcher.observation.hasContent)
        watcher.observe(Frame(name: "message_start", data: ByteBuffer(string: "garbage")))
        watcher.observe(Frame(name: "error", data: ByteBuffer(string: "garbage")))
        #expect(watcher.observation.usage == nil && watcher.observation.failure?.status == 200)
    }

    @Test(arguments: [
        "garbage", "7", "{}", #"{"type":"message_start"}"#, #"{"type":"message_stop"}"#,
        #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
        #"{"type":"content_block_stop","index":0}"#, #"{"type":"message_delta","delta":{}}"#,
    ])
    func whatTheDialectDoesNotAllowIsRefused(_ data: String) {
        var decoder = dialect.makeStreamDecoder()
        var decoded: [StreamEvent] = []
        #expect(throws: UnreadableReply.self) {
            try decoder.decode(Frame(data: ByteBuffer(string: data)), into: &decoded)
        }
    }

    @Test(arguments: [
        ("rate_limit_error", 429), ("api_error", 500), ("overloaded_error", 529), ("timeout_error", 504),
        ("invalid_request_error", 400), ("billing_error", 402), ("novel_error", 200),
    ])
    func anErrorInTheStreamKeepsWhatItStandsFor(_ type: String, _ status: Int) throws {
        var decoder = dialect.makeStreamDecoder()
        var decoded: [StreamEvent] = []
        let data = #"{"type":"error","error":{"type":"\#(type)","message":"No"}}"#
        try decoder.decode(Frame(name: "error", data: ByteBuffer(string: data)), into: &decoded)
        #expect(decoded == [.failed(ProviderError(status: status, type: type, message: "No"))])
    }
}
