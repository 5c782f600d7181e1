package import NIOCore
package import Wire

// What not every API has.

/// Embeddings as applications ask for them.
package protocol EmbeddingsCaller: Sendable {
    var embeddingsAddresses: [CallerAddress] { get }
    /// - Throws: ``APIProblem`` of kind `invalidRequest`, naming the field.
    func decodeEmbeddings(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> EmbeddingsRequest
    func encodeEmbeddingsReply(_ reply: EmbeddingsReply, to request: EmbeddingsRequest) -> ByteBuffer
}

/// Embeddings as Holdfast asks a provider for them.
package protocol EmbeddingsProvider: Sendable {
    /// The path of the endpoint below a provider's base address.
    /// - Parameter model: The candidate's own name of the model.
    func embeddingsEndpoint(model: String) -> String
    /// - Parameters:
    ///   - model: the candidate's own name of the model.
    ///   - dropped: gets the names of advisory fields that were left behind.
    /// - Throws: ``CannotCarry`` for the first field that can't be said.
    func encodeEmbeddings(
        _ request: EmbeddingsRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer
    func decodeEmbeddingsReply(_ body: ByteBuffer) throws(UnreadableReply) -> EmbeddingsReply
}

/// The size of a prompt in tokens, as applications ask for it.
package protocol TokenCountCaller: Sendable {
    var tokenCountAddresses: [CallerAddress] { get }
    /// - Throws: ``APIProblem`` of kind `invalidRequest`, naming the field.
    func decodeCountTokens(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest
    /// Returns roughly the tokens of a prompt, for providers that can't count;
    /// the answer is marked as an estimate.
    func estimateTokens(_ request: ChatRequest) -> Int
    func encodeTokenCount(_ tokens: Int) -> ByteBuffer
}

/// The size of a prompt as a provider counts it, for callers of its own
/// dialect: their bytes and its answer are passed through.
package protocol TokenCountProvider: Sendable {
    /// The path of the endpoint below a provider's base address.
    /// - Parameter model: The candidate's own name of the model.
    func tokenCountEndpoint(model: String) -> String
}

/// The answers to a caller that asks which models there are.
package protocol ModelListWriter: Sendable {
    func encodeModels(_ models: [ListedModel]) -> ByteBuffer
    func encodeModel(_ model: ListedModel) -> ByteBuffer
}

/// One entry of the list of models.
package struct ListedModel: Sendable, Hashable {
    /// The text that a request gives as its `model`.
    package var id: String
    /// The provider of a `provider/model`; nil for a route.
    package var provider: String?
    /// The most tokens that one request may use: for a route the least of
    /// its candidates', nil where one of them doesn't say.
    package var context: Int?

    /// An entry; without a provider it is a route's.
    package init(id: String, provider: String? = nil, context: Int? = nil) {
        self.id = id
        self.provider = provider
        self.context = context
    }
}
