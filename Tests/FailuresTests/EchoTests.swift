import Failures
import NIOCore
import Seeded
import Testing
import Wire

/// A provider's words beside the request that it quotes.
@Suite struct EchoTests {
    private static func symptom(_ status: Int, _ message: String) -> Symptom {
        var json = JSONWriter()
        json.object { json in
            json.object("error") { json in
                json.member("message", message)
                json.member("type", "invalid_request_error")
            }
        }
        return Symptom(position: .head, status: status, body: json.buffer)
    }

    private static func judge(_ status: Int, _ message: String, request: String) -> Judgement {
        Classifier.standard.judge(
            symptom(status, message),
            of: RequestText(pieces: [ByteBuffer(string: request)], names: ["claude-opus-4-8", "assistant"]), now: 0)
    }

    /// Texts of callers that are words of failures, and the messages in which
    /// providers quote them.
    @Test(
        arguments: [
            "invalid api key", "unpaid", "deprecated_models", "unpaid_invoices", "rate limit", "overloaded",
            "The model has been deprecated", "https://x.test/invalid%20api%20key/firewall.png", "insufficient_quota",
            "account has been disabled", "It's a “content policy” violation", "Credit balance is too low",
        ],
        [
            "messages.0.role: Input should be 'user' or 'assistant', not 'ECHO'", "Invalid value: \"ECHO\".",
            "Unknown property `ECHO` at tools[0].input_schema", "tag “ECHO” is not one of ours",
            "Invalid: {\"role\": \"ECHO\", \"content\": \"…\"}", "Invalid value: 'ECHO", "«ECHO» is no language",
        ])
    func quotationsOfTheRequestAreNoEvidence(echo: String, message: String) {
        let said = message.replacing("ECHO", with: echo)
        var json = JSONWriter()
        json.object { $0.member("messages", "before \(echo) after") }
        let judgement = Self.judge(400, said, request: String(buffer: json.buffer))
        #expect(judgement.verdict.cause == .callerFault, "\(said): \(judgement.verdict.rule)")
        #expect(judgement.memory?.isOfService == false)
        // The same words of the provider's own are.
        let own = Self.judge(400, said, request: #"{"messages":"hello"}"#)
        #expect(own.verdict == Classifier.standard.judge(Self.symptom(400, said), now: 0))
    }

    @Test func piecesOfTwelveBytesCountWithoutQuotationMarks() {
        let request = #"{"messages":[{"role":"user","content":"why: The model\n has been   DEPRECATED \u2019cause"}]}"#
        #expect(
            Self.judge(400, "Bad text: the model has been deprecated", request: request).verdict.cause == .callerFault)
        #expect(Self.judge(400, "tag unpaid is unknown", request: #"{"tag":"unpaid"}"#).verdict.cause == .exhausted)
        #expect(Self.judge(400, "tag unpaid is unknown", request: #"{"tag":"unpaid"}"#).quotesRequest)
        #expect(!Self.judge(400, "the invoice is unpaid", request: #"{"tag":"x"}"#).quotesRequest)
    }

    @Test func escapesOfTheRequestAreRead() {
        let request = #"{"x":"inv\u0061lid \u0061pi\tkey \ud83d\ude00","y":"a\\b\/c\"d"}"#
        #expect(Self.judge(400, "got 'invalid api key 😀'", request: request).verdict.cause == .callerFault)
    }

    @Test func theModelsOwnNameIsNoCallersWord() {
        let request = #"{"model":"claude-opus-4-8","messages":[]}"#
        let judgement = Self.judge(404, "The model 'claude-opus-4-8' has been deprecated", request: request)
        #expect(judgement.memory?.cause == .withdrawn && judgement.memory?.evidence == .explicit)
        #expect(judgement.verdict.words.contains("claude-opus-4-8"))
    }

