import Conversation
import DialectOpenAI
import Testing
import Wire

@Suite("Reading a request") struct RequestReadingTests {
    @Test("every known field lands in its place") func wholeRequest() throws {
        let request = try openai.decodeChat(Fixture.document("chat.request.json"))
        var expected = ChatRequest(
            model: "assistant",
            messages: [
                Message(.developer, [.text("Be brief.")]),
                Message(.system, [.text("One."), .text("Two.")]),
                Message(
                    .user,
                    [
                        .text("What is \"this\"?"), .image(.base64(mediaType: "image/png", data: "iVBORw0KGgo=")),
                        .image(.url("https://example.com/a.png", detail: "low")),
                    ], name: "mara"),
                Message(
                    .assistant,
                    [
                        .toolCall(ToolCall(id: "call_1", name: "look", arguments: "{\"at\": 1}")),
                        .toolCall(ToolCall(id: "call_2", name: "look", arguments: "{broken")),
                    ]),
                Message(
                    .user,
                    [
                        .toolResult(ToolResult(callID: "call_1", content: [.text("a cat")])),
                        .toolResult(ToolResult(callID: "call_2", content: [.text("a dog")])),
                    ]),
                Message(.assistant, [.refusal("No.")]),
                Message(.user, [.text("Please.")]),
            ])
        expected.tools = [
            Tool(
                name: "look", description: "Looks.",
                parameters: try JSONFragment(
                    checking: #"{ "type": "object", "properties": { "at": { "type": "integer" } } }"#),
                isStrict: true),
            Tool(name: "wait"),
        ]
        expected.toolChoice = .tool("look")
        expected.parallelToolCalls = false
        expected.responseFormat = .jsonSchema(
            name: "animal", description: nil,
            schema: try JSONFragment(
                checking: #"{ "type": "object", "properties": { "name": { "type": "string" } } }"#),
            isStrict: true)
        expected.maxTokens = 64
        expected.temperature = 0.7
        expected.topP = 0.95
        expected.frequencyPenalty = -0.5
        expected.presencePenalty = 1
        expected.seed = 42
        expected.stop = ["END", "\n\n"]
        expected.choices = 2
        expected.logprobs = 3
        expected.logitBias = ["50256": -100, "15": 0.5]
        expected.effort = "low"
        expected.endUser = "user-17"
        expected.stream = true
        expected.includeUsage = true
        expected.leftovers = [
            Leftover("stream_options.include_obfuscation", isAdvisory: true),
            Leftover("metadata", isAdvisory: true),
            Leftover("store", isAdvisory: true),
        ]
        #expect(request == expected)
    }

    @Test("a fault is not named by its field", arguments: requestFaults)
    func faults(_ fault: Fault) throws {
        let document = try JSONDocument(fault.body)
        let problem = #expect(throws: APIProblem.self) { try openai.decodeChat(document) }
        #expect(problem?.kind == .invalidRequest)
        #expect(problem?.field == fault.field)
        if let field = fault.field { #expect(problem?.message.contains(field) == true) }
    }

    @Test(
        "what has no place is lost instead of left over",
        arguments: [
            (#""web_search_options":{}"#, Leftover("web_search_options", isAdvisory: false)),
            (#""audio":{"voice":"alloy"}"#, Leftover("audio", isAdvisory: false)),
            (#""functions":[{"name":"f"}]"#, Leftover("functions", isAdvisory: false)),
            (#""grammar":"x""#, Leftover("grammar", isAdvisory: false)),
            (#""modalities":["text","audio"]"#, Leftover("modalities[1]", isAdvisory: false)),
            (#""response_format":{"type":"grammar"}"#, Leftover("response_format.type", isAdvisory: false)),
            (#""tools":[{"type":"custom","custom":{"name":"x"}}]"#, Leftover("tools[0].type", isAdvisory: false)),
            (
                #""tools":[{"type":"function","function":{"name":"x","deferred":true}}]"#,
                Leftover("tools[0].function.deferred", isAdvisory: true)
            ),
            (
                #""tool_choice":{"type":"allowed_tools","allowed_tools":{}}"#,
                Leftover("tool_choice.type", isAdvisory: false)
            ),
            (#""verbosity":"low""#, Leftover("verbosity", isAdvisory: true)),
            (#""prediction":{"type":"content","content":"x"}"#, Leftover("prediction", isAdvisory: true)),
            (#""service_tier":"flex""#, Leftover("service_tier", isAdvisory: true)),
            (#""prompt_cache_key":"k""#, Leftover("prompt_cache_key", isAdvisory: true)),
            (#""prompt_cache_retention":"24h""#, Leftover("prompt_cache_retention", isAdvisory: true)),
            (#""safety_identifier":"s""#, Leftover("safety_identifier", isAdvisory: true)),
        ])
    func leftovers(member: String, leftover: Leftover) throws {
        let request = try openai.decodeChat(#"{"model":"m","messages":[{"role":"user","content":"x"}],\#(member)}"#)
        #expect(request.leftovers == [leftover])
    }

    @Test(
        "a message's unknown parts are lost instead of left over",
        arguments: [
            (
                #"{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}"#,
                "messages[0].content[0].input_audio",
                false
            ),
            (#"{"role":"user","content":[{"type":"file","file":{}}]}"#, "messages[0].content[0].file", false),
            (#"{"role":"user","content":[{"type":"hologram"}]}"#, "messages[0].content[0].type", false),
            (
                #"{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}"#,
                "messages[0].content[0].cache_control", true
            ),
            (
                #"{"role":"user","content":[{"type":"text","text":"x","colour":"red"}]}"#,
                "messages[0].content[0].colour", true
            ),
            (
                #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"low"}}]}"#,
                "messages[0].content[0].image_url.detail", true
            ),
            (#"{"role":"user","content":"x","tool_calls":[{}]}"#, "messages[0].tool_calls", false),
            (#"{"role":"assistant","audio":{"id":"x"}}"#, "messages[0].audio", false),
            (#"{"role":"assistant","function_call":{"name":"f"}}"#, "messages[0].function_call", false),
            (#"{"role":"assistant","content":"x","annotations":[{}]}"#, "messages[0].annotations", true),
            (#"{"role":"assistant","content":"x","parsed":{"a":1}}"#, "messages[0].parsed", true),
            (
                #"{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}","parsed_arguments":{"a":1}}}]}"#,
                "messages[0].tool_calls[0].function.parsed_arguments", true
            ),
            (
                #"{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{}}]}"#,
                "messages[0].tool_calls[0].type", false
            ),
            (#"{"role":"tool","tool_call_id":"c","content":"x","name":"f"}"#, "messages[0].name", true),
        ])
    func messageLeftovers(message: String, field: String, isAdvisory: Bool) throws {
        let request = try openai.decodeChat(#"{"model":"m","messages":[\#(message)]}"#)
        #expect(request.leftovers == [Leftover(field, isAdvisory: isAdvisory)])
    }

    @Test("null is taken for a value") func nulls() throws {
        let request = try openai.decodeChat(
            """
            {"model":"m","messages":[{"role":"assistant","content":"x","refusal":null,"tool_calls":null,"audio":null,
            "function_call":null}],"tools":null,"stop":null,"n":null,"temperature":null,"stream":null,
            "stream_options":null,"response_format":null,"logit_bias":null,"whatever":null}
            """)
        #expect(request == ChatRequest(model: "m", messages: [Message(.assistant, [.text("x")])]))
    }

    @Test(
        "what asks for nothing is left over",
        arguments: [
            #""functions":[],"function_call":"auto""#, #""stop":[]"#, #""stop":"""#, #""logit_bias":{}"#,
            #""tools":[]"#,
            #""plugins":[],"transforms":[],"models":[],"provider":{}"#, #""response_format":{}"#, #""metadata":{}"#,
            #""whatever":{},"another":[],"third":"""#, #""top_logprobs":0,"logprobs":false"#, #""stream_options":{}"#,
            #""tool_choice":{}"#, #""n":1,"frequency_penalty":null"#,
        ])
    func silence(members: String) throws {
        let request = try openai.decodeChat(#"{"model":"m","messages":[{"role":"user","content":"x"}],\#(members)}"#)
        #expect(request.leftovers.isEmpty && request.stop.isEmpty && request.responseFormat == nil)
    }

    @Test(
        "a wish is refused",
        arguments: [
            "models", "provider", "route", "transforms", "usage", "min_p", "top_a", "repetition_penalty", "session_id",
            "litellm_metadata", "tags", "num_retries", "fallbacks", "drop_params", "caching", "guardrails", "no-log",
            "prompt_cache_options", "verbosity", "chat_template_kwargs", "keep_alive", "safe_prompt",
        ])
    func wishes(member: String) throws {
        let request = try openai.decodeChat(
            #"{"model":"m","messages":[{"role":"user","content":"x"}],"\#(member)":{"a":1}}"#)
        #expect(request.leftovers == [Leftover(member, isAdvisory: true)])
    }

    @Test(
        "a way to ask for reasoning is lost",
        arguments: [
            (#""reasoning":{"effort":"high"}"#, nil as Reasoning?, "high" as String?, [] as [String]),
            (#""reasoning":{"max_tokens":2000,"exclude":true}"#, .budget(2000), nil, ["reasoning.exclude"]),
            (#""reasoning":{"enabled":false}"#, .disabled, nil, []),
            (#""thinking":{"type":"enabled","budget_tokens":1024}"#, .budget(1024), nil, []),
            (#""thinking":{"type":"disabled"}"#, .disabled, nil, []),
            (#""reasoning_effort":"none""#, .disabled, nil, []),
            (#""thinking":true"#, nil, nil, ["thinking"]),
        ])
    func reasoning(member: String, reasoning: Reasoning?, effort: String?, named: [String]) throws {
        let request = try openai.decodeChat(#"{"model":"m","messages":[{"role":"user","content":"x"}],\#(member)}"#)
        #expect(request.reasoning == reasoning && request.effort == effort)
        #expect(request.leftovers == named.map { Leftover($0, isAdvisory: true) })
    }

    @Test(
        "a schema is lost",
        arguments: [
            #"{"type":"json_object","schema":{"type":"object"}}"#,
            #"{"type":"json_schema","schema":{"type":"object"}}"#,
            #"{"type":"json_schema","json_schema":{"schema":{"type":"object"}}}"#,
        ])
    func schemas(format: String) throws {
        let request = try openai.decodeChat(
            #"{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":\#(format)}"#)
        let schema = try JSONFragment(checking: #"{"type":"object"}"#)
        #expect(request.responseFormat == .jsonSchema(name: nil, description: nil, schema: schema, isStrict: nil))
    }

    @Test("an incomplete history is refused") func gaps() throws {
        let request = try openai.decodeChat(
            """
            {"model":"m","messages":[{"role":"user","content":"x"},
            {"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":null}},
            {"id":"","type":"","function":{"name":"g","arguments":{"a":1}}}]},
            {"role":"tool","content":"1"},{"role":"tool","tool_call_id":"","content":null}]}
            """)
        #expect(
            request.messages.suffix(2) == [
                Message(
                    .assistant,
                    [
                        .toolCall(ToolCall(id: "", name: "f", arguments: "")),
                        .toolCall(ToolCall(id: "", name: "g", arguments: #"{"a":1}"#)),
                    ]),
                Message(
                    .user,
                    [
                        .toolResult(ToolResult(callID: "", content: [.text("1")])),
                        .toolResult(ToolResult(callID: "", content: [])),
                    ]),
            ])
    }

    @Test("numbers written otherwise are refused") func numbers() throws {
        let request = try openai.decodeChat(
            """
            {"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":1e2,"max_completion_tokens":100.0,
            "temperature":1,"seed":-3,"top_k":40.0}
            """)
        #expect(request.maxTokens == 100)
        #expect(request.temperature == 1)
        #expect(request.seed == -3)
        #expect(request.topK == 40)
    }

    @Test("an answer can't be sent back as it came") func replayed() throws {
        let request = try openai.decodeChat(
            """
            {"model":"m","messages":[{"role":"user","content":""},
            {"role":"assistant","content":"","reasoning_content":"Hm.","refusal":null,"annotations":[],
            "tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""},"type":"function"}]},
            {"role":"tool","tool_call_id":"c","content":""},{"role":"user","content":"so?"},
            {"role":"tool","tool_call_id":"d","content":"late"}]}
            """)
        #expect(
            request.messages == [
                Message(.user, [.text("")]),
                Message(
                    .assistant,
                    [
                        .thinking(text: "Hm.", signature: nil),
                        .toolCall(ToolCall(id: "c", name: "f", arguments: "")),
                    ]),
                Message(.user, [.toolResult(ToolResult(callID: "c", content: [.text("")]))]),
                Message(.user, [.text("so?")]),
                Message(.user, [.toolResult(ToolResult(callID: "d", content: [.text("late")]))]),
            ])
    }

    @Test(
        "a way to choose tools is misread",
        arguments: [
            (#""auto""#, ToolChoice.auto), (#""none""#, .none), (#""required""#, .required),
            (#"{"type":"function","function":{"name":"f"}}"#, .tool("f")),
        ])
    func toolChoices(value: String, choice: ToolChoice) throws {
        let request = try openai.decodeChat(
            #"{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":\#(value)}"#)
        #expect(request.toolChoice == .some(choice))
    }

    @Test(
        "an image's form is misread",
        arguments: [
            ("data:image/png;base64,AAAA", ImageSource.base64(mediaType: "image/png", data: "AAAA")),
            ("DATA:Image/JPEG;charset=x;BASE64,/9j/,", .base64(mediaType: "image/jpeg", data: "/9j/,")),
            ("https://example.com/data:x", .url("https://example.com/data:x", detail: nil)),
        ])
    func images(url: String, image: ImageSource) throws {
        let request = try openai.decodeChat(
            #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"\#(url)"}}]}]}"#
        )
        #expect(request.messages[0].content == [.image(image)])
    }
}

struct Fault: Sendable, CustomTestStringConvertible {
    var body: String
    var field: String?
    var testDescription: String { body }

    init(_ body: String, _ field: String?) {
        self.body = body
        self.field = field
    }

    /// A fault beside an otherwise right request.
    static func beside(_ member: String, _ field: String) -> Fault {
        Fault(#"{"model":"m","messages":[{"role":"user","content":"x"}],\#(member)}"#, field)
    }
    /// A fault in the only message.
    static func message(_ message: String, _ field: String) -> Fault {
        Fault(#"{"model":"m","messages":[\#(message)]}"#, field)
    }
}

let requestFaults: [Fault] = [
    Fault("[]", nil), Fault("\"x\"", nil),
    Fault("{}", "model"), Fault(#"{"messages":[{"role":"user","content":"x"}]}"#, "model"),
    Fault(#"{"model":null,"messages":[{"role":"user","content":"x"}]}"#, "model"),
    Fault(#"{"model":"","messages":[{"role":"user","content":"x"}]}"#, "model"),
    Fault(#"{"model":7,"messages":[]}"#, "model"),
    Fault(#"{"model":"m"}"#, "messages"), Fault(#"{"model":"m","messages":null}"#, "messages"),
    Fault(#"{"model":"m","messages":[]}"#, "messages"), Fault(#"{"model":"m","messages":{}}"#, "messages"),
    .message("7", "messages[0]"), .message("{}", "messages[0].role"),
    .message(#"{"role":"king","content":"x"}"#, "messages[0].role"),
    .message(#"{"role":"function","name":"f","content":"x"}"#, "messages[0].role"),
    .message(#"{"role":"user"}"#, "messages[0].content"),
    .message(#"{"role":"user","content":7}"#, "messages[0].content"),
    .message(#"{"role":"user","content":[7]}"#, "messages[0].content[0]"),
    .message(#"{"role":"user","content":[{"text":"x"}]}"#, "messages[0].content[0].type"),
    .message(#"{"role":"user","content":[{"type":"text"}]}"#, "messages[0].content[0].text"),
    .message(#"{"role":"user","content":[{"type":"text","text":[]}]}"#, "messages[0].content[0].text"),
    .message(
        #"{"role":"user","content":[{"type":"image_url","image_url":"https://x"}]}"#,
        "messages[0].content[0].image_url"),
    .message(
        #"{"role":"user","content":[{"type":"image_url","image_url":{}}]}"#,
        "messages[0].content[0].image_url.url"),
    .message(
        #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:text/plain,x"}}]}"#,
        "messages[0].content[0].image_url.url"),
    .message(
        #"{"role":"system","content":[{"type":"image_url","image_url":{"url":"https://x"}}]}"#,
        "messages[0].content[0].type"),
    .message(#"{"role":"assistant"}"#, "messages[0].content"),
    .message(#"{"role":"assistant","content":null}"#, "messages[0].content"),
    .message(#"{"role":"assistant","tool_calls":{}}"#, "messages[0].tool_calls"),
    .message(
        #"{"role":"assistant","tool_calls":[{"id":"a","type":"function"}]}"#,
        "messages[0].tool_calls[0].function"),
    .beside(#""tools":{}"#, "tools"), .beside(#""tools":[{}]"#, "tools[0].type"),
    .message(#"{"role":"tool","content":"x"}"#, "messages[0].tool_call_id"),
    .message(
        #"{"role":"assistant","tool_calls":[{"type":"function"}]}"#, "messages[0].tool_calls[0].function"),
    .beside(#""tools":[{"type":"function"}]"#, "tools[0].function"),
    .beside(#""tools":[{"type":"function","function":{}}]"#, "tools[0].function.name"),
    .beside(
        #""tools":[{"type":"function","function":{"name":"f","parameters":"x"}}]"#,
        "tools[0].function.parameters"),
    .beside(#""tool_choice":"sometimes""#, "tool_choice"), .beside(#""tool_choice":1"#, "tool_choice"),
    .beside(#""tool_choice":{"type":"function"}"#, "tool_choice.function.name"),
    .beside(#""response_format":"json""#, "response_format"),
    .beside(#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
    .beside(
        #""response_format":{"type":"json_schema","json_schema":{"name":"x"}}"#,
        "response_format.json_schema.schema"),
    .beside(#""max_tokens":-1"#, "max_tokens"), .beside(#""max_tokens":1.5"#, "max_tokens"),
    .beside(#""max_tokens":"9""#, "max_tokens"),
    .beside(#""temperature":"hot""#, "temperature"), .beside(#""temperature":1e999"#, "temperature"),
    .beside(#""n":0"#, "n"), .beside(#""stop":1"#, "stop"), .beside(#""stop":["a",1]"#, "stop[1]"),
    .beside(#""logprobs":1"#, "logprobs"), .beside(#""top_logprobs":2"#, "top_logprobs"),
    .beside(#""logprobs":true,"top_logprobs":-1"#, "top_logprobs"),
    .beside(#""logit_bias":[]"#, "logit_bias"), .beside(#""logit_bias":{"7":"x"}"#, "logit_bias.7"),
    .beside(#""seed":99999999999999999999"#, "seed"), .beside(#""stream":"yes""#, "stream"),
    .beside(#""stream_options":{"include_usage":1}"#, "stream_options.include_usage"),
    .beside(#""user":7"#, "user"), .beside(#""reasoning_effort":1"#, "reasoning_effort"),
]
