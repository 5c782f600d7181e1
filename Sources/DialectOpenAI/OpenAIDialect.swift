package import Conversation
package import NIOCore
package import Wire

/// OpenAI's Chat Completions and Embeddings, as a door and as a provider.
///
/// https://platform.openai.com/docs/api-reference/chat
package struct OpenAIDialect: Dialect {
    /// The path of the embeddings endpoint below a provider's base address.
    package static let embeddingsPath = "/embeddings"

    package let tokenLimitField: TokenLimitField
    /// Seconds since 1970, for answers of providers that don't say when.
    let now: @Sendable () -> Int

    /// - Parameters:
    ///   - tokenLimitField: which name the provider knows; no matter for a
    ///     door, which reads both.
    ///   - now: seconds since 1970.
    package init(
        tokenLimitField: TokenLimitField = .maxCompletionTokens, now: @escaping @Sendable () -> Int
    ) {
        self.tokenLimitField = tokenLimitField
        self.now = now
    }

    package var name: DialectName { .openai }
    package var chatPath: String { "/chat/completions" }
    package var modelsPath: String? { "/models" }

    // MARK: As a door

    package func decodeChat(_ document: JSONDocument) throws(Problem) -> ChatRequest {
        var reader = ChatRequestReader()
        return try reader.read(document)
    }

    package func encodeReply(_ reply: ChatReply, to request: ChatRequest) -> ByteBuffer {
        ReplyWriter(now: now()).write(reply)
    }

    package func makeStreamEncoder(for request: ChatRequest) -> any StreamEncoder {
        ChunkEncoder(includeUsage: request.includeUsage, now: now)
    }

    /// OpenAI's bodies have no place for a request's id: it goes into a
    /// header field.
    package func encodeProblem(_ problem: Problem, requestID: String) -> ByteBuffer {
        ErrorObject(problem).encoded()
    }

    package func encodeProviderError(_ error: ProviderError, requestID: String) -> ByteBuffer {
        ErrorObject(error).encoded()
    }

    package func status(for error: ProviderError) -> Int { ErrorObject.status(of: error) }

    package func encodeStreamProblem(_ problem: Problem, requestID: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        SSEWriter.write(data: encodeProblem(problem, requestID: requestID), to: &buffer)
        return buffer
    }

    package func encodeStreamEnd() -> ByteBuffer { ByteBuffer(string: "data: [DONE]\n\n") }

    // MARK: As a provider

    package func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        try encodeChat(
            request, model: model, traits: ServerTraits(tokenLimitField: tokenLimitField), dropped: &dropped)
    }

    func encodeChat(
        _ request: ChatRequest, model: String, traits: ServerTraits, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        var writer = ChatRequestWriter(model: model, traits: traits)
        let body = writer.write(request)
        if let refusal = writer.refusal { throw refusal }
        dropped += writer.dropped
        return body
    }

    package func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        try ReplyReader.read(body)
    }

    package func makeStreamDecoder() -> any StreamDecoder { ChunkDecoder() }

    package func decodeError(status: Int, body: ByteBuffer) -> ProviderError {
        ProviderError(status: status, reading: body)
    }

    // MARK: Passing through

    package func makeStreamWatcher() -> any StreamWatcher { ChunkWatcher() }

    package func usage(inReply reply: JSONView) -> Usage? {
        reply["usage"].flatMap { try? Usage(reading: $0) }
    }
}
