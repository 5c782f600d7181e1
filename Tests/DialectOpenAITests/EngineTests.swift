import Conversation
import DialectOpenAI
import NIOCore
import Testing
import Wire

@Suite("A hosted engine") struct EngineTests {
    @Test("the engine gets more than it may see") func request() throws {
        let request = ChatRequest(
            model: "m",
            messages: [
                Message(.developer, [.text("D")], name: "dev"),
                Message(.user, [.text("u"), .text("v")]),
            ]
        ).with {
            $0.maxTokens = 5
            $0.topK = 40
            $0.endUser = "someone"
            $0.effort = "low"
            $0.logitBias = ["15": -1, "9": 2]
            $0.choices = 1
            $0.tools = [Tool(name: "a"), Tool(name: "b")]
            $0.toolChoice = .tool("b")
            $0.stream = true
        }
        let (body, dropped) = try engine.encoded(request)
        #expect(
            body == #"""
                {"model":"m","messages":[{"role":"system","content":"D"},{"role":"user","content":"u\n\nv"}],"tools":[{"type":"function","function":{"name":"b"}}],"tool_choice":"required","top_k":40,"max_tokens":5,"n":1,"logit_bias":{"15":-1,"9":2},"stream":true,"stream_options":{"include_usage":true}}
                """#)
        #expect(dropped == ["messages[0].name", "reasoning_effort", "user"])
    }

    @Test(
        "the engine is asked for what it can't do",
        arguments: [
            (
                ChatRequest(model: "m", messages: [Message(.user, [.text("x"), .image(.url("u", detail: nil))])]),
                "messages[0].content[1]"
            ),
            (ChatRequest.saying().with { $0.choices = 2 }, "n"),
            (ChatRequest.saying().with { $0.logprobs = 21 }, "top_logprobs"),
            (ChatRequest.saying().with { $0.logitBias = ["word": 1] }, "logit_bias.word"),
            (ChatRequest.saying().with { $0.toolChoice = .tool("f") }, "tool_choice"),
        ])
    func refused(request: ChatRequest, field: String) throws {
        let refusal = #expect(throws: CannotCarry.self) { try engine.encoded(request) }
        #expect(refusal?.field == field)
    }

    @Test("the engine stumbles over what other servers take") func history() throws {
        let request = ChatRequest(
            model: "m",
            messages: [
                Message(.assistant, [.refusal("No.")]),
                Message(.assistant, [.toolCall(ToolCall(id: "c", name: "f", arguments: ""))]),
            ])
        #expect(
            try engine.encoded(request).body == #"""
                {"model":"m","messages":[{"role":"assistant","content":"No."},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]}
                """#)
    }

    @Test(
        "a call that must be made isn't begun",
        arguments: [
            (ToolChoice.required, true), (.tool("f"), true), (.auto, false), (.none, false),
        ])
    func forcedCall(choice: ToolChoice, isForced: Bool) throws {
        let forcing = EngineDialect(toolCallOpening: { "<tool_call>\n" }, now: { 0 })
        let request = ChatRequest.saying().with {
            $0.tools = [Tool(name: "f")]
            $0.toolChoice = choice
        }
        let opening = #",{"role":"assistant","content":"<tool_call>\n"}]"#
        #expect(try forcing.encoded(request).body.contains(opening) == isForced)
        #expect(try !engine.encoded(request).body.contains("<tool_call>"))
    }

    @Test("a model that sees gets no image") func sees() throws {
        let seeing = EngineDialect(acceptsImages: true, maxChoices: 4, now: { 0 })
        let request = ChatRequest(
            model: "m", messages: [Message(.user, [.image(.base64(mediaType: "image/png", data: "AA"))])]
        ).with { $0.choices = 4 }
        #expect(try seeing.encoded(request).body.contains("data:image/png;base64,AA"))
    }

    @Test(
        "a seed beyond 32 bits repeats no more",
        arguments: [
            (7, 7), (0, 0), (4_294_967_294, 4_294_967_294), (4_294_967_295, 2_147_483_647), (-1, 2_147_483_647),
            (-2, 2_147_483_647), (1 << 40 | 6, 3),
        ])
    func seeds(seed: Int, sent: Int) throws {
        #expect(try engine.encoded(.saying().with { $0.seed = seed }).body.contains("\"seed\":\(sent)}"))
    }

    @Test(
        "an engine's own words reach the caller",
        arguments: [
            "chat", "chat-json-object", "chat-json-schema", "chat-logprobs", "chat-n2", "chat-stop", "tool-auto",
            "tool-result", "length-by-context",
        ])
    func replies(name: String) throws {
        let reply = try engine.decodeReply(Fixture.bytes("\(name).response.json", of: "engine"))
        #expect(reply.id.hasPrefix("chatcmpl-"))
        #expect(reply.model == "smollm2-135m")
        #expect(reply.usage != nil)
        let bytes = openai.encodeReply(reply, to: .saying())
        #expect(!String(buffer: bytes).contains("timings"))
        #expect(try openai.decodeReply(bytes) == reply)
        #expect(engine.usage(inReply: try JSONDocument(bytes, limits: .answer).root) == reply.usage)
    }

    // The recordings may be made anew: what an engine makes up each time
    // (ids, times) is not compared.

    @Test("a recorded answer is misread") func golden() throws {
        let reply = try engine.decodeReply(Fixture.bytes("chat.response.json", of: "engine"))
        var expected = ChatReply(
            id: reply.id, model: "smollm2-135m", created: reply.created,
            choices: [ChatReply.Choice(content: [.text("Hello! I'm here to help with")], finish: .length)],
            usage: Usage(input: 33, output: 8, cacheRead: reply.usage?.cacheRead))
        expected.systemFingerprint = reply.systemFingerprint
        #expect(reply == expected)
        #expect(reply.created != nil && reply.usage?.cacheRead != nil)
    }

    @Test("a recorded stream is misread") func stream() throws {
        let bytes = try Fixture.bytes("chat-stream-usage.response.sse", of: "engine")
        let events = try engine.decode(stream: [bytes])
        guard case .started(let id, "smollm2-135m", _?)? = events.first,
            case .usage(let usage)? = events.dropLast().last
        else {
            Issue.record("\(events)")
            return
        }
        #expect(id.hasPrefix("chatcmpl-"))
        #expect(usage.input == 33 && usage.output == 6)
        #expect(
            Array(events.dropFirst().dropLast(2)) == [
                .text(choice: 0, "Hello"), .text(choice: 0, "!"), .text(choice: 0, " I"), .text(choice: 0, "'m"),
                .text(choice: 0, " here"), .text(choice: 0, " to"), .finished(choice: 0, .length, stopSequence: nil),
            ])
        #expect(events.last == .ended)
    }

    @Test("a recorded tool call is misread", arguments: ["tool-forced", "tool-forced-parallel"])
    func toolCalls(name: String) throws {
        let reply = try engine.decodeReply(Fixture.bytes("\(name).response.json", of: "engine"))
        var calls = 0
        for part in reply.choices[0].content {
            guard case .toolCall(let call) = part else {
                Issue.record("\(part)")
                continue
            }
            calls += 1
            #expect(!call.id.isEmpty && call.name.hasPrefix("get_"))
            #expect(throws: Never.self) { try JSONFragment(checking: call.arguments) }
        }
        #expect(calls >= 1)
    }

    @Test("a recorded stream's tool calls are misread") func streamedToolCalls() throws {
        let bytes = try Fixture.bytes("tool-forced-parallel-stream.response.sse", of: "engine")
        let events = try engine.decode(stream: [bytes])
        var arguments: [String] = []
        for event in events {
            switch event {
            case .toolCallStarted(0, let call, let id, let name):
                #expect(call == arguments.count && !id.isEmpty && name.hasPrefix("get_"))
                arguments.append("")
            case .toolCallArguments(0, let call, let fragment): arguments[call] += fragment
            case .text(_, let text): Issue.record("text \(text)")
            default: break
            }
        }
        #expect(arguments.count == 2)
        for text in arguments { #expect(throws: Never.self) { try JSONFragment(checking: text) } }
        #expect(events.contains(.finished(choice: 0, .toolCalls, stopSequence: nil)))
    }

    @Test("two choices of one stream get mixed") func interleaved() throws {
        let bytes = try Fixture.bytes("chat-n2-stream.response.sse", of: "engine")
        let events = try engine.decode(stream: [bytes])
        let whole = String(buffer: bytes)
        #expect(whole.contains("\"index\":0") && whole.contains("\"index\":1"))
        var texts = ["", ""]
        var finishes = 0
        for event in events {
            if case .text(let choice, let text) = event { texts[choice] += text }
            if case .finished = event { finishes += 1 }
        }
        #expect(!texts[0].isEmpty && !texts[1].isEmpty)
        #expect(finishes == 2)
        #expect(events.last == .ended)
    }

    @Test(
        "an engine's error loses its reason",
        arguments: [
            ("error-context", 400, "exceed_context_size_error", "context_length_exceeded"),
            ("error-bad-schema", 400, "invalid_request_error", nil),
            ("error-image", 500, "server_error", nil),
            ("error-json", 400, "invalid_request_error", nil),
        ])
    func errors(name: String, status: Int, type: String, code: String?) throws {
        let body = try Fixture.bytes("\(name).response.json", of: "engine")
        let error = engine.decodeError(status: status, body: body)
        #expect(error.status == status)
        #expect(error.type == type)
        #expect(error.code == nil)
        #expect(!error.message.isEmpty)
        let shown = try JSONDocument(openai.encodeProviderError(error, requestID: "r")).root["error"]
        #expect(shown?["code"]?.string == code)
        #expect(shown?["message"]?.string == error.message)
        #expect(openai.status(for: error) == status)
    }
}
