import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

@Suite struct RequestDecodingTests {
    @Test func aPlainRequestLosesNothing() throws {
        let request = try dialect.decodeChat(JSONDocument(fixture("request-plain.json")))
        var expected = ChatRequest(model: "assistant", messages: [Message(.user, [.text("Hello, Claude")])])
        expected.maxTokens = 1024
        #expect(request == expected)
    }

    @Test func aFullRequestLosesNothing() throws {
        let request = try dialect.decodeChat(JSONDocument(fixture("request-full.json")))
        let compact = request.tools.compactMap { $0.parameters?.text.filter { !$0.isWhitespace } }
        #expect(request.model == "assistant")
        #expect(request.messages.map(\.role) == [.system, .user, .assistant, .user])
        #expect(request.messages[0].content == [.text("You are terse."), .text("Answer in German.")])
        #expect(
            request.messages[1].content == [
                .text("What is in the picture?"), .image(.base64(mediaType: "image/png", data: "iVBORw0KGgo=")),
                .image(.url("https://example.com/cat.png", detail: nil)),
            ])
        #expect(
            Array(request.messages[2].content.prefix(3)) == [
                .thinking(text: "A cat.", signature: "EqQB"), .redactedThinking("Emwx"), .text("Let me see."),
            ])
        guard case .toolCall(let call) = request.messages[2].content[3] else { Issue.record("no call"); return }
        #expect(call.id == "toolu_1" && call.name == "get_weather")
        #expect(call.arguments.contains("\"n\": 1.0"), "the input's bytes have been changed")
        #expect(request.messages[2].content[4] == .toolCall(ToolCall(id: "toolu_2", name: "get_time", arguments: "{}")))
        #expect(
            request.messages[3].content == [
                .toolResult(ToolResult(callID: "toolu_1", content: [.text("15 degrees")])),
                .toolResult(
                    ToolResult(
                        callID: "toolu_2",
                        content: [.text("no clock"), .image(.url("https://example.com/clock.png", detail: nil))],
                        isError: true)),
                .text("And now?"),
            ])
        #expect(request.tools.map(\.name) == ["get_weather", "get_time"])
        #expect(request.tools.map(\.description) == ["The weather of a city.", nil])
        #expect(request.tools.map(\.isStrict) == [true, nil])
        #expect(
            compact == [
                #"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#,
                #"{"type":"object"}"#,
            ])
        #expect(request.toolChoice == .required && request.parallelToolCalls == false)
        #expect(request.temperature == 0.25 && request.topP == 0.9 && request.topK == 40)
        #expect(request.stop == ["\n\nHuman:", "END"] && request.stream && request.maxTokens == 2048)
        #expect(request.endUser == "u-17" && request.effort == "high")
        guard case .jsonSchema(nil, nil, let schema, true) = request.responseFormat else {
            Issue.record("no schema")
            return
        }
        #expect(schema.text.filter { !$0.isWhitespace }.contains(#""additionalProperties":false"#))
        // In the order of the request, and cache_control once for three.
        #expect(
            request.leftovers == [
                Leftover("cache_control", isAdvisory: true), Leftover("thinking.display", isAdvisory: true),
                Leftover("service_tier", isAdvisory: true),
            ])
    }

    @Test func whatOnlyAnthropicHasIsNamedAndNotDropped() throws {
        let request = try dialect.decodeChat(JSONDocument(fixture("request-unportable.json")))
        #expect(
            Set(request.leftovers.map(\.field)) == [
                "max_tokens", "container", "mcp_servers", "context_management", "inference_geo",
                "messages[0].content[0].type", "messages[0].content[1].source.type", "messages[0].content[2].type",
                "messages[0].content[3].novel", "messages[0].extra", "messages[1].content[0].type",
                "messages[1].content[1].caller", "tools[0].type", "tools[1].defer_loading",
                "tools[1].input_examples",
            ])
        // What tunes, shrinks, or tells of what has been.
        #expect(
            Set(request.leftovers.filter(\.isAdvisory).map(\.field)) == [
                "context_management", "messages[0].extra", "messages[1].content[0].type",
                "messages[1].content[1].caller", "tools[1].defer_loading", "tools[1].input_examples",
            ])
        #expect(request.messages[0].content == [.text("Hi")])
        #expect(
            request.messages[2].content == [
                .toolResult(ToolResult(callID: "t", content: [.text("The tool n is available.")]))
            ])
    }

    @Test func anExplicitNullIsTheSameAsNothing() throws {
        let request = try chat(
            #"""
            {"model":"m","max_tokens":5,"system":null,"tools":null,"tool_choice":null,"temperature":null,"top_p":null,
             "top_k":null,"stop_sequences":null,"stream":null,"metadata":{"user_id":null},"thinking":null,"cache_control":null,
             "output_config":{"effort":null,"format":null},"novel":null,
             "messages":[{"role":"user","content":[{"type":"text","text":"a","citations":null,"cache_control":null}]}]}
            """#)
        var expected = ChatRequest(model: "m", messages: [Message(.user, [.text("a")])])
        expected.maxTokens = 5
        #expect(request == expected)
    }

    @Test func countingNeedsNoLimit() throws {
        let document = try JSONDocument(#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#)
        #expect(try dialect.decodeCountTokens(document).maxTokens == nil)
        #expect(throws: APIProblem.self) { try dialect.decodeChat(document) }
    }

    @Test func wholeNumbersMayComeWithAFraction() throws {
        #expect(
            try chat(#"{"model":"m","max_tokens":64.0,"messages":[{"role":"user","content":"a"}]}"#).maxTokens == 64)
    }

    @Test func anInstructionInsideTheConversationStaysThere() throws {
        let request = try chat(
            #"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"a"},{"role":"system","content":"be brief"}]}"#
        )
        #expect(request.messages.map(\.role) == [.user, .system])
    }

    @Test(arguments: [
        (#"{"type":"enabled","budget_tokens":2048}"#, Reasoning.budget(2048), nil as String?),
        (#"{"type":"disabled"}"#, .disabled, nil), (#"{"type":"adaptive"}"#, .adaptive, nil),
        (#"{"type":"between_tools"}"#, .disabled, "thinking.type"),
        (#"{"type":"adaptive","display":"omitted"}"#, .adaptive, "thinking.display"),
    ])
    func thinkingIsTaken(_ json: String, _ expected: Reasoning, _ leftover: String?) throws {
        let request = try chat(
            #"{"model":"m","max_tokens":5,"thinking":\#(json),"messages":[{"role":"user","content":"a"}]}"#)
        #expect(request.reasoning == expected)
        #expect(request.leftovers.map(\.field) == (leftover.map { [$0] } ?? []))
        #expect(request.leftovers.allSatisfy { $0.isAdvisory })
    }

    @Test func anEffortBesideABudgetIsNotForgotten() throws {
        let request = try chat(
            #"{"model":"m","max_tokens":5,"output_config":{"effort":"low"},"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"a"}]}"#
        )
        #expect(request.reasoning == .budget(1024))
        #expect(request.effort == "low" && request.leftovers.isEmpty)
    }

    @Test(arguments: [
        (#"{"type":"auto"}"#, ToolChoice.auto, nil as Bool?), (#"{"type":"any"}"#, .required, nil),
        (#"{"type":"none"}"#, .none, nil), (#"{"type":"tool","name":"f"}"#, .tool("f"), nil),
        (#"{"type":"auto","disable_parallel_tool_use":true}"#, .auto, false),
        (#"{"type":"auto","disable_parallel_tool_use":false}"#, .auto, nil),
    ])
    func aChoiceOfToolsIsTaken(_ json: String, _ expected: ToolChoice, _ parallel: Bool?) throws {
        let request = try chat(
            #"{"model":"m","max_tokens":5,"tool_choice":\#(json),"messages":[{"role":"user","content":"a"}]}"#)
        #expect(request.toolChoice == expected && request.parallelToolCalls == parallel)
    }

    @Test(arguments: [
        ("[]", nil as String?), ("{}", "model"), (#"{"model":7}"#, "model"), (#"{"model":""}"#, "model"),
        (#"{"model":"m"}"#, "messages"), (#"{"model":"m","messages":[]}"#, "max_tokens"),
        (#"{"model":"m","max_tokens":1,"messages":[]}"#, "messages"),
        (#"{"model":"m","max_tokens":"1","messages":[{"role":"user","content":"a"}]}"#, "max_tokens"),
        (#"{"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"a"}]}"#, "max_tokens"),
        (#"{"model":"m","max_tokens":1.5,"messages":[{"role":"user","content":"a"}]}"#, "max_tokens"),
        (#"{"model":"m","max_tokens":1,"messages":{}}"#, "messages"),
        (#"{"model":"m","max_tokens":1,"messages":["a"]}"#, "messages[0]"),
        (#"{"model":"m","max_tokens":1,"messages":[{"content":"a"}]}"#, "messages[0].role"),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"a"}]}"#, "messages[0].role"),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}"#, "messages[0].content"),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":7}]}"#, "messages[0].content"),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":["a"]}]}"#, "messages[0].content[0]"),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{}]}]}"#, "messages[0].content[0].type"),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text"}]}]}"#,
            "messages[0].content[0].text"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]}"#,
            "messages[0].content[0].source"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"x"}}]}]}"#,
            "messages[0].content[0].source.media_type"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_use","id":"a","name":"b","input":{}}]}]}"#,
            "messages[0].content[0].type"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","name":"b","input":{}}]}]}"#,
            "messages[0].content[0].id"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}"#,
            "messages[0].content[0].tool_use_id"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","is_error":1}]}]}"#,
            "messages[0].content[0].is_error"
        ),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"thinking"}]}]}"#,
            "messages[0].content[0].thinking"
        ),
        (#"{"model":"m","max_tokens":1,"system":7,"messages":[{"role":"user","content":"a"}]}"#, "system"),
        (#"{"model":"m","max_tokens":1,"temperature":1.1,"messages":[{"role":"user","content":"a"}]}"#, "temperature"),
        (#"{"model":"m","max_tokens":1,"top_p":"1","messages":[{"role":"user","content":"a"}]}"#, "top_p"),
        (
            #"{"model":"m","max_tokens":1,"stop_sequences":"a","messages":[{"role":"user","content":"a"}]}"#,
            "stop_sequences"
        ),
        (
            #"{"model":"m","max_tokens":1,"stop_sequences":["a",1],"messages":[{"role":"user","content":"a"}]}"#,
            "stop_sequences[1]"
        ),
        (#"{"model":"m","max_tokens":1,"stream":"yes","messages":[{"role":"user","content":"a"}]}"#, "stream"),
        (
            #"{"model":"m","max_tokens":1,"tools":[{"input_schema":{}}],"messages":[{"role":"user","content":"a"}]}"#,
            "tools[0].name"
        ),
        (
            #"{"model":"m","max_tokens":1,"tools":[{"name":"f"}],"messages":[{"role":"user","content":"a"}]}"#,
            "tools[0].input_schema"
        ),
        (
            #"{"model":"m","max_tokens":1,"tool_choice":"auto","messages":[{"role":"user","content":"a"}]}"#,
            "tool_choice"
        ),
        (
            #"{"model":"m","max_tokens":1,"tool_choice":{"type":"function"},"messages":[{"role":"user","content":"a"}]}"#,
            "tool_choice.type"
        ),
        (
            #"{"model":"m","max_tokens":1,"tool_choice":{"type":"tool"},"messages":[{"role":"user","content":"a"}]}"#,
            "tool_choice.name"
        ),
        (
            #"{"model":"m","max_tokens":1,"thinking":{"type":"enabled"},"messages":[{"role":"user","content":"a"}]}"#,
            "thinking.budget_tokens"
        ),
        (
            #"{"model":"m","max_tokens":1,"output_config":{"format":{"type":"json_schema"}},"messages":[{"role":"user","content":"a"}]}"#,
            "output_config.format.schema"
        ),
        (#"{"model":"m","max_tokens":1,"metadata":[],"messages":[{"role":"user","content":"a"}]}"#, "metadata"),
    ])
    func whatIsWrongIsNamed(_ json: String, _ field: String?) throws {
        let document = try JSONDocument(json)
        let problem = #expect(throws: APIProblem.self) { try dialect.decodeChat(document) }
        // A missing `messages` may be found before a missing limit.
        if json == #"{"model":"m","messages":[]}"# {
            #expect(problem?.field == "max_tokens" || problem?.field == "messages")
        } else {
            #expect(problem?.field == field)
        }
        #expect(problem?.kind == .invalidRequest && problem?.message.isEmpty == false)
    }
}
