import Conversation
import DialectOpenAI
import Testing
import Wire

@Suite("Writing a request") struct RequestWritingTests {
    @Test("a request comes out otherwise than it went in") func roundTrip() throws {
        var request = try openai.decodeChat(Fixture.document("chat.request.json"))
        let (body, dropped) = try openai.encoded(request, model: "assistant")
        request.leftovers = []
        // Optional properties are not strict in OpenAI's sense.
        #expect(dropped == ["tools[0].function.strict", "response_format.json_schema.strict"])
        request.tools[0].isStrict = nil
        // Texts are one string, which all servers take.
        request.messages[1].content = [.text("One.\n\nTwo.")]
        if case .jsonSchema(let name, let description, let schema, _) = request.responseFormat {
            request.responseFormat = .jsonSchema(name: name, description: description, schema: schema, isStrict: nil)
        }
        #expect(try openai.decodeChat(body) == request)
    }

    @Test(
        "a schema is misjudged as strict",
        arguments: [
            (
                #"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#,
                true
            ),
            (#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}"#, false),
            (#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#, false),
            (#"{"type":"object","properties":{},"additionalProperties":false}"#, true),
            (
                #"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"b":{}}}}},"required":["a"],"additionalProperties":false}"#,
                false
            ), (#"{"anyOf":[{"type":"object","properties":{"a":{}}}]}"#, false), (#"{"type":"string"}"#, true),
        ])
    func strictness(schema: String, isStrict: Bool) throws {
        var request = ChatRequest.saying()
        request.tools = [Tool(name: "f", parameters: try JSONFragment(checking: schema), isStrict: true)]
        let (body, dropped) = try openai.encoded(request)
        #expect(body.contains(#""strict":true"#) == isStrict && dropped.isEmpty == isStrict)
    }

    @Test(
        "a recorded request doesn't survive",
        arguments: [
            "chat", "chat-json-object", "chat-json-schema", "chat-logprobs", "chat-n2-stream", "chat-stop",
            "chat-stream-usage", "developer-role", "max-completion-tokens", "system-role", "tool-auto",
            "tool-named", "tool-parallel-stream", "tool-required", "tool-result",
        ])
    func recordedRoundTrip(name: String) throws {
        var request = try openai.decodeChat(Fixture.document("\(name).request.json", of: "engine"))
        #expect(request.leftovers.isEmpty)
        // Usage is always asked for.
        request.includeUsage = request.stream
        let (body, dropped) = try openai.encoded(request, model: request.model)
        #expect(try openai.decodeChat(body) == request)
        #expect(dropped.isEmpty)
    }

    @Test("the bytes are not OpenAI's") func golden() throws {
        let request = ChatRequest(
            model: "route",
            messages: [
                Message(.developer, [.text("D")]), Message(.system, [.text("S"), .text("T")]),
                Message(.assistant, [.text("a"), .toolCall(ToolCall(id: "c", name: "f", arguments: "{}"))]),
                Message(
                    .user,
                    [
                        .toolResult(ToolResult(callID: "c", content: [.text("1")])),
                        .toolResult(ToolResult(callID: "d", content: [.text("2"), .text("3")])),
                        .toolResult(ToolResult(callID: "e", content: [])),
                        .text("u"), .image(.base64(mediaType: "image/png", data: "AA==")),
                    ], name: "mara"),
            ]
        ).with {
            $0.maxTokens = 5
            $0.temperature = 0.1
            $0.logprobs = 0
            $0.stream = true
        }
        let expected = #"""
            {"model":"m","messages":[{"role":"developer","content":"D"},{"role":"system","content":"S\n\nT"},{"role":"assistant","content":"a","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"1"},{"role":"tool","tool_call_id":"d","content":"2\n\n3"},{"role":"tool","tool_call_id":"e","content":""},{"role":"user","name":"mara","content":[{"type":"text","text":"u"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}],"temperature":0.1,"max_completion_tokens":5,"logprobs":true,"stream":true,"stream_options":{"include_usage":true}}
            """#
        #expect(try openai.encoded(request).body == expected)
        let older = OpenAIDialect(traits: Flavour.compatible.traits, now: { 0 })
        #expect(try older.encoded(request).body.contains(#""max_tokens":5,"#))
    }

    @Test(
        "something that can't be said is sent all the same",
        arguments: [
            (ChatRequest.saying().with { $0.topK = 3 }, "top_k"),
            (
                ChatRequest(model: "m", messages: [.toolAnswer([.image(.url("u", detail: nil))])]),
                "messages[0].content[0].content[0]"
            ),
            (
                ChatRequest(model: "m", messages: [Message(.system, [.image(.url("u", detail: nil))])]),
                "messages[0].content[0]"
            ),
            (
                ChatRequest(model: "m", messages: [Message(.assistant, [.text("x"), .image(.url("u", detail: nil))])]),
                "messages[0].content[1]"
            ),
            (
                ChatRequest(
                    model: "m", messages: [Message(.user, [.toolCall(ToolCall(id: "", name: "", arguments: ""))])]),
                "messages[0].content[0]"
            ),
        ])
    func refused(request: ChatRequest, field: String) throws {
        let refusal = #expect(throws: CannotCarry.self) { try openai.encoded(request) }
        #expect(refusal?.field == field)
    }

    @Test(
        "something advisory goes unmentioned",
        arguments: [
            (ChatRequest.saying().with { $0.reasoning = .budget(9) }, ["thinking"]),
            (ChatRequest.saying().with { $0.reasoning = .adaptive }, ["thinking"]),
            (ChatRequest.saying().with { $0.reasoning = .disabled }, ["thinking"]),
            (ChatRequest.saying().with { $0.effort = "high" }, []),
            (ChatRequest.saying().with { $0.effort = "max" }, ["reasoning_effort (taken as xhigh)"]),
            (ChatRequest.saying().with { $0.effort = "frantic" }, ["reasoning_effort"]),
            (ChatRequest.saying().with { ($0.effort, $0.reasoning) = ("low", .budget(2000)) }, ["thinking"]),
            (ChatRequest.saying().with { ($0.effort, $0.reasoning) = ("low", .adaptive) }, []),
            (
                ChatRequest.saying().with { ($0.effort, $0.reasoning) = ("low", .disabled) },
                ["thinking", "reasoning_effort"]
            ),
            (ChatRequest.saying().with { $0.endUser = String(repeating: "u", count: 65) }, ["user"]),
            (
                ChatRequest(
                    model: "m",
                    messages: [
                        .user("x"),
                        Message(
                            .assistant, [.thinking(text: "t", signature: "s"), .redactedThinking("r"), .text("y")]),
                    ]), ["messages[1].content[0] (thinking)", "messages[1].content[1] (thinking)"]
            ),
            (
                ChatRequest(model: "m", messages: [.toolAnswer([.text("no")], isError: true)]),
                ["messages[0].content[0].is_error"]
            ),
        ])
    func disclosed(request: ChatRequest, fields: [String]) throws {
        let (body, dropped) = try openai.encoded(request)
        #expect(dropped == fields)
        #expect(!body.contains("thinking") && !body.contains("is_error"))
    }

    private func encoded(_ request: ChatRequest, _ flavour: Flavour, model: String = "m") throws -> (String, [String]) {
        try OpenAIDialect(traits: flavour.traits, now: { 0 }).encoded(request, model: model)
    }

    @Test("a server that wants thinking back doesn't get it") func thinkingBack() throws {
        let request = ChatRequest(
            model: "m",
            messages: [.user("x"), Message(.assistant, [.thinking(text: "hm", signature: nil), .text("y")])])
        for flavour in [Flavour.deepseek, .kimi] {
            let (body, dropped) = try encoded(request, flavour)
            #expect(body.contains(#""reasoning_content":"hm""#) && dropped.isEmpty)
        }
        let (body, dropped) = try encoded(request, .vllm)
        #expect(!body.contains("hm") && dropped == ["messages[1].content[0] (thinking)"])
    }

    @Test("an instruction in the middle goes where the server refuses it") func laterInstructions() throws {
        let request = ChatRequest(
            model: "m", messages: [Message(.system, [.text("s")]), .user("x"), Message(.system, [.text("later")])])
        let (told, dropped) = try encoded(request, .vllm)
        #expect(
            told.contains(#""content":"x\n\n<system-reminder>\nlater\n</system-reminder>"}]"#)
                && dropped == ["messages[2].position"])
        let (kept, none) = try encoded(request, .openai)
        #expect(kept.contains(#"{"role":"system","content":"later"}]"#) && none.isEmpty)
    }

    @Test("a server gets what it refuses") func refusedMembers() throws {
        let request = ChatRequest.saying().with {
            $0.seed = 1
            $0.endUser = "u"
            $0.stream = true
            $0.maxTokens = 100_000
            $0.temperature = 0.5
        }
        let (mistral, dropped) = try encoded(request, .mistral)
        #expect(
            !mistral.contains("seed") && !mistral.contains("stream_options")
                && mistral.contains(#""max_tokens":100000"#))
        #expect(dropped == ["seed", "user"])
        let (openai, cut) = try encoded(request, .openai, model: "gpt-4o")
        #expect(openai.contains(#""max_completion_tokens":16384"#) && cut == ["max_tokens (taken as 16384)"])
        let (newer, left) = try encoded(request, .openai, model: "gpt-5-mini")
        #expect(!newer.contains("temperature") && left == ["temperature"])
    }

    @Test("a schema is lost where the server has no member for it") func schemaInWords() throws {
        let schema = try JSONFragment(checking: #"{"type":"object"}"#)
        let request = ChatRequest.saying().with {
            $0.responseFormat = .jsonSchema(name: "n", description: nil, schema: schema, isStrict: nil)
        }
        let (body, dropped) = try encoded(request, .deepseek)
        #expect(
            body.contains(#"{"type":"json_object"}"#)
                && body.contains(#"match this JSON Schema: {\"type\":\"object\"}"#))
        #expect(dropped == ["response_format.json_schema (as an instruction)"])
    }

    @Test("tool settings without tools are sent, which OpenAI refuses") func vacuous() throws {
        let request = ChatRequest.saying().with {
            $0.toolChoice = .auto
            $0.parallelToolCalls = true
        }
        #expect(try openai.encoded(request).body == #"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#)
    }

    @Test("a double loses digits", arguments: [0.1, 1e-7, 0.30000000000000004, 1.0, -2, 123456.789])
    func precision(value: Double) throws {
        let request = ChatRequest.saying().with { $0.temperature = value }
        #expect(try openai.decodeChat(openai.encoded(request).body).temperature == value)
    }
}

extension Message {
    static func toolAnswer(_ content: [Part], isError: Bool = false) -> Message {
        Message(.user, [.toolResult(ToolResult(callID: "c", content: content, isError: isError))])
    }
}
