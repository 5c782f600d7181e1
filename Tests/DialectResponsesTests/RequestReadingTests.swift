import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite("Requests of Responses") struct RequestReadingTests {
    @Test func aTextIsTheUsersTurn() throws {
        let request = try CallerFixture.read(#""instructions":"Be brief.""#)
        #expect(request.model == "m")
        #expect(request.messages == [Message(.system, [.text("Be brief.")]), Message(.user, [.text("Hi")])])
        #expect(request.includeUsage)
    }

    @Test func fieldsGetTheirPlaces() throws {
        let request = try CallerFixture.read(
            #"""
            "max_output_tokens":9,"temperature":0.5,"top_p":0.9,"presence_penalty":1,"frequency_penalty":-1,
            "parallel_tool_calls":false,"top_logprobs":3,"user":"u","stream":true,"store":false,
            "reasoning":{"effort":"high","summary":"auto"},"truncation":"disabled","service_tier":"auto",
            "include":["reasoning.encrypted_content"],
            "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}}
            """#)
        #expect(request.maxTokens == 9 && request.temperature == 0.5 && request.topP == 0.9)
        #expect(request.presencePenalty == 1 && request.frequencyPenalty == -1)
        #expect(request.parallelToolCalls == false && request.logprobs == 3 && request.endUser == "u")
        #expect(request.stream && request.effort == "high" && request.reasoning == .adaptive)
        #expect(
            request.responseFormat
                == .jsonSchema(
                    name: "n", description: nil, schema: try JSONFragment(checking: #"{"type":"object"}"#),
                    isStrict: true))
        #expect(request.leftovers.isEmpty)
    }

    @Test(
        "a member is named where it is left out",
        arguments: [
            (#""store":true"#, ["store"]), ("", ["store"]), (#""store":false,"metadata":{"a":"b"}"#, ["metadata"]),
            (#""store":false,"metadata":{}"#, []), (#""store":false,"truncation":"auto""#, ["truncation"]),
            (#""store":false,"service_tier":"flex""#, ["service_tier"]),
            (#""store":false,"max_tool_calls":3"#, ["max_tool_calls"]),
            (#""store":false,"prompt_cache_key":"k""#, ["prompt_cache_key"]),
            (#""store":false,"client_metadata":{"x":"y"}"#, ["client_metadata"]),
            (#""store":false,"text":{"verbosity":"low"}"#, ["text.verbosity"]),
            (#""store":false,"include":["web_search_call.results"]"#, ["include[0] (web_search_call.results)"]),
            (#""store":false,"user":"a","safety_identifier":"b""#, ["user"]),
            (#""store":false,"stream_options":{"include_obfuscation":false}"#, ["stream_options"]),
            (#""store":false,"reasoning":{"context":"x"}"#, ["reasoning.context"]),
        ]) func advisory(_ members: String, _ names: [String]) throws
    {
        let request = try CallerFixture.read(members)
        #expect(request.leftovers.map(\.field) == names)
        #expect(!request.leftovers.contains { !$0.isAdvisory })
    }

    @Test(
        "a member is needed",
        arguments: [
            (#""prompt":{"id":"pmpt_1"}"#, "prompt"), (#""moderation":{"model":"m"}"#, "moderation"),
            (#""unheard_of":1"#, "unheard_of"), (#""text":{"format":{"type":"other"}}"#, "text.format.type"),
        ]) func needed(_ members: String, _ name: String) throws
    {
        #expect(CallerFixture.leftovers(try CallerFixture.read(members)) == ["!\(name)"])
    }

    @Test(
        "a wrong type is told by its path",
        arguments: [
            (#""temperature":"warm""#, "temperature"), (#""max_output_tokens":-1"#, "max_output_tokens"),
            (#""tools":{}"#, "tools"), (#""tools":[{"type":"function"}]"#, "tools[0].name"),
            (#""tools":[{"type":"function","function":{"name":"f"}}]"#, "tools[0]"),
            (#""tools":[{"type":"custom"}]"#, "tools[0].name"), (#""tools":[{"name":"f"}]"#, "tools[0].type"),
            (#""tools":[{"type":"namespace","tools":[]}]"#, "tools[0].name"),
            (#""tool_choice":"perhaps""#, "tool_choice"), (#""tool_choice":7"#, "tool_choice"),
            (#""tool_choice":{"type":"function"}"#, "tool_choice.name"), (#""instructions":7"#, "instructions"),
            (#""text":"x""#, "text"), (#""text":{"format":{}}"#, "text.format.type"),
            (#""text":{"format":{"type":"json_schema","name":"n"}}"#, "text.format.schema"),
            (#""include":"x""#, "include"), (#""store":"no""#, "store"), (#""reasoning":"high""#, "reasoning"),
            (#""truncation":1"#, "truncation"), (#""top_logprobs":-1"#, "top_logprobs"),
        ]) func wrongType(_ members: String, _ field: String)
    {
        let problem = CallerFixture.problem(members)
        #expect(problem?.field == field && problem?.kind == .invalidRequest, "\(String(describing: problem))")
    }

    @Test(
        "an item can't be read",
        arguments: [
            ("7", "input"), ("[7]", "input[0]"), ("[{}]", "input[0].type"),
            (#"[{"type":"message","role":"critic","content":"x"}]"#, "input[0].role"),
            (#"[{"type":"message","role":"user"}]"#, "input[0].content"),
            (#"[{"role":"user","content":7}]"#, "input[0].content"),
            (#"[{"role":"user","content":[{"text":"x"}]}]"#, "input[0].content[0].type"),
            (#"[{"role":"user","content":[{"type":"input_text"}]}]"#, "input[0].content[0].text"),
            (#"[{"role":"user","content":[{"type":"input_image"}]}]"#, "input[0].content[0].image_url"),
            (
                #"[{"role":"user","content":[{"type":"input_image","image_url":"data:x"}]}]"#,
                "input[0].content[0].image_url"
            ),
            (
                #"[{"role":"system","content":[{"type":"input_image","image_url":"https://x"}]}]"#,
                "input[0].content[0].type"
            ),
            (#"[{"type":"function_call","call_id":"c","arguments":"{}"}]"#, "input[0].name"),
            (#"[{"type":"custom_tool_call","call_id":"c","input":"x"}]"#, "input[0].name"),
            (#"[{"type":"custom_tool_call","call_id":"c","name":"n","input":{}}]"#, "input[0].input"),
            (#"[{"type":"item_reference","id":"msg_1"}]"#, "input[0]"), (#"[{"id":"msg_1"}]"#, "input[0]"),
            ("[]", "input"), (#""""#, "input"), ("null", "input"),
        ]) func unreadable(_ input: String, _ field: String)
    {
        let problem = CallerFixture.problem(input: input)
        #expect(problem?.field == field && problem?.kind == .invalidRequest, "\(String(describing: problem))")
    }

    @Test func aCompactionIsLostElsewhere() {
        let problem = CallerFixture.problem(input: #"[{"type":"compaction","encrypted_content":"abc"}]"#)
        #expect(problem?.code == "context_lost" && problem?.field == "input[0]")
        #expect(problem?.message.contains("Send the whole conversation") == true)
    }

    @Test func aConversationIsTurns() throws {
        let request = try CallerFixture.read(
            input: #"""
                [{"type":"message","id":"msg_a","role":"developer","content":[{"type":"input_text","text":"Be kind."}]},
                 {"role":"user","content":"Look."},
                 {"type":"reasoning","id":"rs_1","summary":[],"content":null,"encrypted_content":null},
                 {"type":"message","status":"completed","role":"assistant","id":"msg_b","phase":"commentary",
                  "content":[{"type":"output_text","text":"I look.","annotations":[]}]},
                 {"type":"function_call","id":"fc_1","call_id":"c1","name":"ls","arguments":"{\"p\":1}"},
                 {"type":"custom_tool_call","id":"ctc_1","call_id":"c2","name":"patch","input":"a \"b\"\n"},
                 {"type":"function_call_output","call_id":"c1","output":"files"},
                 {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"ok"},
                  {"type":"input_image","image_url":"data:image/png;base64,QUJD","detail":"high"}]},
                 {"role":"user","content":[{"type":"input_text","text":"And?"},
                  {"type":"input_image","image_url":"https://x/y.png","detail":"low"}]}]
                """#)
        #expect(
            request.messages == [
                Message(.developer, [.text("Be kind.")]), Message(.user, [.text("Look.")]),
                Message(
                    .assistant,
                    [
                        .text("I look."), .toolCall(ToolCall(id: "c1", name: "ls", arguments: #"{"p":1}"#)),
                        .toolCall(ToolCall(id: "c2", name: "patch", arguments: #"{"input":"a \"b\"\n"}"#)),
                    ]),
                Message(
                    .user,
                    [
                        .toolResult(ToolResult(callID: "c1", content: [.text("files")])),
                        .toolResult(
                            ToolResult(
                                callID: "c2",
                                content: [.text("ok"), .image(.base64(mediaType: "image/png", data: "QUJD"))])),
                    ]),
                Message(.user, [.text("And?"), .image(.url("https://x/y.png", detail: "low"))]),
            ])
        #expect(CallerFixture.leftovers(request) == ["input[3].phase", "input[7].output[1].detail"])
    }

    @Test(
        "an item of a provider's own is left out and named, or needed",
        arguments: [
            ("web_search_call", false), ("file_search_call", false), ("code_interpreter_call", false),
            ("image_generation_call", false), ("mcp_list_tools", false), ("mcp_call", false), ("program_output", false),
            ("computer_call", true), ("local_shell_call", true), ("shell_call_output", true),
            ("apply_patch_call", true),
            ("mcp_approval_response", true), ("compaction_trigger", true), ("configuration_update", true),
            ("unheard_of", true),
        ]) func foreignItem(_ type: String, _ isNeeded: Bool) throws
    {
        let request = try CallerFixture.read(input: #"[{"role":"user","content":"x"},{"type":"\#(type)","id":"x"}]"#)
        #expect(CallerFixture.leftovers(request) == ["\(isNeeded ? "!" : "")input[1] (\(type))"])
    }

    @Test func encryptedReasoningIsLeftOutAndNamed() throws {
        let request = try CallerFixture.read(
            input: #"""
                [{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"}],
                  "encrypted_content":"gAAAAB"},{"role":"user","content":"x"}]
                """#)
        #expect(CallerFixture.leftovers(request) == ["input[0] (reasoning)"])
        #expect(request.messages == [Message(.user, [.text("x")])])
    }

    @Test func reasoningInWordsIsThinking() throws {
        let request = try CallerFixture.read(
            input: #"""
                [{"role":"user","content":"x"},{"type":"reasoning","summary":[{"type":"summary_text","text":"s"}]}]
                """#)
        #expect(request.messages.last == Message(.assistant, [.thinking(text: "s", signature: nil)]))
    }

    @Test(
        "what needs a kept conversation is refused by the head",
        arguments: [
            (#""previous_response_id":"resp_1""#, "previous_response_not_found", "previous_response_id"),
            (#""conversation":"conv_1""#, "unsupported_parameter", "conversation"),
            (#""conversation":{"id":"conv_1"}"#, "unsupported_parameter", "conversation"),
            (#""background":true"#, "unsupported_parameter", "background"),
            (#""background":"yes""#, "unsupported_parameter", "background"),
        ]) func keptConversation(_ members: String, _ code: String, _ field: String) throws
    {
        let body = try JSONDocument(#"{"model":"m","input":"x",\#(members)}"#, limits: .skim).root
        let problem = #expect(throws: APIProblem.self) {
            _ = try CallerFixture.dialect.readHead(body, at: CalledPath())
        }
        #expect(problem?.code == code && problem?.field == field && problem?.kind.status == 400)
    }

    @Test func theHeadNamesModelAndStream() throws {
        let body = try JSONDocument(
            #"{"model":"m","stream":true,"background":false,"previous_response_id":null,"conversation":null}"#,
            limits: .skim
        ).root
        let head = try CallerFixture.dialect.readHead(body, at: CalledPath())
        #expect(head.isStream)
        guard case .body(let model) = head.model else { return }
        #expect(model.string == "m")
        #expect(CallerFixture.dialect.mostTokens(try JSONDocument(#"{"max_output_tokens":7}"#).root) == 7)
        #expect(CallerFixture.dialect.mostTokens(try JSONDocument(#"{"max_tokens":7}"#).root) == nil)
    }
}
