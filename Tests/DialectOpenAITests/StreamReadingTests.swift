import Conversation
import DialectOpenAI
import NIOCore
import Testing
import Wire

@Suite("Reading a stream") struct StreamReadingTests {
    static let streams = ["text", "tools", "choices", "azure", "reasoning", "failed"]

    static let expected: [String: [StreamEvent]] = [
        "text": [
            .started(id: "chatcmpl-BsAbC", model: "gpt-4o-mini-2024-07-18", created: 1_721_075_653),
            .text(choice: 0, "Grüße"), .text(choice: 0, " \"usage\": 👋\n"),
            .finished(choice: 0, .endTurn, stopSequence: nil),
            .usage(Usage(input: 1210, output: 3, cacheRead: 1152, reasoning: 0)), .ended,
        ],
        "tools": [
            .started(id: "chatcmpl-AtLs", model: "gpt-4o-2024-08-06", created: 1_737_798_325),
            .toolCallStarted(choice: 0, call: 0, id: "call_DdmO9pD3xa9XTPNJ32zg2hcA", name: "get_weather"),
            .toolCallArguments(choice: 0, call: 0, fragment: "{\"lo"),
            .toolCallArguments(choice: 0, call: 0, fragment: "cation\":\"Paris\"}"),
            .toolCallStarted(choice: 0, call: 1, id: "call_tk0c9vSYlWQqTaiLmXbjXJzJ", name: "get_time"),
            .toolCallArguments(choice: 0, call: 1, fragment: "{}"),
            .finished(choice: 0, .toolCalls, stopSequence: nil), .ended,
        ],
        "choices": [
            .started(id: "chatcmpl-2", model: "gpt-4o-mini", created: 1),
            .logprobs(choice: 0, [TokenLogprob(token: "Red", logprob: -0.5, bytes: [82, 101, 100])]),
            .text(choice: 0, "Red"),
            .logprobs(choice: 1, [TokenLogprob(token: "I can't.", logprob: -0.25)]),
            .refusal(choice: 1, "I can't."),
            .finished(choice: 1, .endTurn, stopSequence: nil),
            .finished(choice: 0, .length, stopSequence: nil), .ended,
        ],
        "azure": [
            .started(id: "chatcmpl-Az", model: "gpt-4o-2024-11-20", created: 1_737_000_000),
            .text(choice: 0, "Hi"), .finished(choice: 0, .contentFilter, stopSequence: nil), .ended,
        ],
        "reasoning": [
            .started(id: "1f633d8b", model: "deepseek-reasoner", created: 1_718_345_013),
            .thinking(choice: 0, "First,"), .text(choice: 0, "Four."),
            .finished(choice: 0, .endTurn, stopSequence: nil),
            .usage(Usage(input: 16, output: 4, cacheRead: 0, reasoning: 2)), .ended,
        ],
        "failed": [
            .started(id: "chatcmpl-f", model: "gpt-4o", created: 1), .text(choice: 0, "Ha"),
            .failed(
                ProviderError(
                    status: 500, type: "server_error",
                    message: "The server had an error while processing your request. Sorry about that!")),
        ],
    ]

    @Test("a recorded stream is misread", arguments: streams)
    func recorded(name: String) throws {
        #expect(try openai.decode(stream: [Fixture.bytes("\(name).stream.sse")]) == Self.expected[name])
    }

    @Test("where the bytes were cut can be seen", arguments: streams)
    func cutAnywhere(name: String) throws {
        let bytes = try Fixture.bytes("\(name).stream.sse")
        let whole = Self.expected[name]
        for cut in 0...bytes.readableBytes {
            let pieces = [
                bytes.getSlice(at: 0, length: cut)!, bytes.getSlice(at: cut, length: bytes.readableBytes - cut)!,
            ]
            let events = try openai.decode(stream: pieces)
            guard events == whole else {
                Issue.record("cut at byte \(cut): \(events)")
                return
            }
        }
    }

