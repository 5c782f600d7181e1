import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite struct RequestWriterTests {
    private func body(_ request: ChatRequest, model: String = "gpt-4.1") throws -> String {
        String(buffer: try responses.encoded(request, model: model).body.bytes)
    }

    @Test func nothingIsKeptAtTheProvider() throws {
        let request = ChatRequest.saying("Grüße")
        #expect(
            try body(request)
                == #"{"model":"gpt-4.1","input":[{"type":"message","role":"user","content":"Grüße"}],"store":false}"#)
    }

    @Test func turnsBecomeItemsInTheirOrder() throws {
        var request = ChatRequest(
            model: "m",
            messages: [
                Message(.system, [.text("Be brief.")]), Message(.developer, [.text("Be kind.")]),
                Message(.user, [.text("One."), .image(.base64(mediaType: "image/png", data: "QUJD"))]),
                Message(
                    .assistant,
                    [
                        .thinking(text: "hm", signature: nil), .text("Let me see."),
                        .toolCall(ToolCall(id: "call_1", name: "look", arguments: "")), .text("And?"),
                    ]),
                Message(
                    .user,
                    [
                        .text("Well?"),
                        .toolResult(
                            ToolResult(
                                callID: "call_1", content: [.text("A"), .image(.url("https://x/y", detail: "low"))])),
                    ]),
                Message(.assistant, [.text("I "), .refusal("won't.")]),
            ])
        request.stream = true
        let (document, dropped) = try responses.encoded(request, model: "gpt-4.1")
        let items = try #require(document.root["input"]).elements.map(\.fragment.text)
        #expect(
            items == [
                #"{"type":"message","role":"system","content":"Be brief."}"#,
                #"{"type":"message","role":"developer","content":"Be kind."}"#,
                #"{"type":"message","role":"user","content":[{"type":"input_text","text":"One."},{"type":"input_image","image_url":"data:image/png;base64,QUJD","detail":"auto"}]}"#,
                #"{"type":"message","role":"assistant","content":"Let me see."}"#,
                #"{"type":"function_call","call_id":"call_1","name":"look","arguments":"{}"}"#,
                #"{"type":"message","role":"assistant","content":"And?"}"#,
                #"{"type":"function_call_output","call_id":"call_1","output":[{"type":"input_text","text":"A"},{"type":"input_image","image_url":"https://x/y","detail":"low"}]}"#,
                #"{"type":"message","role":"user","content":"Well?"}"#,
                #"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I ","annotations":[]},{"type":"refusal","refusal":"won't."}]}"#,
            ])
        #expect(dropped == ["messages[3].content[0] (thinking)"])
        #expect(document.root["stream"]?.bool == true)
    }

    @Test func toolsAndFormatsAreSaidInTheirPlaces() throws {
        let schema =
            #"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#
        let request = try ChatRequest.saying().with {
            $0.tools = [
                Tool(
                    name: "look", description: "Looks.", parameters: try JSONFragment(checking: schema), isStrict: true),
                Tool(name: "wait"),
                Tool(name: "loose", parameters: try JSONFragment(checking: #"{"type":"object"}"#), isStrict: true),
            ]
            $0.toolChoice = .tool("look")
            $0.parallelToolCalls = false
            $0.responseFormat = .jsonSchema(
                name: nil, description: "d", schema: try JSONFragment(checking: schema), isStrict: true)
            $0.maxTokens = 700
            $0.temperature = 0.5
            $0.topP = 0.25
            $0.effort = "max"
            $0.logprobs = 3
            $0.endUser = "u-1"
        }
        let (document, dropped) = try responses.encoded(request, model: "gpt-4.1")
        let root = document.root
        #expect(
            root["tools"]?.fragment.text
                == #"[{"type":"function","name":"look","description":"Looks.","parameters":"# + schema
                + #","strict":true},{"type":"function","name":"wait","parameters":null,"strict":false},"#
                + #"{"type":"function","name":"loose","parameters":{"type":"object","properties":{}},"strict":false}]"#)
        #expect(root["tool_choice"]?.fragment.text == #"{"type":"function","name":"look"}"#)
        #expect(
            root["text"]?.fragment.text
                == #"{"format":{"type":"json_schema","name":"answer","description":"d","schema":"# + schema
                + #","strict":true}}"#)
        #expect(
            root["max_output_tokens"]?.int == 700 && root["temperature"]?.double == 0.5 && root["top_p"]?.double == 0.25
        )
        #expect(
            root["reasoning"]?.fragment.text == #"{"effort":"xhigh"}"# && root["parallel_tool_calls"]?.bool == false)
        #expect(
            root["top_logprobs"]?.int == 3 && root["include"]?.fragment.text == #"["message.output_text.logprobs"]"#)
        #expect(root["user"]?.isString("u-1") == true)
        #expect(dropped == ["tools[2].function.strict", "reasoning_effort (taken as xhigh)"])
    }

    /// A request with one thing that this API has no words for.
    struct Unsayable: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var names: [String]
        var change: @Sendable (inout ChatRequest) -> Void

        init(_ what: String, _ names: [String], _ change: @escaping @Sendable (inout ChatRequest) -> Void) {
            testDescription = what
            self.names = names
            self.change = change
        }
    }

    static let wishes = [
        Unsayable("a seed", ["seed"]) { $0.seed = 1 },
        Unsayable("a penalty", ["frequency_penalty"]) { $0.frequencyPenalty = 1 },
        Unsayable("another penalty", ["presence_penalty"]) { $0.presencePenalty = 1 },
        Unsayable("a bias", ["logit_bias"]) { $0.logitBias = ["1": 1] },
        Unsayable("a tiny limit", ["max_tokens (taken as 16)"]) { $0.maxTokens = 1 },
        Unsayable("a budget", ["thinking"]) { $0.reasoning = .budget(5) },
        Unsayable("no thinking", ["thinking"]) { $0.reasoning = .disabled },
        Unsayable("a participant", ["messages[0].name"]) { $0.messages[0].name = "Ann" },
        Unsayable("a long user", ["user"]) { $0.endUser = String(repeating: "u", count: 65) },
        Unsayable("a default", []) { $0.frequencyPenalty = 0 },
    ]

    @Test(arguments: wishes) func wishesAreLeftOutAndNamed(_ wish: Unsayable) throws {
        #expect(try responses.encoded(ChatRequest.saying().with(wish.change)).dropped == wish.names)
    }

    static let needs = [
        Unsayable("a stop", ["stop"]) { $0.stop = ["END"] }, Unsayable("top_k", ["top_k"]) { $0.topK = 5 },
        Unsayable("two answers", ["n"]) { $0.choices = 2 },
        Unsayable("an assistant's image", ["messages[0].content[0]"]) {
            $0.messages = [Message(.assistant, [.image(.url("https://x", detail: nil))])]
        },
        Unsayable("the system's image", ["messages[0].content[0]"]) {
            $0.messages = [Message(.system, [.image(.url("https://x", detail: nil))])]
        },
    ]

    @Test(arguments: needs) func whatCannotBeSaidIsRefusedByName(_ need: Unsayable) throws {
        let error = try #require(throws: CannotCarry.self) {
            _ = try responses.encoded(ChatRequest.saying().with(need.change))
        }
        #expect([error.field] == need.names)
    }

    @Test(arguments: ["o3-mini", "gpt-5", "gpt-5.2"]) func modelsWithoutSamplingGetNone(_ model: String) throws {
        let request = ChatRequest.saying().with {
            $0.temperature = 0.5; $0.topP = 1
        }
        let (document, dropped) = try responses.encoded(request, model: model)
        #expect(dropped == ["temperature"] && document.root["temperature"] == nil && document.root["top_p"] == nil)
    }
}
