import Conversation
import DialectBedrock
import NIOCore
import Testing
import Wire

@Suite("Answers of Converse") struct CallerAnswerTests {
    private func reply(_ content: [Part], _ finish: FinishReason?, _ usage: Usage? = nil) throws -> JSONView {
        let reply = ChatReply(
            id: "x", model: "m", choices: [ChatReply.Choice(content: content, finish: finish)], usage: usage)
        return try JSONDocument(converse.encodeReply(reply, to: ChatRequest(model: "r", messages: []))).root
    }

    @Test func aWholeAnswerHasAllThatTheModelOfTheServiceRequires() throws {
        let usage = Usage(input: 10, output: 3, cacheRead: 4, cacheWrite: 1)
        let root = try reply(
            [
                .thinking(text: "Hm", signature: nil), .redactedThinking("c2ln"), .text("Hi"), .text(" \n"),
                .toolCall(ToolCall(id: "f.b:0", name: "f", arguments: "")),
            ], .toolCalls, usage)
        #expect(
            root.fragment.text == #"{"output":{"message":{"role":"assistant","content":["#
                + #"{"reasoningContent":{"reasoningText":{"text":"Hm"}}},{"reasoningContent":{"redactedContent":"c2ln"}},"#
                + #"{"text":"Hi"},{"toolUse":{"toolUseId":"hf-f-2eb-3a0","name":"f","input":{}}}]}},"stopReason":"tool_use","#
                + #""usage":{"inputTokens":5,"outputTokens":3,"totalTokens":13,"cacheReadInputTokens":4,"cacheWriteInputTokens":1},"#
                + #""metrics":{"latencyMs":0}}"#)
    }

    @Test func opaqueThinkingThatIsNoBase64IsCarriedInIt() throws {
        let root = try reply([.redactedThinking("not base 64!")], .endTurn)
        let blob = try #require(
            root["output"]?["message"]?["content"]?.elements.first { _ in true }?["reasoningContent"]?[
                "redactedContent"])
        let back = try said(#"{"reasoningContent":{"redactedContent":\#(blob.fragment.text)}}"#, by: "assistant")
        #expect(back.messages[0].content == [.redactedThinking("not base 64!")])
    }

    @Test func anAnswerWithoutAnythingIsOneToo() throws {
        let root = try reply([], nil)
        #expect(root["stopReason"]?.string == "end_turn" && root["usage"]?["totalTokens"]?.int == 0)
    }

    // MARK: Streams

    private static let call: [StreamEvent] = [
        .started(id: "i", model: "m", created: nil), .text(choice: 0, "Let "), .text(choice: 0, "me."),
        .toolCallStarted(choice: 0, call: 0, id: "c0", name: "f"),
        .toolCallArguments(choice: 0, call: 0, fragment: "{\"a\":"),
        .toolCallArguments(choice: 0, call: 0, fragment: "1}"),
        .usage(Usage(input: 5, output: 2)), .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
    ]

