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
        request.effort = "xhigh"
        request.stream = true
        #expect(
            try encoded(request)
                == #"{"model":"claude-x","max_tokens":77,"system":[{"type":"text","text":"Be terse."},{"type":"text","text":"Be kind."}],"messages":["#
                + #"{"role":"user","content":[{"type":"text","text":"Look"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},{"type":"image","source":{"type":"url","url":"https://e/x"}}]},"#
                + #"{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"S"},{"type":"redacted_thinking","data":"R"},{"type":"text","text":"No."},{"type":"tool_use","id":"c1","name":"f","input":{"a": 1.0}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},"#
                + #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"one"},{"type":"tool_result","tool_use_id":"c2","is_error":true},{"type":"text","text":"Go on"}]}],"#
                + #""tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true},{"name":"g","input_schema":{"type":"object"}},{"name":"h","input_schema":{"type":"object","properties":{}}}],"#
                + #""tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"temperature":0.3,"top_p":0.95,"top_k":5,"stop_sequences":["END"],"#
                + #""output_config":{"effort":"xhigh","format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false}}},"metadata":{"user_id":"u"},"stream":true}"#
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
        request.endUser = String(repeating: "u", count: 257)
        request.stop = ["a", " \n", ""]
        request.responseFormat = .jsonSchema(name: "n", description: "d", schema: fragment("{}"), isStrict: nil)
        _ = try encoded(
            request,
            dropped: [
                "response_format.json_schema.description", "messages[0].name",
                "messages[0].content[1].image_url.detail", "messages[1].thinking", "seed", "user", "stop",
            ])
    }

    @Test(arguments: [
        (Reasoning.disabled, #""thinking":{"type":"disabled"}"#), (.adaptive, #""thinking":{"type":"adaptive"}"#),
        (.budget(1024), #""thinking":{"type":"enabled","budget_tokens":1024}"#),
    ])
    func reasoningIsSaid(_ reasoning: Reasoning, _ expected: String) throws {
        var request = request()
        request.reasoning = reasoning
        #expect(try encoded(request).contains(expected))
    }

    @Test(arguments: [
        // (model, word, what is sent, what is named)
        ("claude-x", "low", "low" as String?, [] as [String]), ("claude-x", "xhigh", "xhigh", []),
        ("claude-x", "minimal", "low", ["reasoning_effort (taken as low)"]),
        ("claude-opus-4-6", "xhigh", "high", ["reasoning_effort (taken as high)"]),
        ("claude-opus-4-8", "xhigh", "xhigh", []), ("claude-x", "none", nil, []),
        ("claude-x", "frantic", nil, ["reasoning_effort"]),
        ("claude-3-5-haiku-20241022", "high", nil, ["reasoning_effort"]),
        ("claude-sonnet-4-5", "high", nil, ["reasoning_effort"]), ("claude-opus-4-5", "high", "high", []),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "low", nil, ["reasoning_effort"]),
    ])
    func anEffortIsAWish(_ model: String, _ word: String, _ sent: String?, _ named: [String]) throws {
        var request = request()
        request.effort = word
        let body = try encoded(request, model: model, dropped: named)
        #expect(body.contains("effort") == (sent != nil))
        if let sent { #expect(body.contains(#""output_config":{"effort":"\#(sent)"}"#)) }
        #expect(body.contains(#""thinking":{"type":"disabled"}"#) == (word == "none"))
    }

    @Test(arguments: [
        // (model, temperature, top_p, top_k, what is named)
        ("claude-x", 0.5, 0.9, 5, [] as [String]), ("claude-x", 0.7, 0.9, -1, []),
        ("claude-opus-4-7", 0.5, 0.9, 5, ["temperature", "top_p", "top_k"]),
        ("anthropic/claude-opus-4.8", 1.0, 1.0, 5, ["temperature", "top_p", "top_k"]),
        ("claude-sonnet-4-6", 0.5, 0.9, 5, []), ("claude-fable-5", 0.5, 0.9, 5, ["temperature", "top_p", "top_k"]),
        ("us.anthropic.claude-opus-5-v1:0", 0.5, 0.9, 5, ["temperature", "top_p", "top_k"]),
    ])
    func samplingIsAWish(
        _ model: String, _ temperature: Double, _ topP: Double, _ topK: Int, _ named: [String]
    ) throws {
        var request = request()
        request.temperature = temperature
        request.topP = topP
        request.topK = topK
        let body = try encoded(request, model: model, dropped: named)
        #expect(body.contains("top_p") == !named.contains("top_p"))
        #expect(body.contains("temperature") == !named.contains("temperature"))
    }

    @Test func aBudgetFitsItsRequest() throws {
        var request = request()
        request.reasoning = .budget(500)
        #expect(try encoded(request).contains(#""budget_tokens":1024"#), "the least that Anthropic takes")
        request.reasoning = .budget(4000)
        request.maxTokens = 2000
        #expect(
            try encoded(request, dropped: ["thinking.budget_tokens (taken as 1999)"]).contains(#""budget_tokens":1999"#)
        )
        request.maxTokens = 1000
        #expect(!(try encoded(request, dropped: ["thinking"]).contains("thinking")))
        request.maxTokens = nil
        #expect(
            try encoded(request, model: "claude-opus-4-7", dropped: ["thinking.budget_tokens"]).contains("adaptive"))
        request.reasoning = .adaptive
        #expect(!(try encoded(request, model: "claude-sonnet-4-5", dropped: ["thinking"]).contains("thinking")))
        request.tools = [Tool(name: "f")]
        request.toolChoice = .required
        #expect(!(try encoded(request, dropped: ["thinking"]).contains("thinking")), "a forced call takes none")
    }

    @Test func aTurnThatAnotherModelBeganEndsWithoutThinking() throws {
        let call = Part.toolCall(ToolCall(id: "c", name: "f", arguments: "{}"))
        let result = Message(.user, [.toolResult(ToolResult(callID: "c", content: [.text("r")]))])
        var own = request([
            Message(.user, [.text("a")]), Message(.assistant, [.thinking(text: "t", signature: "S"), call]), result,
        ])
        own.reasoning = .budget(2048)
        #expect(try encoded(own).contains(#""budget_tokens":2048"#))
        var others = request([Message(.user, [.text("a")]), Message(.assistant, [call]), result])
        others.reasoning = .budget(2048)
        #expect(!(try encoded(others, dropped: ["thinking"]).contains("thinking")))
        others.messages.append(Message(.assistant, [.text("so")]))
        others.messages.append(Message(.user, [.text("next")]))
        #expect(try encoded(others).contains(#""budget_tokens":2048"#), "the turn has ended")
    }

    @Test func whatSaysNothingIsLeftOut() throws {
        let body = try encoded(
            request([
                Message(.user, [.text("a")]), Message(.assistant, [.text("\n\n")]), Message(.user, [.text(" ")]),
                Message(.user, [.text("b")]), Message(.assistant, [.text("c \n")]),
            ]), dropped: ["messages[2].content (empty)", "messages (white space at the end)"])
        #expect(
            body.contains(
                #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":"c"}]"#
            ))
        #expect(
            try encoded(request([Message(.user, [.text("")])]), dropped: ["messages[0].content (empty)"])
                .contains(#""content":"(no text)""#))
        #expect(
            try encoded(request([Message(.system, [.text("a")])]), dropped: ["messages[0].role"])
                .contains(#"[{"role":"user","content":"a"}]"#))
    }

    @Test(arguments: [
        ("", "{}"), (" ", "{}"), ("null", "{}"), ("{", #"{"INVALID_JSON":"{"}"#), ("[]", #"{"INVALID_JSON":"[]"}"#),
        ("\"{}\"", #"{"INVALID_JSON":"\"{}\""}"#), (#"{"a":1,"a":2}"#, #"{"INVALID_JSON":"{\"a\":1,\"a\":2}"}"#),
    ])
    func argumentsOfTheHistoryAreWrapped(_ arguments: String, _ input: String) throws {
        let body = try encoded(
            request([
                Message(.user, [.text("a")]),
                Message(.assistant, [.toolCall(ToolCall(id: "c", name: "f", arguments: arguments))]),
                Message(.user, [.toolResult(ToolResult(callID: "c", content: []))]),
            ]))
        #expect(body.contains(#""input":\#(input)}"#))
    }

    @Test func anyJSONObjectIsAskedForInWords() throws {
        var request = request([Message(.system, [.text("Be terse.")]), Message(.user, [.text("Hi")])])
        request.responseFormat = .jsonObject
        let body = try encoded(request, dropped: ["response_format (as an instruction)"])
        #expect(
            body.contains(#"{"type":"text","text":"Be terse."},{"type":"text","text":"Answer with one JSON object"#))
    }

    @Test func aSchemaIsMadeToFit() throws {
        var request = request()
        request.responseFormat = .jsonSchema(
            name: "lamp", description: nil,
            schema: fragment(
                #"{"type":"object","properties":{"name":{"type":"string","minLength":1,"format":"email"},"minimum":{"type":"integer","minimum":0},"parts":{"type":"array","minItems":1,"maxItems":9,"items":{"properties":{"a":{"const":{"minLength":1}}}}},"kind":{"oneOf":[{"type":"string"},{"type":"null"}]}},"required":["name"],"additionalProperties":true}"#
            ), isStrict: nil)
        let body = try encoded(
            request,
            dropped: ["minLength", "minimum", "maxItems", "additionalProperties"].map {
                "response_format.json_schema.schema (\($0))"
            })
        #expect(
            body.contains(
                #""schema":{"type":"object","properties":{"name":{"type":"string","format":"email"},"minimum":{"type":"integer"},"parts":{"type":"array","minItems":1,"items":{"properties":{"a":{"const":{"minLength":1}}},"additionalProperties":false}},"kind":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["name"],"additionalProperties":false}"#
            ))
    }

    @Test func whatATellerSaysBehindTheAssistantIsAnswered() throws {
        let body = try encoded(
            request([
                Message(.system, [.text("s")]), Message(.user, [.text("a")]), Message(.assistant, [.text("run it")]),
                Message(.system, [.text("it printed 4")]),
            ]), dropped: ["messages[3].role"])
        #expect(body.hasSuffix(#"{"role":"assistant","content":"run it"},{"role":"user","content":"it printed 4"}]}"#))
    }

    @Test(arguments: ["image/jpg", "image/pjpeg", "IMAGE/JPEG", "image/jpeg"])
    func aPictureHasMoreThanOneName(_ type: String) throws {
        let body = try encoded(request([Message(.user, [.image(.base64(mediaType: type, data: "AA=="))])]))
        #expect(body.contains(#""media_type":"image/jpeg""#))
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
        #expect(refused { $0.topP = 1.1 } == "top_p")
        #expect(refused { $0.frequencyPenalty = 0.1 } == "frequency_penalty")
        #expect(refused { $0.presencePenalty = -1 } == "presence_penalty")
        #expect(refused { $0.choices = 2 } == "n")
        #expect(refused { $0.logprobs = 0 } == "logprobs")
        #expect(refused { $0.logitBias = ["1": 2] } == "logit_bias")
        #expect(refused { $0.toolChoice = .required } == "tool_choice")
        #expect(
            refused { $0.tools = [Tool(name: "f", parameters: fragment("true"))] } == "tools[0].function.parameters")
        #expect(
            refused { $0.messages[0].content = [.image(.base64(mediaType: "image/tiff", data: ""))] }
                == "messages[0].content[0]")
        #expect(
            refused { $0.messages = [Message(.system, [.image(.url("u", detail: nil))])] } == "messages[0].content[0]")
        #expect(
            refused { $0.messages.append(Message(.assistant, [.image(.url("u", detail: nil))])) }
                == "messages[1].content[0]")
        #expect(refused { $0.messages[0].content = [.image(.url("", detail: nil))] } == "messages[0].content[0]")
        #expect(refused { $0.tools = [Tool(name: "")] } == "tools[0].function.name")
    }

    @Test(arguments: ["request-plain.json", "request-full.json"])
    func aRequestSurvivesARoundTrip(_ name: String) throws {
        var first = try dialect.decodeChat(JSONDocument(fixture(name)))
        // A forced call takes no thinking.
        if first.toolChoice == .required { first.toolChoice = .auto }
        var dropped: [String] = []
        let body = try dialect.encodeChat(first, model: first.model, dropped: &dropped)
        let second = try dialect.decodeChat(JSONDocument(body))
        first.leftovers = []
        #expect(second == first && dropped.isEmpty)
    }

    @Test func thereAreNoEmbeddings() throws {
        let dialect: any Dialect = dialect
        #expect(!(dialect is any EmbeddingsCaller) && !(dialect is any EmbeddingsProvider))
    }
}
