import Seeded
import Conversation
import DialectOpenAI
import NIOCore
import Testing
import Wire

@Suite("Writing a stream") struct StreamWritingTests {
    static let counting = ChatRequest.saying().with { $0.includeUsage = true }

    @Test("the bytes are not OpenAI's") func golden() {
        let written = openai.encode(
            [
                .started(id: "msg_1", model: "claude", created: nil), .ping,
                .usage(Usage(input: 9, output: 0)),
                .text(choice: 0, "A\n"), .text(choice: 0, "b"),
                .toolCallStarted(choice: 0, call: 0, id: "toolu_1", name: "f"),
                .toolCallArguments(choice: 0, call: 0, fragment: "{\"a\""),
                .finished(choice: 0, .toolCalls, stopSequence: nil),
                .usage(Usage(input: 9, output: 4, cacheRead: 3)), .ended,
            ], for: Self.counting)
        let head =
            #"data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":["#
        let tail = #","usage":null}"# + "\n\n"
        #expect(
            written == head
                + #"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]"#
                + tail + head
                + #"{"index":0,"delta":{"content":"A\n"},"logprobs":null,"finish_reason":null}]"# + tail + head
                + #"{"index":0,"delta":{"content":"b"},"logprobs":null,"finish_reason":null}]"# + tail + head
                + #"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"toolu_1","type":"function","function":{"name":"f","arguments":""}}]},"logprobs":null,"finish_reason":null}]"#
                + tail + head
                + #"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]},"logprobs":null,"finish_reason":null}]"#
                + tail + head
                + #"{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]"# + tail + head
                + #"],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3}}}"#
                + "\n\ndata: [DONE]\n\n")
    }

    @Test("usage comes unasked") func noUsage() {
        let written = openai.encode(
            [
                .started(id: "i", model: "m", created: 5), .thinking(choice: 0, "h"),
                .thinkingSignature(choice: 0, "s"), .redactedThinking(choice: 0, "r"),
                .finished(choice: 0, .endTurn, stopSequence: nil), .usage(Usage(input: 1, output: 2)), .ended,
            ], for: .saying())
        let head = #"data: {"id":"i","object":"chat.completion.chunk","created":5,"model":"m","choices":["#
        #expect(
            written == head
                + #"{"index":0,"delta":{"role":"assistant","content":null,"refusal":null},"logprobs":null,"finish_reason":null}]}"#
                + "\n\n" + head
                + #"{"index":0,"delta":{"reasoning_content":"h"},"logprobs":null,"finish_reason":null}]}"# + "\n\n"
                + head + #"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}"# + "\n\n"
                + "data: [DONE]\n\n")
    }

    @Test("a recorded stream doesn't survive", arguments: ["text", "tools", "choices", "azure", "reasoning"])
    func roundTrip(name: String) throws {
        let events = try openai.decode(stream: [Fixture.bytes("\(name).stream.sse")])
        #expect(try openai.decode(stream: openai.encode(events, for: Self.counting)) == events)
    }

    @Test(
        "an engine's stream doesn't survive",
        arguments: [
            "chat-stream-usage", "chat-logprobs-stream", "chat-n2-stream", "tool-parallel-stream",
        ])
    func engineRoundTrip(name: String) throws {
        let events = try engine.decode(stream: [Fixture.bytes("\(name).response.sse", of: "engine")])
        let written = openai.encode(events, for: Self.counting)
        #expect(try openai.decode(stream: written) == events)
        #expect(!written.contains("timings"))
    }

    @Test("an error can't be told from a chunk") func problem() throws {
        let bytes = openai.encodeStreamProblem(APIProblem(.badUpstream, "It broke\noff."), requestID: "r")
        let written = String(buffer: bytes)
        #expect(
            written
                == "data: {\"error\":{\"message\":\"It broke\\noff.\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n"
        )
    }

    /// Any order that the shared events allow, and some that they don't.
    @Test("a sequence of events makes a malformed stream", arguments: 1...200 as ClosedRange<UInt64>)
    func invariants(seed: UInt64) throws {
        var generator = SplitMix(seed: seed)
        let includeUsage = Bool.random(using: &generator)
        let events = Self.randomEvents(using: &generator)
        let written = openai.encode(events, for: .saying().with { $0.includeUsage = includeUsage })
        var parser = SSEParser()
        parser.feed(ByteBuffer(string: written))
        var checker = ChunkChecker(includeUsage: includeUsage)
        while let event = try parser.next() { try checker.check(event) }
        #expect(written.hasSuffix("data: [DONE]\n\n"), "seed \(seed)")
        #expect(checker.isDone, "seed \(seed)")
        // One delta in, one delta out: what was said comes back as it was.
        let kept = events.filter {
            switch $0 {
            case .ping, .thinkingSignature, .redactedThinking, .usage: false
            default: true
            }
        }
        let back = try openai.decode(stream: written).filter {
            if case .usage = $0 { false } else { true }
        }
        // A call is told once its arguments begin, or the choice ends.
        func isStart(_ event: StreamEvent) -> Bool {
            if case .toolCallStarted = event { true } else { false }
        }
        #expect(back.filter { !isStart($0) } == kept.filter { !isStart($0) }, "seed \(seed)")
        #expect(
            Set(back.filter(isStart).map { "\($0)" }) == Set(kept.filter(isStart).map { "\($0)" }), "seed \(seed)")
    }

    static func randomEvents(using generator: inout SplitMix) -> [StreamEvent] {
        var events: [StreamEvent] = [.started(id: "i\"d", model: "m", created: 3)]
        let choices = Int.random(in: 1...3, using: &generator)
        var calls = Array(repeating: 0, count: choices)
        let words = ["a", "\"", "\\", "\n", "é", "👋", "data: x", "[DONE]", "\u{2028}", "\u{0}"]
        for _ in 0..<Int.random(in: 0...30, using: &generator) {
            let choice = Int.random(in: 0..<choices, using: &generator)
            let word = words.randomElement(using: &generator)!
            switch Int.random(in: 0..<9, using: &generator) {
            case 0: events.append(.text(choice: choice, word))
            case 1: events.append(.refusal(choice: choice, word))
            case 2: events.append(.thinking(choice: choice, word))
            case 3: events.append(.thinkingSignature(choice: choice, word))
            case 4: events.append(.ping)
            case 5: events.append(.usage(Usage(input: 3, output: 4, cacheRead: 1)))
            case 6:
                events.append(.logprobs(choice: choice, [TokenLogprob(token: word, logprob: -0.5, bytes: [7])]))
                events.append(.text(choice: choice, word))
            case 7:
                events.append(
                    .toolCallStarted(choice: choice, call: calls[choice], id: "c\(calls[choice])", name: word))
                calls[choice] += 1
            default:
                guard calls[choice] > 0 else { continue }
                let call = Int.random(in: 0..<calls[choice], using: &generator)
                events.append(.toolCallArguments(choice: choice, call: call, fragment: word))
            }
        }
        for choice in 0..<choices {
            let reason = calls[choice] > 0 ? FinishReason.toolCalls : .endTurn
            events.append(.finished(choice: choice, reason, stopSequence: nil))
        }
        events.append(.usage(Usage(input: 3, output: 5)))
        events.append(.ended)
        return events
    }
}

