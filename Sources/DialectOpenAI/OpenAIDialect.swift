package import Conversation
package import NIOCore
package import Wire

/// OpenAI's Chat Completions and Embeddings, as a door and as a provider.
///
/// https://platform.openai.com/docs/api-reference/chat
package struct OpenAIDialect: CallerProtocol, ProviderProtocol, EmbeddingsCaller, EmbeddingsProvider, ModelListWriter {
    /// The traits of the provider's server; no matter for a door.
    package let traits: ServerTraits
    /// True when the traits are known to be the server's, and are not a guess:
    /// only then is a request of this dialect changed to fit them.
    package let isKnown: Bool
    /// Seconds since 1970, for answers of providers that don't say when.
    let now: @Sendable () -> Int

    /// - Parameters:
    ///   - traits: The features of the provider's server.
    ///   - isKnown: True when these are known to be the server's, and are not a
    ///     guess.
    ///   - now: The present time, in seconds since 1970.
    package init(
        traits: ServerTraits = Flavour.openai.traits, isKnown: Bool = false, now: @escaping @Sendable () -> Int
    ) {
        self.traits = traits
        self.isKnown = isKnown
        self.now = now
    }

    package var name: DialectName { .openai }
    package var framing: Framing { .serverSentEvents }

    // MARK: As a door

    package var chatAddresses: [CallerAddress] { [CallerAddress("/v1/chat/completions")] }
    package var embeddingsAddresses: [CallerAddress] { [CallerAddress("/v1/embeddings")] }

    package func decodeChat(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
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
    package func encodeProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        ErrorObject(problem).encoded()
    }

    package func encodeProviderError(_ error: ProviderError, requestID: String) -> ByteBuffer {
        ErrorObject(error).encoded()
    }

    package func status(for error: ProviderError) -> Int { ErrorObject.status(of: error) }

    package func encodeStreamProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        var buffer = ByteBuffer()
        SSEWriter.write(data: encodeProblem(problem, requestID: requestID), to: &buffer)
        return buffer
    }

    package func encodeStreamEnd() -> ByteBuffer { ByteBuffer(string: "data: [DONE]\n\n") }

    // MARK: As a provider

    package func chatEndpoint(model: String, isStream: Bool) -> String { "/chat/completions" }
    package func embeddingsEndpoint(model: String) -> String { "/embeddings" }
    package var modelsPath: String? { "/models" }
    package var serverTraits: ServerTraits? { traits }
    package func credential(_ key: String) -> (name: String, value: String) { ("authorization", "Bearer \(key)") }
    package var longestToolName: Int { 64 }

    package func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        try encodeChat(request, model: model, form: RequestForm(traits: traits), dropped: &dropped)
    }

    func encodeChat(
        _ request: ChatRequest, model: String, form: RequestForm, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        if let nonsense = request.nonsense { throw nonsense }
        var writer = ChatRequestWriter(model: model, form: form)
        let body = writer.write(ToolNames(request, longest: longestToolName).written(request))
        if let refusal = writer.refusal { throw refusal }
        dropped += writer.dropped
        return body
    }

    package func repair(_ body: ByteBuffer, model: String, dropped: inout [String], into splices: inout Splices) {
        if isKnown { RequestRepair.repair(body, model: model, traits: traits, into: &splices) }
    }

    package func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        try ReplyReader.read(body)
    }

    package func makeStreamDecoder() -> any StreamDecoder { ChunkDecoder() }

    package func decodeError(status: Int, body: ByteBuffer) -> ProviderError {
        ProviderError(status: status, reading: body)
    }

    package var errorVocabulary: ErrorVocabulary { .openai }

    // MARK: Passing through

    package func makeStreamWatcher() -> any StreamWatcher { ChunkWatcher() }

    package func usage(inReply reply: JSONView) -> Usage? {
        reply["usage"].flatMap { try? Usage(reading: $0) }
    }
}
