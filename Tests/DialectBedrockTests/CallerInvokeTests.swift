import Conversation
import DialectAnthropic
import DialectBedrock
import Encodings
import NIOCore
import Testing
import Wire

@Suite("InvokeModel and CountTokens") struct CallerInvokeTests {
    private let path = CalledPath(model: "here/claude", isStream: true)

    @Test func aBodyOfAnthropicsIsReadWithTheModelOfThePath() throws {
        let request = try invoke.decodeChat(
            JSONDocument(
                #"""
                {"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["x"],"max_tokens":9,"model":"other",
                "messages":[{"role":"user","content":"Hi"}]}
                """#), at: path)
        #expect(request.model == "here/claude" && request.stream && request.maxTokens == 9)
        #expect(request.messages == [Message(.user, [.text("Hi")])])
        #expect(request.leftovers.map(\.field) == ["anthropic_beta", "model"])
        #expect(request.leftovers.allSatisfy { $0.isAdvisory })
    }

    @Test(arguments: [
        #"{"inputText":"Hi","textGenerationConfig":{}}"#, #"{"prompt":"Hi","max_gen_len":9}"#, "{}",
    ])
    func aBodyOfAnotherMakersIsRefusedWithAWayOn(_ body: String) throws {
        let document = try JSONDocument(body)
        let found = problem { try invoke.decodeChat(document, at: path) }
        #expect(found?.kind == .invalidRequest && found?.message.contains("Converse") == true)
    }

    @Test func anthropicsOwnDoorTakesNoVersionInTheBody() throws {
        let request = try AnthropicDialect().decodeChat(
            JSONDocument(
                #"{"model":"m","max_tokens":9,"anthropic_version":"x","messages":[{"role":"user","content":"Hi"}]}"#))
        #expect(request.leftovers == [Leftover("anthropic_version", isAdvisory: false)])
    }

    @Test func eachEventOfAStreamIsAMessage() throws {
        let events: [StreamEvent] = [
            .started(id: "i", model: "m", created: nil), .text(choice: 0, "Hi"),
            .usage(Usage(input: 7, output: 2, cacheRead: 3)), .ping,
            .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
        ]
        let chunks = try frames(encode(events, by: invoke))
        #expect(chunks.allSatisfy { $0.name == "chunk" && !$0.isException })
        let told = try chunks.map { frame in
            let bytes = try #require(try JSONDocument(frame.data).root["bytes"]?.string)
            return try JSONDocument(ByteBuffer(bytes: #require(Base64.decode(bytes)))).root
        }
        #expect(
            told.map { $0["type"]?.string } == [
                "message_start", "content_block_start", "content_block_delta", "ping", "content_block_stop",
                "message_delta", "message_stop",
            ])
        #expect(
            told.last?["amazon-bedrock-invocationMetrics"]?.fragment.text
                == #"{"inputTokenCount":4,"outputTokenCount":2,"cacheReadInputTokenCount":3}"#)
        #expect(try frames(invoke.encodeStreamEnd()).map(\.name) == ["chunk"])
    }

    // MARK: Counting

    private func counted(_ input: String) throws -> ChatRequest {
        try converse.decodeCountTokens(JSONDocument(input), at: CalledPath(model: "m", isStream: false))
    }

    @Test func bothKindsOfRequestsAreCounted() throws {
        let messages = #""messages":[{"role":"user","content":[{"text":"Hi"}]}]"#
        let asked = try counted(#"{"input":{"converse":{\#(messages),"system":[{"text":"s"}]}}}"#)
        #expect(asked.model == "m" && asked.messages.count == 2)
        let body = #"{"anthropic_version":"bedrock-2023-05-31","messages":[{"role":"user","content":"Hi"}]}"#
        let invoked = try counted(#"{"input":{"invokeModel":{"body":"\#(Base64.encode(Array(body.utf8)))"}}}"#)
        #expect(invoked.model == "m" && invoked.messages == [Message(.user, [.text("Hi")])])
        #expect(converse.estimateTokens(invoked) > 0)
        #expect(text(converse.encodeTokenCount(12)) == #"{"inputTokens":12}"#)
    }

    @Test(
        arguments: [
            ("{}", "input"), (#"{"input":{}}"#, "input"), (#"{"input":{"a":1}}"#, "input.a"), (#"{"x":1}"#, "x"),
            (#"{"input":{"invokeModel":{}}}"#, "input.invokeModel.body"),
            (#"{"input":{"invokeModel":{"body":"{}"}}}"#, "input.invokeModel.body"),
            (#"{"input":{"invokeModel":{"body":"e30="}}}"#, "messages"),
            (#"{"input":{"converse":{}}}"#, "input.converse.messages"),
        ])
    func aCountThatIsWrongIsRefused(_ body: String, _ field: String) {
        #expect(problem { try counted(body) }?.field == field)
    }
}