/// Holds a stream to what OpenAI documents of its chunks.
private struct ChunkChecker {
    let includeUsage: Bool
    var isDone = false
    private var sawUsage = false
    private var begun: Set<Int> = []
    private var finished: Set<Int> = []
    private var calls: [Int: Set<Int>] = [:]

    init(includeUsage: Bool) { self.includeUsage = includeUsage }

    mutating func check(_ event: Frame) throws {
        #expect(!isDone && event.name.isEmpty)
        if String(buffer: event.data) == "[DONE]" {
            isDone = true
            #expect(sawUsage == includeUsage)
            return
        }
        #expect(!sawUsage)
        let root = try JSONDocument(event.data).root
        #expect(root["object"]?.isString("chat.completion.chunk") == true)
        #expect(root["id"]?.string == "i\"d" && root["created"]?.int == 3 && root["model"]?.string == "m")
        let choices = Array(try #require(root["choices"]).elements)
        guard let choice = choices.first else {
            #expect(includeUsage && root["usage"]?["total_tokens"]?.int == 8)
            sawUsage = true
            return
        }
        #expect(choices.count == 1)
        #expect((root["usage"] != nil) == includeUsage && root["usage"]?.isNull != false)
        let index = try #require(choice["index"]?.int)
        let delta = try #require(choice["delta"])
        #expect(choice["logprobs"] != nil && choice["finish_reason"] != nil)
        #expect(!finished.contains(index))
        #expect((delta["role"] != nil) == begun.insert(index).inserted)
        if let fragment = delta["tool_calls"]?.elements.first(where: { _ in true }) {
            let call = try #require(fragment["index"]?.int)
            let begins = calls[index, default: []].insert(call).inserted
            #expect((fragment["id"] != nil) == begins)
            #expect((fragment["function"]?["name"] != nil) == begins)
            #expect(fragment["function"]?["arguments"]?.string != nil)
        }
        if choice["finish_reason"]?.isNull == false { finished.insert(index) }
    }
}
