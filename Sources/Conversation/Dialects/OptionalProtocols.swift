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

/// A conversation in fewer tokens, as applications ask for it: its answer is
/// for the provider alone that made it.
package protocol CompactionCaller: Sendable {
    var compactionAddresses: [CallerAddress] { get }
}

/// The same as Holdfast asks a provider for it, for callers of its own dialect:
/// their bytes and its answer are passed through.
package protocol CompactionProvider: Sendable {
    /// The path of the endpoint below a provider's base address.
    func compactionEndpoint(model: String) -> String
    /// The same as ``ProviderProtocol/repair(_:leavingOut:model:dropped:into:)``.
    func repairCompaction(
        _ body: JSONView, leavingOut foreign: [Int], dropped: inout [String], into splices: inout Splices
    ) throws(CannotCarry)
}

/// The answers to a caller that asks which models there are.
package protocol ModelListWriter: Sendable {
    func encodeModels(_ models: [ListedModel]) -> ByteBuffer
    func encodeModel(_ model: ListedModel) -> ByteBuffer
}

/// Lists of models of an API that has addresses of its own for them, and asks of
/// each model more than its name.
package protocol CatalogueWriter: Sendable {
    /// The addresses, which take GET.
    var catalogueAddresses: [CallerAddress] { get }
    /// - Parameter models: All that the caller may ask for.
    /// - Throws: ``APIProblem`` of kind `notFound` for a model that isn't there,
    ///   and `invalidRequest` for a query that can't be answered.
    func encodeCatalogue(_ request: CatalogueRequest, _ models: [ListedModel]) throws(APIProblem) -> ByteBuffer
}

/// A look into a list of models.
package struct CatalogueRequest: Sendable {
    /// The pattern of the address (``CallerAddress/pattern``).
    package var address: String
    /// The model that the path names; nil where it asks for all.
    package var model: String?
    /// Without its question mark.
    package var query: String
    /// In seconds since 1970.
    package var now: Int

    package init(address: String, model: String?, query: String, now: Int) {
        self.address = address
        self.model = model
        self.query = query
        self.now = now
    }
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
    /// The maker of the model that serves first; nil where nobody says. Known in
    /// catalogues only, as what follows is.
    package var lab: String?
    /// True if images may be sent.
    package var takesImages = false
    /// When the model that serves first was, or will be, deprecated, in seconds
    /// since 1970.
    package var deprecated: Int?
    /// When the model that serves first will be retired, in seconds since 1970.
    package var retires: Int?

    /// An entry; without a provider it is a route's.
    package init(id: String, provider: String? = nil, context: Int? = nil) {
        self.id = id
        self.provider = provider
        self.context = context
    }
}
