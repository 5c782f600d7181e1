import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

private func request(_ messages: [Message] = [Message(.user, [.text("Hi")])]) -> ChatRequest {
    ChatRequest(model: "route", messages: messages)
}

private func encoded(
    _ request: ChatRequest, model: String = "claude-x", dropped expected: [String] = []
) throws -> String {
    var dropped: [String] = []
    let body = try dialect.encodeChat(request, model: model, dropped: &dropped)
    #expect(dropped == expected)
    _ = try JSONDocument(body)
    return text(body)
}

private func refusal(_ request: ChatRequest) -> String? {
    var dropped: [String] = []
    do throws(CannotCarry) {
        _ = try dialect.encodeChat(request, model: "claude-x", dropped: &dropped)
        return nil
    } catch {
        return error.field
    }
}

@Suite struct RequestEncodingTests {
    @Test func aLimitIsAlwaysSent() throws {
        #expect(
            try encoded(request())
                == #"{"model":"claude-x","max_tokens":8192,"messages":[{"role":"user","content":"Hi"}]}"#)
        var thinking = request()
        thinking.reasoning = .budget(10_000)
        #expect(try encoded(thinking).contains(#""max_tokens":18192"#), "no room is left for the answer")
    }

    @Test func everythingHasItsPlace() throws {
        var request = request([
            Message(.system, [.text("Be terse.")]), Message(.developer, [.text("Be kind.")]),
            Message(
                .user,
                [
                    .text("Look"), .image(.base64(mediaType: "image/png", data: "AA==")),
                    .image(.url("https://e/x", detail: "auto")),
                ]),
            Message(
                .assistant,
                [
                    .thinking(text: "hm", signature: "S"), .redactedThinking("R"), .refusal("No."),
                    .toolCall(ToolCall(id: "c1", name: "f", arguments: " {\"a\": 1.0}\n")),
                    .toolCall(ToolCall(id: "c2", name: "g", arguments: "")),
                ]),
            Message(.user, [.toolResult(ToolResult(callID: "c1", content: [.text("one")]))]),
            Message(.user, [.toolResult(ToolResult(callID: "c2", content: [], isError: true))]),
            Message(.user, [.text("Go on")]),
        ])
        request.maxTokens = 77
        request.tools = [
            Tool(name: "f", description: "d", parameters: fragment(#"{"type":"object"}"#), isStrict: true),
            Tool(name: "g"), Tool(name: "h", parameters: fragment(#"{"properties":{}}"#)),
        ]
        request.toolChoice = .tool("f")
        request.parallelToolCalls = false
        request.responseFormat = .jsonSchema(
            name: "n", description: nil, schema: fragment(#"{"type":"object"}"#), isStrict: true)
        request.temperature = 0.3
        request.topP = 0.95
        request.topK = 5
        request.stop = ["END"]
        request.frequencyPenalty = 0
        request.choices = 1
        request.endUser = "u"
        request.reasoning = .effort("xhigh")
        request.stream = true
        #expect(
            try encoded(request)
                == #"{"model":"claude-x","max_tokens":77,"system":[{"type":"text","text":"Be terse."},{"type":"text","text":"Be kind."}],"messages":["#
                + #"{"role":"user","content":[{"type":"text","text":"Look"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},{"type":"image","source":{"type":"url","url":"https://e/x"}}]},"#
                + #"{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"S"},{"type":"redacted_thinking","data":"R"},{"type":"text","text":"No."},{"type":"tool_use","id":"c1","name":"f","input":{"a": 1.0}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},"#
                + #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"one"},{"type":"tool_result","tool_use_id":"c2","is_error":true},{"type":"text","text":"Go on"}]}],"#
                + #""tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true},{"name":"g","input_schema":{"type":"object"}},{"name":"h","input_schema":{"type":"object","properties":{}}}],"#
                + #""tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"temperature":0.3,"top_p":0.95,"top_k":5,"stop_sequences":["END"],"#
                + #""output_config":{"effort":"xhigh","format":{"type":"json_schema","schema":{"type":"object"}}},"metadata":{"user_id":"u"},"stream":true}"#
        )
    }

    @Test func resultsComeFirstEvenAfterText() throws {
        let body = try encoded(
            request([
                Message(.user, [.text("a")]),
                Message(.assistant, [.toolCall(ToolCall(id: "c", name: "f", arguments: "{}"))]),
                Message(.user, [.text("b")]),
                Message(.user, [.toolResult(ToolResult(callID: "c", content: [.text("r")]))]),
            ]))
        #expect(
            body.contains(
                #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"r"},{"type":"text","text":"b"}]}"#
            ))
    }

    @Test func turnsOfOneRoleAreJoinedAndSilenceIsLeftOut() throws {
        let body = try encoded(
            request([
                Message(.user, [.text("a")]), Message(.assistant, [.text("")]), Message(.user, [.text("b")]),
                Message(.assistant, [.text("c")]), Message(.assistant, [.text("d")]),
            ]))
        #expect(
            body.contains(
                #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]}]"#
            ))
    }

    @Test(arguments: [
        // (model, what follows the instruction, stays in place)
        ("claude-opus-4-8", nil as Role?, true), ("claude-opus-4-8-20260528", .assistant, true),
        ("claude-opus-4-8", .user, false), ("claude-opus-4-80", .assistant, false),
        ("claude-sonnet-4-5", .assistant, false), ("claude-sonnet-5", nil, false), ("claude-fable-5", .assistant, true),
    ])
    func aLaterInstructionIsNeverLost(_ model: String, _ next: Role?, _ stays: Bool) throws {
        var messages = [
            Message(.system, [.text("first")]), Message(.user, [.text("a")]), Message(.developer, [.text("later")]),
        ]
        if let next { messages.append(Message(next, [.text("b")])) }
        let body = try encoded(request(messages), model: model, dropped: stays ? [] : ["messages[2].position"])
        if stays {
            #expect(body.contains(#"{"role":"user","content":"a"},{"role":"system","content":"later"}"#))
            #expect(body.contains(#""system":"first""#))
        } else {
            #expect(body.contains(#""system":[{"type":"text","text":"first"},{"type":"text","text":"later"}]"#))
            #expect(!body.contains(#""role":"system""#))
        }
    }

    @Test func whatIsLeftBehindIsSaid() throws {
        var request = request([
            Message(.user, [.text("a"), .image(.url("https://e/x", detail: "high"))], name: "Ann"),
            Message(.assistant, [.thinking(text: "t", signature: nil), .text("b")]),
        ])
        request.seed = 7
        request.responseFormat = .jsonSchema(name: "n", description: "d", schema: fragment("{}"), isStrict: nil)
        _ = try encoded(
            request,
            dropped: [
                "seed", "response_format.json_schema.description", "messages[0].name",
                "messages[0].content[1].image_url.detail", "messages[1].thinking",
            ])
    }

    @Test(arguments: [
        (Reasoning.disabled, #""thinking":{"type":"disabled"}"#), (.adaptive, #""thinking":{"type":"adaptive"}"#),
        (.effort("none"), #""thinking":{"type":"disabled"}"#), (.effort("low"), #""output_config":{"effort":"low"}"#),
        (.budget(1024), #""thinking":{"type":"enabled","budget_tokens":1024}"#),
    ])
    func reasoningIsSaid(_ reasoning: Reasoning, _ expected: String) throws {
        var request = request()
        request.reasoning = reasoning
        #expect(try encoded(request).contains(expected))
    }

    @Test func oneCallAtATimeNeedsAChoice() throws {
        var request = request()
        request.parallelToolCalls = false
        #expect(!(try encoded(request).contains("tool_choice")), "Anthropic refuses a choice without tools")
        request.tools = [Tool(name: "f")]
        #expect(try encoded(request).contains(#""tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#))
        request.toolChoice = ToolChoice.none
        #expect(try encoded(request).contains(#""tool_choice":{"type":"none"}"#))
    }

    @Test func whatCantBeSaidIsRefusedByName() {
        func refused(_ change: (inout ChatRequest) -> Void) -> String? {
            var request = request()
            change(&request)
            return refusal(request)
        }
        #expect(refused { $0.temperature = 1.5 } == "temperature")
        #expect(refused { $0.frequencyPenalty = 0.1 } == "frequency_penalty")
        #expect(refused { $0.presencePenalty = -1 } == "presence_penalty")
        #expect(refused { $0.choices = 2 } == "n")
        #expect(refused { $0.logprobs = 0 } == "logprobs")
        #expect(refused { $0.logitBias = ["1": 2] } == "logit_bias")
        #expect(refused { $0.responseFormat = .jsonObject } == "response_format")
        #expect(refused { $0.reasoning = .effort("minimal") } == "reasoning_effort")
        #expect(refused { $0.stop = ["a", " \n"] } == "stop")
        #expect(refused { $0.stop = [""] } == "stop")
        #expect(refused { $0.toolChoice = .required } == "tool_choice")
        #expect(
            refused { $0.tools = [Tool(name: "f", parameters: fragment("true"))] } == "tools[0].function.parameters")
        #expect(refused { $0.messages = [Message(.system, [.text("a")])] } == "messages")
        #expect(refused { $0.messages = [Message(.user, [.text("")])] } == "messages[0].content")
        #expect(
            refused { $0.messages[0].content = [.image(.base64(mediaType: "image/tiff", data: ""))] }
                == "messages[0].content[0]")
        #expect(
            refused { $0.messages = [Message(.system, [.image(.url("u", detail: nil))])] } == "messages[0].content[0]")
        #expect(
            refused { $0.messages.append(Message(.assistant, [.image(.url("u", detail: nil))])) }
                == "messages[1].content[0]")
        #expect(refused { $0.messages[0].content = [.image(.url("", detail: nil))] } == "messages[0].content[0]")
        #expect(
            refused { $0.messages[0].content = [.toolResult(ToolResult(callID: "", content: []))] }
                == "messages[0].tool_call_id")
        #expect(refused { $0.tools = [Tool(name: "")] } == "tools[0].function.name")
        #expect(refused { $0.topP = 1.1 } == "top_p")
        for arguments in ["{", "[]", "null", "\"{}\"", "{\"a\":1,\"a\":2}"] {
            #expect(
                refused {
                    $0.messages.append(
                        Message(.assistant, [.toolCall(ToolCall(id: "c", name: "f", arguments: arguments))]))
                }
                    == "messages[1].tool_calls[0].function.arguments")
        }
    }

    @Test(arguments: ["request-plain.json", "request-full.json"])
    func aRequestSurvivesARoundTrip(_ name: String) throws {
        var first = try dialect.decodeChat(JSONDocument(fixture(name)))
        var dropped: [String] = []
        let body = try dialect.encodeChat(first, model: first.model, dropped: &dropped)
        let second = try dialect.decodeChat(JSONDocument(body))
        first.leftovers = []
        #expect(second == first && dropped.isEmpty)
    }

    @Test func thereAreNoEmbeddings() throws {
        var dropped: [String] = []
        #expect(throws: CannotCarry.self) {
            try dialect.encodeEmbeddings(
                EmbeddingsRequest(model: "m", input: .text("a")), model: "m", dropped: &dropped)
        }
        let problem = #expect(throws: Problem.self) { try dialect.decodeEmbeddings(JSONDocument("{}")) }
        #expect(problem?.kind == .notFound)
    }
}