    @Test(arguments: [401, 403, 404, 410])
    func aRefusalOfTheServiceMovesOnAllTheSame(status: Int) {
        let words = "claude-opus-4-8 is not available. Please use another model."
        let request = #"{"messages":"they said: is not available. Please use another model. Why?"}"#
        let judgement = Self.judge(status, words, request: request)
        #expect(judgement.verdict.isOfService, "another candidate may serve")
        if status == 404 { #expect(judgement.memory == nil && judgement.isQuestion) }
        if status == 401 { #expect(judgement.memory?.cause == .credential) }
    }

    @Test func waitsOfTheRequestAreNotBelieved() {
        let request = #"{"messages":"please try again in 9999h"}"#
        let judgement = Self.judge(429, "Rate limit: 'please try again in 9999h'", request: request)
        #expect(judgement.verdict.cause == .throttled && judgement.verdict.retryAfter == nil)
    }

    /// Pieces of failures that a request contains are the caller's when a 400
    /// quotes them, whatever they say.
    @Test func allWordingsQuotedInA400AreTheCallers() {
        let seed = UInt64.random(in: .min ... .max)
        print("EchoTests seed \(seed)")
        var random = SplitMix(seed: seed)
        let wordings = RowTests.rows.map { row in
            String(decoding: row.failure.symptom.body.readableBytesView.prefix(300), as: UTF8.self)
                .filter { $0 != "\"" && $0 != "`" && $0 != "'" }
        }.filter { $0.utf8.count > 1 }
        for _ in 0..<5000 {
            let wording = wordings.randomElement(using: &random)!
            let start = wording.index(wording.startIndex, offsetBy: Int.random(in: 0..<wording.count, using: &random))
            let echo = String(wording[start...].prefix(Int.random(in: 2...80, using: &random)))
            var request = JSONWriter()
            request.object { $0.member("messages", "x \(echo) y") }
            let judgement = Self.judge(400, "Unknown value: \"\(echo)\".", request: String(buffer: request.buffer))
            #expect(judgement.verdict.scope == .request, "seed \(seed): \(echo): \(judgement.verdict.rule)")
        }
    }

    /// A request that repeats what is quoted costs no more than another.
    @Test func repetitionsAreReadInOnePass() {
        let message = String(repeating: "'ab' \"aaaaaaaaaaaaaaaa\" ", count: 400)
        let request = String(repeating: "a", count: 1 << 20) + String(repeating: "ab", count: 1 << 18)
        #expect(Self.judge(400, message, request: request).verdict.cause == .callerFault)
    }
}

/// The things that a message calls deprecated, removed or no longer supported.
@Suite struct GoneSubjectTests {
    private func judge(_ status: Int, _ message: String, param: String? = nil) -> Verdict {
        var json = JSONWriter()
        json.object { json in
            json.object("error") { json in
                json.member("message", message)
                json.member("type", "invalid_request_error")
                json.member("param", ifPresent: param)
            }
        }
        return Classifier.standard.judge(Symptom(position: .head, status: status, body: json.buffer), now: 0)
    }

    @Test(arguments: [
        "`temperature` is deprecated for this model.", "'top_p' is deprecated for this model.",
        "top_k has been removed for claude-opus-4-8.",
        "The tool computer_20241022 is no longer supported by this model.",
        "tools.0.type: 'bash_20241022' is no longer supported for this model.",
        "The beta output-128k-2025-02-19 has been retired for claude-opus-4-8.",
        "Image inputs are no longer supported with this model.",
    ])
    func aFieldOfOneModelMayBeAnothers(message: String) {
        let verdict = judge(400, message)
        #expect(verdict.cause == .unsupportedField, "\(message): \(verdict.rule)")
        #expect(verdict.scope == .request)
    }

    @Test(arguments: [
        "output_format: This field is deprecated. Use 'output_config.format' instead. See "
            + "https://platform.claude.com/docs/en/build-with-claude/structured-outputs for more information.",
        "The parameter `functions` has been removed.", "This tool version is no longer supported.",
        "anthropic-beta: the header value files-api-2024 has been retired.",
        "The image format image/bmp is no longer supported.", "Model parameter `logprobs` has been discontinued.",
        "The `user` field has been deprecated, use `safety_identifier`.", "This file has been deleted.",
        "This model's `logit_bias` parameter is no longer supported.",
    ])
    func aFieldIsTheCallers(message: String) {
        let verdict = judge(400, message)
        #expect([.callerFault, .unsupportedField].contains(verdict.cause), "\(message): \(verdict.rule)")
        #expect(!verdict.isOfService)
    }

    @Test(arguments: [
        "The model `gpt-4-0314` has been deprecated, learn more here: https://x.test/docs/deprecations",
        "This model is no longer supported.", "claude-2.1 has been retired.",
        "The image generation model dall-e-2 has been discontinued.",
        "The model used by this tool has been decommissioned.", "model: claude-2.1 reached end-of-life on July 21",
        "The requested model is deprecated and no longer supported by provider x.",
        "Support for the model gemini-1.0-pro has been removed.",
    ])
    func aModelIsAModel(message: String) {
        let verdict = judge(404, message)
        #expect(verdict.cause == .withdrawn, "\(message): \(verdict.rule)")
    }

    @Test(arguments: [
        "No such File object: file-abc123", "File not found: file_011CNha8iCJcU1wXNR6q4V8w",
        "Container 'cntr_682e' not found.", "No thread found with id 'thread_abc'.", "Thread not found",
        "Previous response with id 'resp_123' not found.", "No response found for id resp_1",
        "Conversation with id conv_1 does not exist", "The batch batch_1 could not be found.",
        "Vector store vs_1 not found", "No conversation found with session ID", "Item with id 'msg_1' not found.",
    ])
    func aCallersOwnThingIsNoModel(message: String) {
        for status in [400, 404] {
            let verdict = judge(status, message)
            #expect(verdict.cause == .callerFault && verdict.scope == .request, "\(message): \(verdict.rule)")
        }
    }

    @Test(arguments: [
        "This model is only supported in v1/responses and not in v1/chat/completions.",
        "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?",
        "The requested model isn't supported on this route.", "gpt-5-codex is only available in v1/responses",
    ])
    func anotherAddressIsNoWithdrawal(message: String) {
        for status in [400, 404] {
            let verdict = judge(status, message)
            #expect(verdict.cause == .broken && verdict.rule == "wrong-address", "\(message): \(verdict.rule)")
        }
    }

    @Test(
        arguments: [
            "model not available", "Model unavailable", "The model gpt-5 isn't available",
            "This model is not available",
        ],
        [#"{"error":{"message":"ECHO"}}"#, #"{"error":"ECHO"}"#, #"{"detail":"ECHO"}"#, #"{"message":"ECHO"}"#, "ECHO"])
    func aModelThatIsNotAvailableMayBeWithdrawn(message: String, body: String) {
        let symptom = Symptom(
            position: .head, status: 404, body: ByteBuffer(string: body.replacing("ECHO", with: message)))
        let verdict = Classifier.standard.judge(symptom, now: 0)
        #expect(verdict.cause == .withdrawn && verdict.evidence == .ambiguous, "\(verdict.rule)")
        var busy = symptom
        busy.status = 503
        #expect(Classifier.standard.judge(busy, now: 0).cause == .overloaded)
    }
}