    @Test("a stream that comes byte by byte is misread", arguments: streams)
    func byteByByte(name: String) throws {
        let bytes = try Fixture.bytes("\(name).stream.sse")
        let pieces = bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }
        #expect(try openai.decode(stream: pieces) == Self.expected[name])
    }

    @Test(
        "an engine's stream depends on its cuts",
        arguments: [
            "chat-stream", "chat-logprobs-stream", "chat-n2-stream", "tool-required-stream",
        ])
    func engineByteByByte(name: String) throws {
        let bytes = try Fixture.bytes("\(name).response.sse", of: "engine")
        let pieces = bytes.readableBytesView.map { ByteBuffer(bytes: [$0]) }
        let events = try engine.decode(stream: [bytes])
        #expect(events.last == .ended)
        #expect(try engine.decode(stream: pieces) == events)
    }

    /// Deltas of one choice, as events of a stream without its frame.
    private func decode(deltas: [String], finish: String? = nil) throws -> [StreamEvent] {
        var text = ""
        for delta in deltas { text += "data: {\"id\":\"i\",\"choices\":[{\"delta\":\(delta)}]}\n\n" }
        if let finish { text += "data: {\"id\":\"i\",\"choices\":[{\"finish_reason\":\"\(finish)\"}]}\n\n" }
        let events = try openai.decode(stream: text)
        #expect(events.first == .started(id: "i", model: "", created: nil))
        return Array(events.dropFirst())
    }

    private func start(_ call: Int, _ id: String, _ name: String) -> StreamEvent {
        .toolCallStarted(choice: 0, call: call, id: id, name: name)
    }
    private func arguments(_ call: Int, _ fragment: String) -> StreamEvent {
        .toolCallArguments(choice: 0, call: call, fragment: fragment)
    }

    @Test("tool calls that all have the index 0 run together") func sameIndex() throws {
        let events = try decode(deltas: [
            #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{1}"}}]}"#,
            #"{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"{2}"}}]}"#,
        ])
        #expect(events == [start(0, "a", "f"), arguments(0, "{1}"), start(1, "b", "f"), arguments(1, "{2}")])
    }

    @Test("tool calls without an index run together") func noIndex() throws {
        let events = try decode(
            deltas: [
                #"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]}"#,
                #"{"tool_calls":[{"function":{"arguments":"}"}}]}"#,
                #"{"tool_calls":[{"function":{"name":"g","arguments":"{}"}}]}"#,
            ], finish: "stop")
        #expect(
            events == [
                start(0, "a", "f"), arguments(0, "{"), arguments(0, "}"), start(1, "call_1", "g"), arguments(1, "{}"),
                .finished(choice: 0, .toolCalls, stopSequence: nil),
            ])
    }

    @Test("an id that is repeated begins a new call") func repeatedID() throws {
        let events = try decode(deltas: [
            #"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{"}}]}"#,
            #"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"}"}}]}"#,
            #"{"tool_calls":[{"index":3,"id":"c","function":{"name":"h"}}]}"#,
            #"{"tool_calls":[{"index":3,"id":"","function":{"name":null,"arguments":"{}"}}]}"#,
            #"{"tool_calls":[{"index":0,"function":{"arguments":" "}}]}"#,
        ])
        #expect(
            events == [
                start(0, "a", "f"), arguments(0, "{"), arguments(0, "}"), start(1, "c", "h"), arguments(1, "{}"),
                arguments(0, " "),
            ])
    }

    @Test("an id before the name is forgotten") func idFirst() throws {
        let events = try decode(deltas: [
            #"{"tool_calls":[{"index":0,"id":"a"}]}"#,
            #"{"tool_calls":[{"index":0,"function":{"name":"f"}}]}"#,
            #"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#,
        ])
        #expect(events == [start(0, "a", "f"), arguments(0, "{}")])
    }

    @Test("whole calls that share index and id, or have none, run together", arguments: ["", #""id":"x","#])
    func wholeCalls(id: String) throws {
        let events = try decode(
            deltas: [
                #"{"tool_calls":[{"index":0,\#(id)"function":{"name":"f","arguments":"{\"a\":1}"}}]}"#,
                #"{"tool_calls":[{"index":0,\#(id)"function":{"name":"f","arguments":"{\"a\":2}"}}]}"#,
                #"{"tool_calls":[{"index":0,\#(id)"function":{"name":"g","arguments":"{}"}}]}"#,
            ], finish: "tool_calls")
        let ids = id.isEmpty ? ["call_0", "call_1", "call_2"] : ["x", "x", "x"]
        #expect(
            events == [
                start(0, ids[0], "f"), arguments(0, #"{"a":1}"#), start(1, ids[1], "f"), arguments(1, #"{"a":2}"#),
                start(2, ids[2], "g"), arguments(2, "{}"), .finished(choice: 0, .toolCalls, stopSequence: nil),
            ])
    }

    @Test(
        "a name that is repeated or comes in pieces is misread",
        arguments: [
            (["get_", "weather"], "get_weather"), (["get_weather", "get_weather"], "get_weather"),
            (["get", "get_weather"], "get_weather"), (["get_weather", ""], "get_weather"),
        ])
    func namePieces(pieces: [String], name: String) throws {
        let events = try decode(
            deltas: pieces.map {
                #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"\#($0)","arguments":""}}]}"#
            } + [#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#])
        #expect(events == [start(0, "a", name), arguments(0, "{}")])
    }

    @Test("a call without arguments is never told") func noArguments() throws {
        let events = try decode(
            deltas: [
                #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]}"#,
                #"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g"}}]}"#,
            ], finish: "tool_calls")
        #expect(
            events == [
                start(0, "a", "f"), start(1, "b", "g"), .finished(choice: 0, .toolCalls, stopSequence: nil),
            ])
    }

    @Test(
        "a heartbeat or an odd end is taken for a fault",
        arguments: [
            ("null", StreamEvent.ping), (#"{"id":"x","choices":null,"usage":null}"#, .ping), ("{}", .ping),
            (#"{"status":"working"}"#, .ping), (#"{"choices":null,"base_resp":{"status_code":0}}"#, .ping),
        ])
    func heartbeats(data: String, event: StreamEvent) throws {
        #expect(try openai.decode(stream: "data: \(data)\n\n") == [event])
    }

    @Test("an answer that ended in an error is whole") func finishError() throws {
        let events = try openai.decode(
            stream:
                #"data: {"id":"i","choices":[{"delta":{"content":"x"}}]}\#n\#ndata: {"id":"i","choices":[{"delta":{},"finish_reason":"error","error":{"message":"m","code":502}}]}\#n\#n"#
        )
        #expect(events.last == .failed(ProviderError(status: 502, code: "502", message: "m")))
    }

    @Test(
        "a compatible server's chunk is refused",
        arguments: [
            (#"{"id":"i","choices":[{"delta":null}]}"#, [StreamEvent]()),
            (#"{"id":"i","choices":[{"index":0.0,"delta":{"content":"x","role":null}}]}"#, [.text(choice: 0, "x")]),
            (
                #"{"id":"i","choices":[{"delta":{"reasoning":"h","reasoning_content":"h"}}]}"#,
                [.thinking(choice: 0, "h")]
            ),
            (
                #"{"id":"i","choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"h"}]}]}}]}"#,
                [.thinking(choice: 0, "h")]
            ),
            (
                #"{"id":"i","choices":[{"delta":{},"finish_reason":"stop","stop_reason":"END"}]}"#,
                [.finished(choice: 0, .stopSequence, stopSequence: "END")]
            ),
            (#"{"id":"i","choices":[{"delta":{},"finish_reason":""}]}"#, []),
            (
                #"{"id":"i","choices":[{"delta":{},"usage":{"prompt_tokens":1,"completion_tokens":2}}]}"#,
                [.usage(Usage(input: 1, output: 2))]
            ),
            (#"{"id":"i","usage":{"prompt_tokens":1,"completion_tokens":2}}"#, [.usage(Usage(input: 1, output: 2))]),
            (#"{"id":"i","error":null,"choices":[]}"#, []), (#"{"id":"i","choices":[],"usage":"much"}"#, []),
            (#"{"id":"i","choices":[null]}"#, []),
        ])
    func tolerated(chunk: String, events: [StreamEvent]) throws {
        let decoded = try openai.decode(stream: "data: \(chunk)\n\n")
        #expect(decoded == [.started(id: "i", model: "", created: nil)] + events)
    }

    @Test(
        "garbage is taken for a chunk",
        arguments: [
            "7", "[]", "nonsense", "{", #"{"id":"i","choices":7}"#, #"{"id":"i","choices":[7]}"#,
            #"{"id":"i","choices":[{"index":-1}]}"#, #"{"id":"i","choices":[{"index":128}]}"#,
            #"{"id":"i","choices":[{"delta":7}]}"#, #"{"id":"i","choices":[{"delta":{"content":7}}]}"#,
            #"{"id":"i","choices":[{"delta":{"refusal":7}}]}"#, #"{"id":"i","choices":[{"delta":{"tool_calls":7}}]}"#,
            #"{"id":"i","choices":[{"delta":{"tool_calls":[7]}}]}"#,
            #"{"id":"i","choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"x"}}]}}]}"#,
            #"{"id":"i","choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":7}}]}}]}"#,
            #"{"id":"i","choices":[{"delta":{"function_call":{"name":"f"}}}]}"#,
        ])
    func garbage(data: String) {
        #expect(throws: UnreadableReply.self) { try openai.decode(stream: "data: \(data)\n\n") }
    }

    @Test(
        "an error inside a stream is overlooked",
        arguments: [
            (#"data: {"error":{"message":"m","type":"overloaded_error"}}"#, 503, "m"),
            (#"data: {"error":{"message":"m","code":429,"type":"x"}}"#, 429, "m"),
            (#"data: {"error":"m"}"#, 200, "m"),
            (#"data: {"object":"error","message":"m","type":"BadRequestError","code":400}"#, 400, "m"),
            ("event: error\ndata: {\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}", 429, "m"),
            (#"data: {"error":{"code":500,"message":"m","type":"server_error"}}"#, 500, "m"),
            (#"data: {"error":{}}"#, 200, "The provider ended the stream with an error and gave no reason."),
        ])
    func errors(event: String, status: Int, message: String) throws {
        let events = try openai.decode(stream: event + "\n\ndata: [DONE]\n\n")
        guard case .failed(let error)? = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(events.count == 1)
        #expect(error.status == status)
        #expect(error.message == message)
    }

    @Test("something follows the end") func afterDone() throws {
        #expect(try openai.decode(stream: "data: [DONE]\n\ndata: nonsense\n\n") == [.ended])
        #expect(try openai.decode(stream: "data:\n\ndata:  [DONE] \n\n") == [.ping, .ended])
    }
}
