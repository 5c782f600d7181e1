import Conversation
import DialectOpenAI
import NIOCore
import Testing
import Wire

@Suite("Looking on") struct WatcherTests {
    private func watch(_ bytes: ByteBuffer) throws -> StreamObservation {
        var parser = SSEParser()
        parser.feed(bytes)
        var watcher = openai.makeStreamWatcher()
        while let event = try parser.next() { watcher.observe(event) }
        return watcher.observation
    }

    @Test(
        "a stream's cost or end is missed",
        arguments: [
            ("text.stream.sse", "openai", Usage(input: 1210, output: 3, cacheRead: 1152, reasoning: 0)),
            ("tools.stream.sse", "openai", nil), ("choices.stream.sse", "openai", nil),
            ("reasoning.stream.sse", "openai", Usage(input: 16, output: 4, cacheRead: 0, reasoning: 2)),
            ("chat-stream-usage.response.sse", "engine", Usage(input: 33, output: 6, cacheRead: 32)),
        ])
    func recorded(name: String, folder: String, usage: Usage?) throws {
        let observation = try watch(Fixture.bytes(name, of: folder))
        #expect(observation.hasEnded && observation.hasContent && observation.failure == nil)
        #expect(observation.usage == usage)
    }

    @Test("an error is missed") func failed() throws {
        let observation = try watch(Fixture.bytes("failed.stream.sse"))
        #expect(!observation.hasEnded && observation.hasContent)
        #expect(observation.failure?.status == 500)
    }

    @Test(
        "a role counts as content, or content as none",
        arguments: [
            (#"{"choices":[{"delta":{"role":"assistant","content":"","refusal":null}}]}"#, false),
            (#"{"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":[]}}]}"#, false),
            (#"{"choices":[]}"#, false), (#"{"choices":[{"delta":{}}]}"#, false), ("nonsense", false),
            (#"{"choices":[{"delta":{"content":" "}}]}"#, true),
            (#"{"choices":[{"delta":{"refusal":"x"}}]}"#, true),
            (#"{"choices":[{"delta":{"reasoning_content":"x"}}]}"#, true),
            (#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#, true),
        ])
    func content(data: String, hasContent: Bool) throws {
        #expect(try watch(ByteBuffer(string: "data: \(data)\n\n")).hasContent == hasContent)
    }

    @Test(
        "what a model writes is taken for usage",
        arguments: [
            (#"{"choices":[{"delta":{"content":"\"usage\":{\"prompt_tokens\":9}"}}]}"#, Usage?.none),
            (#"{"choices":[{"delta":{"content":"usage"}}],"x":"usage"}"#, nil),
            (#"{"choices":[],"usage": null}"#, nil), (#"{"choices":[],"usage":"#, nil), (#""usage""#, nil),
            (#"{"choices":[],"x":{"usage":{"prompt_tokens":9}}}"#, nil),
            (#"{"choices":[],"usage" : {"prompt_tokens":9,"completion_tokens":1}}"#, Usage(input: 9, output: 1)),
            (#"{"usage":{"prompt_tokens":9,"completion_tokens":1},"choices":[]}"#, Usage(input: 9, output: 1)),
        ])
    func lookalikes(data: String, usage: Usage?) throws {
        // After content, so that only the search decides.
        let before = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"
        let observation = try watch(ByteBuffer(string: "\(before)data: \(data)\n\n"))
        #expect(observation.usage == usage)
        #expect(observation.failure == nil && !observation.hasEnded)
    }

    @Test(
        "an end or an open call is missed, or seen in what a model writes",
        arguments: [
            ([#"{"index":0,"delta":{"content":"\"finish_reason\":\"stop\""},"finish_reason":null}"#], false, false),
            ([#"{"index":0,"delta":{},"finish_reason":"stop"}"#], true, false),
            ([#"{"delta":{},"finish_reason" : "stop"}"#], true, false),
            (
                [#"{"index":0,"delta":{},"finish_reason":null}"#, #"{"index":1,"delta":{},"finish_reason":"stop"}"#],
                false, false
            ),
            (
                [#"{"index":1,"delta":{"content":"x"}}"#, #"{"index":0,"delta":{},"finish_reason":"stop"}"#], false,
                false
            ),
            (
                [
                    #"{"index":1,"delta":{},"finish_reason":"stop"}"#,
                    #"{"index":0,"delta":{},"finish_reason":"length"}"#,
                ],
                true, false
            ),
            ([#"{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{"}}]}}"#], false, true),
            ([#"{"index":0,"delta":{"tool_calls":[]}}"#, #"{"index":0,"delta":{"tool_calls":null}}"#], false, false),
            (
                [
                    #"{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{"}}]}}"#,
                    #"{"index":0,"delta":{},"finish_reason":"tool_calls"}"#,
                ], true, false
            ),
        ])
    func ends(choices: [String], hasFinished: Bool, hasOpenToolCall: Bool) throws {
        let first = #"{"index":0,"delta":{"content":"x"}}"#
        let lines = ([first] + choices).map { "data: {\"choices\":[\($0)]}\n\n" }
        let observation = try watch(ByteBuffer(string: lines.joined()))
        #expect(observation.hasFinished == hasFinished && observation.hasOpenToolCall == hasOpenToolCall)
    }

}
