import Conversation
import DialectOpenAI
import NIOCore
import Testing
import Wire

@Suite("A whole answer") struct ReplyTests {
    static let text: ChatReply = {
        var reply = ChatReply(
            id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", model: "gpt-4.1-2025-04-14", created: 1_741_569_952,
            choices: [ChatReply.Choice(content: [.text("Hello! How can I assist you today?")], finish: .endTurn)],
            usage: Usage(input: 1119, output: 10, cacheRead: 1024, reasoning: 0))
        reply.serviceTier = "default"
        reply.systemFingerprint = "fp_b376dfbbd5"
        return reply
    }()

    static let tools = ChatReply(
        id: "chatcmpl-abc123", model: "gpt-4o-mini", created: 1_699_896_916,
        choices: [
            ChatReply.Choice(
                content: [
                    .toolCall(
                        ToolCall(
                            id: "call_abc123", name: "get_current_weather",
                            arguments: "{\n\"location\": \"Boston, MA\"\n}")),
                    .toolCall(
                        ToolCall(
                            id: "call_def456", name: "get_time", arguments: #"{"city": "Köln", "at": "\u00e9"}"#)),
                ], finish: .toolCalls)
        ],
        usage: Usage(input: 82, output: 17, reasoning: 5))

    static let logprobs = ChatReply(
        id: "chatcmpl-123", model: "gpt-4o-mini", created: 1_702_685_778,
        choices: [
            ChatReply.Choice(
                content: [.text("Hello!")], finish: .endTurn,
                logprobs: [
                    TokenLogprob(
                        token: "Hello", logprob: -0.31725305, bytes: [72, 101, 108, 108, 111],
                        top: [
                            TokenLogprob(token: "Hello", logprob: -0.31725305, bytes: [72, 101, 108, 108, 111]),
                            TokenLogprob(token: "Hi", logprob: -1.3190403, bytes: [72, 105]),
                        ]),
                    TokenLogprob(token: "!", logprob: -9999),
                ])
        ],
        usage: Usage(input: 9, output: 2))

    @Test(
        "a recorded answer is misread, or written otherwise",
        arguments: [
            ("chat", ReplyTests.text), ("tools", ReplyTests.tools), ("logprobs", ReplyTests.logprobs),
        ])
    func recorded(name: String, expected: ChatReply) throws {
        let bytes = try Fixture.bytes("\(name).response.json")
        let reply = try openai.decodeReply(bytes)
        #expect(reply == expected)
        #expect(openai.usage(inReply: try JSONDocument(bytes, limits: .answer).root) == expected.usage)
        #expect(try openai.decodeReply(openai.encodeReply(reply, to: .saying())) == reply)
    }

    @Test("the bytes are not OpenAI's") func golden() {
        var reply = ChatReply(
            id: "msg_01", model: "claude-opus-4-8",
            choices: [
                ChatReply.Choice(
                    content: [
                        .thinking(text: "Hm", signature: "s"), .redactedThinking("r"), .text("Let"), .text(" me."),
                        .toolCall(ToolCall(id: "toolu_1", name: "f", arguments: "{\"a\":1}")),
                    ], finish: .toolCalls),
                ChatReply.Choice(index: 1, content: [.refusal("No.")], finish: .refusal),
                ChatReply.Choice(index: 2, content: [], finish: nil),
            ],
            usage: Usage(input: 9, output: 2, cacheRead: 4, cacheWrite: 3, reasoning: 1))
        reply.serviceTier = "standard"
        #expect(
            String(buffer: openai.encodeReply(reply, to: .saying())) == #"""
                {"id":"msg_01","object":"chat.completion","created":1700000000,"model":"claude-opus-4-8","choices":[{"index":0,"message":{"role":"assistant","content":"Let me.","refusal":null,"reasoning_content":"Hm","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"logprobs":null,"finish_reason":"tool_calls"},{"index":1,"message":{"role":"assistant","content":null,"refusal":"No."},"logprobs":null,"finish_reason":"content_filter"},{"index":2,"message":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":1}},"service_tier":"standard"}
                """#)
    }

    @Test(
        "a finish reason changes its meaning",
        arguments: [
            (FinishReason.endTurn, "stop"), (.stopSequence, "stop"), (.length, "length"), (.contextFull, "length"),
            (.pause, "length"), (.toolCalls, "tool_calls"), (.contentFilter, "content_filter"),
            (.refusal, "content_filter"), (.other("moon_phase"), "moon_phase"),
        ])
    func finishWords(reason: FinishReason, word: String) throws {
        let reply = ChatReply(
            id: "i", model: "m", choices: [ChatReply.Choice(content: [.text("x")], finish: reason)])
        let root = try JSONDocument(openai.encodeReply(reply, to: .saying())).root
        let choice = root["choices"]?.elements.first { _ in true }
        #expect(choice?["finish_reason"]?.string == word)
    }

    @Test(
        "a compatible server's answer is refused",
        arguments: [
            (#"{"choices":[{"message":{"content":"x"}}]}"#, [Part.text("x")], FinishReason?.none),
            (
                #"{"choices":[{"message":{"role":"assistant","content":null,"reasoning":"h"},"finish_reason":"stop"}]}"#,
                [.thinking(text: "h", signature: nil)], .endTurn
            ),
            (
                #"{"choices":[{"message":{"content":"x","reasoning_content":"h","reasoning":"h"},"finish_reason":"stop"}],"usage":null}"#,
                [.thinking(text: "h", signature: nil), .text("x")], .endTurn
            ),
            (
                #"{"choices":[{"message":{"content":"x"},"finish_reason":"stop","stop_reason":"END"}]}"#,
                [.text("x")], .stopSequence
            ),
            (
                #"{"choices":[{"message":{"content":"x"},"finish_reason":"stop","stop_reason":128009}]}"#,
                [.text("x")], .endTurn
            ),
            (
                #"{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"h"}]},{"type":"text","text":"x"}]},"finish_reason":"stop"}]}"#,
                [.thinking(text: "h", signature: nil), .text("x")], .endTurn
            ),
            // OpenAI says "stop" where a named function was forced.
            (
                #"{"choices":[{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":"stop"}]}"#,
                [.toolCall(ToolCall(id: "call_0", name: "f", arguments: #"{"a":1}"#))], .toolCalls
            ),
            (#"{"choices":[{"message":{"content":"x"},"finish_reason":"eos"}]}"#, [.text("x")], .other("eos")),
            // A call that is none: nobody must wait for it.
            (
                #"{"choices":[{"message":{"content":"x","tool_calls":[]},"finish_reason":"tool_calls"}]}"#,
                [.text("x")], .endTurn
            ),
            // Usage that can't be read is no reason to lose the answer.
            (
                #"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":"many"}}"#,
                [.text("x")], .endTurn
            ),
            (
                #"{"error":{},"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":-1}}"#,
                [.text("x")], .endTurn
            ),
        ])
    func tolerated(body: String, content: [Part], finish: FinishReason?) throws {
        let reply = try openai.decodeReply(ByteBuffer(string: body))
        #expect(reply.choices.first?.content == content)
        #expect(reply.choices.first?.finish == finish)
    }

    @Test(
        "garbage is taken for an answer",
        arguments: [
            "", "null", "[]", "{", "<html></html>", "{}", #"{"choices":[]}"#, #"{"choices":{}}"#, #"{"choices":[{}]}"#,
            #"{"choices":[{"message":"x"}]}"#, #"{"choices":[{"message":{"content":7}}]}"#,
            #"{"choices":[{"message":{"content":[{"type":"hologram"}]}}]}"#,
            #"{"choices":[{"message":{"tool_calls":"x"}}]}"#, #"{"choices":[{"message":{"tool_calls":[{}]}}]}"#,
            #"{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":7}}]}}]}"#,
            #"{"choices":[{"message":{"function_call":{"name":"f"}}}]}"#,
            #"{"choices":[{"message":{"content":"x"},"finish_reason":"error"}]}"#,
            #"{"choices":null,"base_resp":{"status_code":1002,"status_msg":"rate limit"}}"#, #"{"choices":[null]}"#,
            #"{"choices":[{"message":{"content":"x"},"logprobs":{"content":[{}]}}]}"#,
            #"{"error":{"message":"secret"},"choices":[{"message":{"content":"x"}}]}"#,
        ])
    func garbage(body: String) {
        let error = #expect(throws: UnreadableReply.self) { try openai.decodeReply(ByteBuffer(string: body)) }
        #expect(error?.reason.contains("secret") == false)
    }

    @Test(
        "usage is missed or made up",
        arguments: [
            (#"{"usage":{"prompt_tokens":3,"completion_tokens":4}}"#, Usage(input: 3, output: 4)),
            (
                #"{"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":null}}"#,
                Usage(input: 3, output: 4)
            ),
            (#"{"usage":{"prompt_tokens":3,"total_tokens":3}}"#, Usage(input: 3, output: 0)),
            (
                #"{"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_cache_hit_tokens":2}}"#,
                Usage(input: 3, output: 4, cacheRead: 2)
            ),
            (#"{"usage":null}"#, nil), ("{}", nil), ("nonsense", nil), (#"{"usage":7}"#, nil),
        ])
    func usage(body: String, usage: Usage?) {
        let reply = try? JSONDocument(body, limits: .answer).root
        #expect(reply.flatMap { openai.usage(inReply: $0) } == usage)
    }
}
