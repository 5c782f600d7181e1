import Conversation
import DialectBedrock
import Testing
import Wire

private let claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

private func user(_ words: String) -> Message { Message(.user, [.text(words)]) }

private func sent(
    _ messages: [Message] = [user("Hi")], to model: String = claude, _ change: (inout ChatRequest) -> Void = { _ in }
) throws -> (body: String, dropped: [String]) {
    var request = ChatRequest(model: "assistant", messages: messages)
    change(&request)
    var dropped: [String] = []
    let body = try converse.encodeChat(request, model: model, dropped: &dropped)
    return (text(body), dropped)
}

private func refused(
    _ messages: [Message] = [user("Hi")], to model: String = claude, _ change: (inout ChatRequest) -> Void = { _ in }
) -> CannotCarry? {
    do {
        _ = try sent(messages, to: model, change)
        return nil
    } catch {
        return error as? CannotCarry
    }
}

@Suite struct ProviderRequestTests {
    @Test(
        arguments: [
            ("anthropic.claude-v2:1", "anthropic.claude-v2%3A1"),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/x",
                "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx"
            ),
            ("a b?c#d%é", "a%20b%3Fc%23d%25%C3%A9"), ("..", ".."), ("~-._", "~-._"),
        ])
    func theModelStandsEscapedInThePath(_ model: String, _ escaped: String) {
        #expect(converse.chatEndpoint(model: model, isStream: false) == "/model/\(escaped)/converse")
        #expect(converse.chatEndpoint(model: model, isStream: true) == "/model/\(escaped)/converse-stream")
        #expect(invoke.chatEndpoint(model: model, isStream: true) == "/model/\(escaped)/invoke-with-response-stream")
    }

    @Test func aPlainQuestionIsPlain() throws {
        let (body, dropped) = try sent([Message(.system, [.text("Be brief.")]), user("Hi")])
        #expect(
            body == #"{"system":[{"text":"Be brief."}],"messages":[{"role":"user","content":[{"text":"Hi"}]}]}"#)
        #expect(dropped.isEmpty)
    }

    @Test func samplingAndLimitsHaveTheirPlaces() throws {
        let (body, dropped) = try sent {
            $0.maxTokens = 64
            $0.temperature = 0.5
            $0.topP = 0.9
            $0.topK = 40
            $0.stop = ["END", " "]
            $0.seed = 1
            $0.endUser = "me"
            $0.parallelToolCalls = true
        }
        #expect(
            body.contains(
                #""inferenceConfig":{"maxTokens":64,"temperature":0.5,"topP":0.9,"stopSequences":["END"]}"#))
        #expect(body.contains(#""additionalModelRequestFields":{"top_k":40}"#))
        #expect(body.contains(#""additionalModelResponseFieldPaths":["/stop_sequence"]"#))
        #expect(dropped == ["seed", "user", "stop"])
    }

    @Test func eachMakerHasItsOwnWordForTheLikeliest() throws {
        let nova = try sent(to: "us.amazon.nova-pro-v1:0") { $0.topK = 40 }
        #expect(nova.body.contains(#""additionalModelRequestFields":{"inferenceConfig":{"topK":40}}"#))
        let llama = try sent(to: "meta.llama3-3-70b-instruct-v1:0") { $0.topK = 40 }
        #expect(!llama.body.contains("40"))
        #expect(llama.dropped == ["top_k"])
    }

    @Test func toolsAndTheirCallsAreCarried() throws {
        let call = ToolCall(id: "call|1", name: "look", arguments: #"{"at":"sky"}"#)
        let result = ToolResult(
            callID: "call|1", content: [.text("blue"), .image(.base64(mediaType: "image/png", data: "AAAA"))],
            isError: true)
        let (body, dropped) = try sent([
            user("Look"), Message(.assistant, [.text("So:"), .toolCall(call)]),
            Message(.user, [.toolResult(result)]),
        ]) {
            var tool = Tool(name: "look", description: "", parameters: fragment(#"{"properties":{}}"#), isStrict: true)
            tool.description = ""
            $0.tools = [tool, Tool(name: "wait")]
            $0.toolChoice = .tool("look")
        }
        #expect(
            body.contains(
                #"{"text":"So:"},{"toolUse":{"toolUseId":"hf-call-7c1","name":"look","input":{"at":"sky"}}}"#))
        #expect(
            body.contains(
                #"{"toolResult":{"toolUseId":"hf-call-7c1","content":[{"text":"blue"},{"image":{"format":"png","source":{"bytes":"AAAA"}}}],"status":"error"}}"#
            ))
        #expect(
            body.contains(
                #""toolConfig":{"tools":[{"toolSpec":{"name":"look","inputSchema":{"json":{"type":"object","properties":{}}},"strict":true}},{"toolSpec":{"name":"wait","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"look"}}}"#
            ))
        #expect(dropped.isEmpty)
    }

    @Test(
        arguments: [
            (ToolChoice.auto, #""toolChoice":{"auto":{}}"#), (.required, #""toolChoice":{"any":{}}"#),
        ])
    func choicesAreCarried(_ choice: ToolChoice, _ written: String) throws {
        let (body, _) = try sent {
            $0.tools = [Tool(name: "look")]
            $0.toolChoice = choice
        }
        #expect(body.contains(written))
    }

    /// Bedrock refuses calls in a history without `toolConfig`.
    @Test func aHistoryWithCallsHasItsTools() throws {
        let messages = [
            user("Look"), Message(.assistant, [.toolCall(ToolCall(id: "a", name: "look", arguments: "{}"))]),
            Message(.user, [.toolResult(ToolResult(callID: "a", content: []))]),
        ]
        let bare = try sent(messages)
        #expect(bare.body.contains(#""toolSpec":{"name":"look""#))
        #expect(bare.body.contains("No tool can be called now."))
        #expect(bare.body.contains(#""content":[{"text":"(no text)"}]"#))
        #expect(bare.dropped == ["tools (those of the history, with an instruction)"])
        let none = try sent(messages) {
            $0.tools = [Tool(name: "look"), Tool(name: "wait")]
            $0.toolChoice = ToolChoice.none
        }
        #expect(none.body.contains(#""name":"wait""#))
        #expect(none.dropped == ["tool_choice (as an instruction)"])
        let fresh = try sent {
            $0.tools = [Tool(name: "look")]
            $0.toolChoice = ToolChoice.none
        }
        #expect(!fresh.body.contains("toolConfig"))
        #expect(fresh.dropped == ["tools (left out for tool_choice none)"])
    }

    @Test func aSchemaStandsThereAsText() throws {
        let (body, dropped) = try sent {
            $0.responseFormat = .jsonSchema(
                name: "n", description: "d",
                schema: fragment(#"{"type":"object","properties":{"a":{"type":"string","minLength":1}}}"#),
                isStrict: true)
        }
        #expect(
            body.contains(
                ##""outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":false}","name":"n","description":"d"}}}}"##
            ))
        #expect(dropped == ["response_format.json_schema.schema (minLength)"])
        let object = try sent { $0.responseFormat = .jsonObject }
        #expect(object.body.contains("one JSON object and nothing else"))
        #expect(object.dropped == ["response_format (as an instruction)"])
    }

    @Test func thinkingIsTheMakersAlone() throws {
        let history = [
            user("Why?"),
            Message(.assistant, [.thinking(text: "Hm.", signature: "sig"), .redactedThinking("AAAA"), .text("So.")]),
            user("And?"),
        ]
        let own = try sent(history) { $0.reasoning = .budget(2048) }
        #expect(
            own.body.contains(
                #"{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"sig"}}},{"reasoningContent":{"redactedContent":"AAAA"}},{"text":"So."}"#
            ))
        #expect(
            own.body.contains(#""additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2048}}"#))
        let other = try sent(history, to: "deepseek.r1-v1:0") { $0.reasoning = .budget(2048) }
        #expect(!other.body.contains("reasoningContent") && !other.body.contains("thinking"))
        #expect(other.dropped == ["messages[1].thinking", "thinking"])
        let unsigned = try sent([
            user("Why?"), Message(.assistant, [.thinking(text: "Hm.", signature: nil), .text("So.")]), user("And?"),
        ])
        #expect(!unsigned.body.contains("Hm."))
    }

    @Test func anEffortIsSentWhereItIsKnown() throws {
        #expect(
            try sent(to: "anthropic.claude-opus-4-8-v1:0") { $0.effort = "high" }.body.contains(
                #""outputConfig":{"effort":"high"}"#))
        #expect(try sent(to: "openai.gpt-oss-120b-1:0") { $0.effort = "low" }.body.contains(#""effort":"low""#))
        let other = try sent(to: "mistral.mistral-large-2407-v1:0") { $0.effort = "low" }
        #expect(!other.body.contains("effort") && other.dropped == ["reasoning_effort"])
    }

    @Test func aConversationBeginsWithItsUser() throws {
        let (body, _) = try sent([Message(.assistant, [.text("Welcome.")]), user("Hi")])
        #expect(body.contains(#""messages":[{"role":"user","content":[{"text":"(no text)"}]},{"role":"assistant""#))
    }

    @Test func whatCantBeSaidIsNamed() {
        #expect(refused { $0.temperature = 1.5 }?.field == "temperature")
        #expect(refused { $0.topP = 2 }?.field == "top_p")
        #expect(refused { $0.choices = 2 }?.field == "n")
        #expect(refused { $0.logprobs = 0 }?.field == "logprobs")
        #expect(refused { $0.logitBias = ["1": 1] }?.field == "logit_bias")
        #expect(refused { $0.frequencyPenalty = 1 }?.field == "frequency_penalty")
        #expect(refused { $0.presencePenalty = 1 }?.field == "presence_penalty")
        #expect(refused { $0.maxTokens = 0 }?.field == "max_tokens")
        #expect(refused { $0.toolChoice = .required }?.field == "tool_choice")
        #expect(refused { $0.tools = [Tool(name: "")] }?.field == "tools[0].function.name")
        #expect(
            refused { $0.tools = [Tool(name: "x", parameters: fragment("[]"))] }?.field
                == "tools[0].function.parameters")
        let image = refused([Message(.user, [.text("See"), .image(.url("https://x.example/a.png", detail: nil))])])
        #expect(image?.field == "messages[0].content[1]" && image?.reason.contains("Bedrock") == true)
        let kind = refused([Message(.user, [.image(.base64(mediaType: "image/bmp", data: "AAAA"))])])
        #expect(kind?.reason.contains("Bedrock takes image/jpeg") == true)
    }

    @Test func aLongToolNameIsShortened() throws {
        let name = String(repeating: "n", count: 70)
        let (body, _) = try sent { $0.tools = [Tool(name: name)] }
        #expect(!body.contains(name))
    }

    @Test func aRequestOfAnthropicsBecomesABodyOfInvokeModel() throws {
        var dropped: [String] = []
        var request = ChatRequest(model: "assistant", messages: [user("Hi")])
        request.stream = true
        request.maxTokens = 5
        let body = text(try invoke.encodeChat(request, model: claude, dropped: &dropped))
        #expect(
            body
                == #"{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]}"#
        )
    }

    @Test func unsignedThinkingOfAStandInIsLeftOut() {
        let body = fragment(
            #"{"messages":[{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm."}}},{"text":"So."}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"x","signature":""}}}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"y","signature":"s"}}}]}]}"#
        ).bytes
        var dropped: [String] = []
        var splices = Splices()
        converse.repair(body, model: claude, dropped: &dropped, into: &splices)
        #expect(
            text(splices.apply(to: body))
                == #"{"messages":[{"role":"assistant","content":[{"text":"So."}]},{"role":"assistant","content":[{"text":"(no text)"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"y","signature":"s"}}}]}]}"#
        )
        #expect(dropped.count == 2)
    }
}
