package import Conversation
package import NIOCore
package import Wire

/// Anthropic's Messages API, as a door and as a provider.
///
/// https://docs.anthropic.com/en/api/messages; where the page is silent, the
/// official Python client's types decide. What maps to what, what is refused
/// and what is left behind: `docs/dialect-anthropic.md`.
package struct AnthropicDialect: CallerProtocol, ProviderProtocol, TokenCountCaller, TokenCountProvider,
    ModelListWriter
{
    /// The value of `max_tokens`, which the API requires, where the request has
    /// no limit. Small enough for every model that is served today, and enough
    /// for a complete answer to most questions.
    package var defaultMaxTokens: Int

    package init(defaultMaxTokens: Int = 8192) {
        self.defaultMaxTokens = defaultMaxTokens
    }

    package var name: DialectName { .anthropic }
    package var framing: Framing { .serverSentEvents }

    private static let chatPath = "/v1/messages"
    /// https://docs.anthropic.com/en/api/messages-count-tokens
    private static let countTokensPath = "/v1/messages/count_tokens"

    // MARK: As a door

    package var chatAddresses: [CallerAddress] { [CallerAddress(Self.chatPath)] }
    package var tokenCountAddresses: [CallerAddress] { [CallerAddress(Self.countTokensPath)] }
    package var markerField: String? { "anthropic-version" }

    package func decodeChat(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        try RequestDecoder.decode(document, for: .answer, at: path)
    }

    /// The request of `POST /v1/messages/count_tokens`: that of an answer,
    /// without `max_tokens`.
    package func decodeCountTokens(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        try RequestDecoder.decode(document, for: .count, at: path)
    }

    package func estimateTokens(_ request: ChatRequest) -> Int { TokenEstimate(request).inputTokens }

    /// The official clients read the request's id there.
    package func addAnswerFields(requestID: String, to fields: inout HTTPFieldList) {
        fields.append("request-id", requestID)
    }

    package func encodeReply(_ reply: ChatReply, to request: ChatRequest) -> ByteBuffer {
        ReplyEncoder.encode(reply)
    }

    package func makeStreamEncoder(for request: ChatRequest) -> any StreamEncoder {
        AnthropicStreamEncoder(requestedModel: request.model)
    }

    package func encodeProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        ErrorBody(problem, requestID: requestID).encoded()
    }

    package func encodeProviderError(_ error: ProviderError, requestID: String) -> ByteBuffer {
        ErrorBody(error, status: status(for: error), requestID: requestID).encoded()
    }

    package func status(for error: ProviderError) -> Int {
        ErrorType.status(forProviderStatus: error.status)
    }

    package func encodeStreamProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        var bytes = ByteBuffer()
        SSEWriter.write(name: "error", data: encodeProblem(problem, requestID: requestID), to: &bytes)
        return bytes
    }

    package func encodeStreamEnd() -> ByteBuffer {
        ByteBuffer(string: "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
    }

    // MARK: As a provider

    package func chatEndpoint(model: String, isStream: Bool) -> String { Self.chatPath }
    package func tokenCountEndpoint(model: String) -> String { Self.countTokensPath }
    /// The official clients' `beta` resources ask with it.
    package var queryItems: Set<String> { ["beta=true", "beta=false"] }
    package var modelsPath: String? { "/v1/models?limit=1000" }
    package func credential(_ key: String) -> (name: String, value: String) { ("x-api-key", key) }
    package var defaultFields: [(name: String, value: String)] { [("anthropic-version", "2023-06-01")] }
    package var longestToolName: Int { 128 }

    package func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        if let nonsense = request.nonsense { throw nonsense }
        let request = ToolNames(request, longest: longestToolName).written(request)
        return try RequestEncoder.encode(request, model: model, defaultMaxTokens: defaultMaxTokens, dropped: &dropped)
    }

    package func repair(_ body: ByteBuffer, model: String, dropped: inout [String], into splices: inout Splices) {
        HistoryRepair.repair(body, dropped: &dropped, into: &splices)
    }

    package func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        try ReplyDecoder.decode(body)
    }

    package func makeStreamDecoder() -> any StreamDecoder { AnthropicStreamDecoder() }

    package func decodeError(status: Int, body: ByteBuffer) -> ProviderError {
        ErrorBody.decode(status: status, body: body)
    }

    package var errorVocabulary: ErrorVocabulary { .anthropic }

    // MARK: Passing through

    package func makeStreamWatcher() -> any StreamWatcher { AnthropicStreamWatcher() }

    package func usage(inReply reply: JSONView) -> Usage? { UsageTally.usage(inReply: reply) }
}