    @Test func aStreamHasItsEventsInBedrocksOrder() throws {
        #expect(
            try lines(encode(Self.call)) == [
                #"messageStart {"role":"assistant"}"#,
                #"contentBlockDelta {"delta":{"text":"Let "},"contentBlockIndex":0}"#,
                #"contentBlockDelta {"delta":{"text":"me."},"contentBlockIndex":0}"#,
                #"contentBlockStop {"contentBlockIndex":0}"#,
                #"contentBlockStart {"start":{"toolUse":{"toolUseId":"c0","name":"f"}},"contentBlockIndex":1}"#,
                #"contentBlockDelta {"delta":{"toolUse":{"input":"{\"a\":"}},"contentBlockIndex":1}"#,
                #"contentBlockDelta {"delta":{"toolUse":{"input":"1}"}},"contentBlockIndex":1}"#,
                #"contentBlockStop {"contentBlockIndex":1}"#,
                #"messageStop {"stopReason":"tool_use"}"#,
                #"metadata {"usage":{"inputTokens":5,"outputTokens":2,"totalTokens":7},"metrics":{"latencyMs":0}}"#,
            ])
    }

    @Test func callsThatComeMixedAreToldOneAfterTheOther() throws {
        let events: [StreamEvent] = [
            .toolCallStarted(choice: 0, call: 0, id: "a", name: "f"),
            .toolCallStarted(choice: 0, call: 1, id: "b", name: "g"),
            .toolCallArguments(choice: 0, call: 1, fragment: "{}"),
            .toolCallArguments(choice: 0, call: 0, fragment: "{\"x\":0}"),
            .finished(choice: 0, .toolCalls, stopSequence: nil), .ended,
        ]
        let told = try lines(encode(events))
        #expect(
            told.map { $0.split(separator: " ")[0] } == [
                "messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "contentBlockStart",
                "contentBlockDelta", "contentBlockStop", "messageStop", "metadata",
            ])
        #expect(told[2].contains(#"{\"x\":0}"#) && told[5].contains(#""input":"{}""#))
    }

    @Test func thinkingAndItsSignatureAreOneBlock() throws {
        let events: [StreamEvent] = [
            .thinking(choice: 0, "Hm"), .thinkingSignature(choice: 0, "c2ln"), .redactedThinking(choice: 0, "AAAA"),
            .text(choice: 0, "\n"), .text(choice: 0, "Hi"), .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
        ]
        #expect(
            try lines(encode(events)).dropFirst().prefix(6) == [
                #"contentBlockDelta {"delta":{"reasoningContent":{"text":"Hm"}},"contentBlockIndex":0}"#,
                #"contentBlockDelta {"delta":{"reasoningContent":{"signature":"c2ln"}},"contentBlockIndex":0}"#,
                #"contentBlockStop {"contentBlockIndex":0}"#,
                #"contentBlockDelta {"delta":{"reasoningContent":{"redactedContent":"AAAA"}},"contentBlockIndex":1}"#,
                #"contentBlockStop {"contentBlockIndex":1}"#,
                #"contentBlockDelta {"delta":{"text":"\nHi"},"contentBlockIndex":2}"#,
            ])
    }

    @Test func aCallWithoutArgumentsGetsAnObject() throws {
        let events: [StreamEvent] = [
            .toolCallStarted(choice: 0, call: 0, id: "a", name: "f"),
            .finished(choice: 0, .toolCalls, stopSequence: nil),
            .ended, .text(choice: 0, "late"),
        ]
        let told = try lines(encode(events))
        #expect(told.contains(#"contentBlockDelta {"delta":{"toolUse":{"input":"{}"}},"contentBlockIndex":0}"#))
        #expect(told.last?.hasPrefix("metadata") == true)
    }

    @Test func whoWentOnIsToldAtTheEnd() throws {
        let events: [StreamEvent] = [
            .text(choice: 0, "a"), .continued(by: "p/m", model: "m", cause: "withdrawn", at: 1), .text(choice: 0, "b"),
            .finished(choice: 0, .endTurn, stopSequence: nil), .ended,
        ]
        let told = try lines(encode(events))
        #expect(
            told.contains {
                $0.hasPrefix("messageStop ")
                    && $0.hasSuffix(
                        #""additionalModelResponseFields":{"holdfast":{"continued":[{"by":"p/m","cause":"withdrawn","at":1}]}}}"#
                    )
            })
    }

    @Test(
        "every reason for the end has a word that clients know",
        arguments: [
            (.endTurn, "end_turn"), (.stopSequence, "stop_sequence"), (.length, "max_tokens"),
            (.contextFull, "model_context_window_exceeded"), (.toolCalls, "tool_use"),
            (.contentFilter, "content_filtered"),
            (.refusal, "content_filtered"), (.pause, "end_turn"),
            (.other("guardrail_intervened"), "guardrail_intervened"),
            (.other("novel"), "end_turn"),
        ] as [(FinishReason, String)])
    func finish(_ reason: FinishReason, _ word: String) throws {
        #expect(try reply([.text("x")], reason)["stopReason"]?.string == word)
        let told = try lines(encode([.finished(choice: 0, reason, stopSequence: nil), .ended]))
        #expect(told.contains(#"messageStop {"stopReason":"\#(word)"}"#))
    }

    @Test func theEndAloneIsTheLastEvent() throws {
        #expect(try frames(converse.encodeStreamEnd()).map(\.name) == ["metadata"])
    }

    // MARK: Errors

    @Test(
        arguments: [
            (.invalidRequest, 400, "ValidationException", "validationException"),
            (.unauthenticated, 403, "UnrecognizedClientException", "validationException"),
            (.forbidden, 403, "AccessDeniedException", "validationException"),
            (.notFound, 404, "ResourceNotFoundException", "validationException"),
            (.limited, 429, "ThrottlingException", "throttlingException"),
            (.internalFailure, 500, "InternalServerException", "internalServerException"),
            (.badUpstream, 424, "ModelErrorException", "modelStreamErrorException"),
            (.unavailable, 503, "ServiceUnavailableException", "serviceUnavailableException"),
            (.deadline, 408, "ModelTimeoutException", "modelStreamErrorException"),
        ] as [(APIProblem.Kind, Int, String, String)])
    func errorsAreThoseThatAmazonsClientsRaise(
        _ kind: APIProblem.Kind, _ status: Int, _ name: String, _ streamName: String
    ) throws {
        let problem = APIProblem(kind, "No.", field: "messages", code: "why")
        for door in [converse as any CallerProtocol, invoke] {
            var fields = HTTPFieldList()
            door.addErrorFields(of: problem, to: &fields)
            #expect(fields["x-amzn-errortype"] == name)
            let body = try JSONDocument(door.encodeProblem(problem, requestID: "r")).root
            #expect(body["message"]?.string == "messages: No." && body["reason"]?.string == "why")
            let frame = try #require(try frames(door.encodeStreamProblem(problem, requestID: "r")).first)
            #expect(frame.isException && frame.name == streamName && frame.data == body.fragment.bytes)
        }
        #expect(converse.status(of: problem) == status)
    }

    @Test(
        arguments: [
            ("invalid_signature", "InvalidSignatureException"),
            ("incomplete_signature", "IncompleteSignatureException"),
            ("expired_key", "ExpiredTokenException"), ("invalid_api_key", "UnrecognizedClientException"),
        ])
    func aRefusedKeyHasItsOwnException(_ code: String, _ name: String) {
        var fields = HTTPFieldList()
        converse.addErrorFields(of: APIProblem(.unauthenticated, "No.", code: code), to: &fields)
        #expect(fields["x-amzn-errortype"] == name)
    }

    @Test(
        arguments: [
            (401, 403, "AccessDeniedException"), (404, 404, "ResourceNotFoundException"),
            (413, 413, "ValidationException"),
            (422, 400, "ValidationException"), (429, 429, "ThrottlingException"), (500, 500, "InternalServerException"),
            (502, 500, "InternalServerException"), (504, 408, "ModelTimeoutException"),
            (529, 503, "ServiceUnavailableException"), (200, 500, "InternalServerException"),
        ])
    func aProvidersErrorIsToldInAmazonsWords(_ status: Int, _ told: Int, _ name: String) throws {
        let error = ProviderError(status: status, type: "whatever", message: "Sorry.", field: "n")
        #expect(converse.status(for: error) == told)
        var fields = HTTPFieldList()
        converse.addErrorFields(of: error, to: &fields)
        #expect(fields["x-amzn-errortype"] == name)
        let body = try JSONDocument(converse.encodeProviderError(error, requestID: "r")).root
        #expect(body["message"]?.string == "n: Sorry.")
    }

    @Test func everyAnswerHasItsRequestsID() {
        var fields = HTTPFieldList()
        converse.addAnswerFields(requestID: "r1", to: &fields)
        invoke.addAnswerFields(requestID: "r2", to: &fields)
        #expect(fields.fields.filter { $0.name == "x-amzn-requestid" }.map(\.value) == ["r1", "r2"])
    }
}
