import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

private let nobody = ChatRequest(model: "m", messages: [])

@Suite struct ReplyTests {
    @Test func aTextIsRead() throws {
        let reply = try dialect.decodeReply(fixture("reply-text.json"))
        #expect(reply.id == "msg_01XFDUDYJgAACzvnptvVoYEL" && reply.model == "claude-opus-4-8" && reply.created == nil)
        #expect(reply.choices == [ChatReply.Choice(content: [.text("Hello! Grüße 🌍")], finish: .endTurn)])
        #expect(reply.usage == Usage(input: 42, output: 6, cacheRead: 30, cacheWrite: 0))
        #expect(reply.serviceTier == "standard")
        #expect(
            dialect.usage(inReply: try JSONDocument(try fixture("reply-text.json"), limits: .answer).root)
                == reply.usage)
    }

    @Test func toolCallsAndThinkingAreRead() throws {
        let choice = try dialect.decodeReply(fixture("reply-tools.json")).choices[0]
        #expect(
            choice.content.prefix(3) == [
                .thinking(text: "They want the weather.", signature: "EqQB"), .redactedThinking("Emwx"),
                .text("I'll check."),
            ])
        guard case .toolCall(let call) = choice.content[3] else { Issue.record("no call"); return }
        #expect(call.id == "toolu_01A09q90qw90lq917835lq9" && call.name == "get_weather")
        #expect(try JSONDocument(call.arguments).root["days"]?.int == 2)
        #expect(choice.content[4] == .toolCall(ToolCall(id: "toolu_02", name: "get_time", arguments: "{}")))
        #expect(choice.finish == .toolCalls)
        #expect(try dialect.decodeReply(fixture("reply-tools.json")).usage?.reasoning == 7)
    }

    @Test func whatAnthropicsOwnToolsDidIsPassedOver() throws {
        let choice = try dialect.decodeReply(fixture("reply-server-tool.json")).choices[0]
        #expect(choice.content == [.text("Sunny.")] && choice.finish == .pause)
    }

    @Test(arguments: [
        "", "null", "[]", "{", "{}", #"{"content":{}}"#, #"{"content":[{}]}"#, #"{"content":[{"type":"text"}]}"#,
        #"{"content":[{"type":"tool_use","id":"a","name":"b","input":"{}"}]}"#, #"{"content":[{"type":"thinking"}]}"#,
    ])
    func garbageIsNotAReply(_ body: String) {
        #expect(throws: UnreadableReply.self) { try dialect.decodeReply(ByteBuffer(string: body)) }
    }

    @Test(arguments: ["reply-text.json", "reply-tools.json"])
    func aReplySurvivesARoundTrip(_ name: String) throws {
        let reply = try dialect.decodeReply(fixture(name))
        #expect(try dialect.decodeReply(dialect.encodeReply(reply, to: nobody)) == reply)
    }

    @Test func aReplyIsWrittenInTheirShape() {
        var reply = ChatReply(
            id: "chatcmpl-1", model: "gpt-x", created: 5,
            choices: [
                ChatReply.Choice(
                    content: [
                        .thinking(text: "hm", signature: nil), .text("a\n\"b\""),
                        .toolCall(ToolCall(id: "c", name: "f", arguments: "{\"x\":1}")),
                    ],
                    finish: .toolCalls)
            ],
            usage: Usage(input: 100, output: 9, cacheRead: 64, reasoning: 3))
        reply.serviceTier = "default"
        #expect(
            text(dialect.encodeReply(reply, to: nobody))
                == #"{"id":"chatcmpl-1","type":"message","role":"assistant","model":"gpt-x","container":null,"content":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"a\n\"b\"","citations":null},{"type":"tool_use","id":"c","name":"f","input":{"x":1},"caller":{"type":"direct"}}],"stop_reason":"tool_use","stop_sequence":null,"stop_details":null,"usage":{"cache_creation":null,"cache_creation_input_tokens":null,"cache_read_input_tokens":64,"inference_geo":null,"input_tokens":36,"output_tokens":9,"output_tokens_details":{"thinking_tokens":3},"server_tool_use":null,"service_tier":null}}"#
        )
    }

    @Test(arguments: [
        ("", "{}"), (" \n", "{}"), ("{\"a\":1}", "{\"a\":1}"), (" {} ", "{}"),
        ("{\"a\":", #"{"INVALID_JSON":"{\"a\":"}"#), ("[1]", #"{"INVALID_JSON":"[1]"}"#),
        ("null", "{}"),
    ])
    func argumentsAreAlwaysAnObject(_ arguments: String, _ input: String) {
        let reply = ChatReply(
            id: "i", model: "m",
            choices: [
                .init(content: [.toolCall(ToolCall(id: "c", name: "f", arguments: arguments))], finish: .toolCalls)
            ])
        #expect(text(dialect.encodeReply(reply, to: nobody)).contains("\"input\":\(input),"))
    }

    @Test(arguments: [
        (FinishReason.endTurn, "end_turn"), (.stopSequence, "stop_sequence"), (.length, "max_tokens"),
        (.contextFull, "model_context_window_exceeded"), (.toolCalls, "tool_use"), (.contentFilter, "refusal"),
        (.refusal, "refusal"), (.pause, "pause_turn"), (.other("novel"), "novel"),
    ])
    func everyFinishHasItsWord(_ finish: FinishReason, _ word: String) throws {
        let reply = ChatReply(id: "i", model: "m", choices: [.init(content: [.text("a")], finish: finish)])
        let body = dialect.encodeReply(reply, to: nobody)
        #expect(try JSONDocument(body).root["stop_reason"]?.string == word)
        let back = try dialect.decodeReply(body).choices[0].finish
        #expect(back == (finish == .contentFilter ? .refusal : finish))
    }

    @Test func aRefusalIsOne() throws {
        let reply = ChatReply(id: "i", model: "m", choices: [.init(content: [.refusal("No.")], finish: .endTurn)])
        let root = try JSONDocument(dialect.encodeReply(reply, to: nobody)).root
        #expect(root["stop_reason"]?.string == "refusal")
        #expect(root["content"]?.fragment.text == #"[{"type":"text","text":"No.","citations":null}]"#)
    }

    @Test func aNamedToolIsACallWhateverTheProviderCallsIt() throws {
        let reply = ChatReply(
            id: "i", model: "m",
            choices: [.init(content: [.toolCall(ToolCall(id: "c", name: "f", arguments: "{}"))], finish: .endTurn)])
        #expect(try JSONDocument(dialect.encodeReply(reply, to: nobody)).root["stop_reason"]?.string == "tool_use")
    }

    @Test func absurdCountsDoNotTrap() throws {
        let body =
            #"{"content":[],"usage":{"input_tokens":9223372036854775807,"cache_read_input_tokens":9223372036854775807,"cache_creation_input_tokens":-5,"output_tokens":1e300}}"#
        let reply = try dialect.decodeReply(ByteBuffer(string: body))
        _ = dialect.encodeReply(reply, to: nobody)
        var odd = reply
        odd.usage = Usage(input: .min, output: .max, cacheRead: .max, cacheWrite: .max)
        _ = dialect.encodeReply(odd, to: nobody)
    }
}
