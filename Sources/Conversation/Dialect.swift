package import NIOCore
package import Wire

/// An API that applications and providers speak, as a pair of translations
/// to and from the shared terms. Pure: bytes in, bytes out.
///
/// A caller may speak another dialect than the provider that answers. The
/// caller's dialect decodes the request into a ``ChatRequest``, and the
/// provider's encodes it; the answer goes the other way, as a ``ChatReply`` or
/// as ``StreamEvent``s. Where both speak the same dialect, bytes are passed
/// through, and a ``StreamWatcher`` reads along.
package protocol Dialect: Sendable {
    var name: DialectName { get }
    /// The way in which its streams are divided into frames.
    var framing: Framing { get }

    // MARK: As a door: the caller speaks it

    /// - Throws: ``Problem`` of kind `invalidRequest`, naming the field.
    func decodeChat(_ document: JSONDocument) throws(Problem) -> ChatRequest
    func encodeReply(_ reply: ChatReply, to request: ChatRequest) -> ByteBuffer
    func makeStreamEncoder(for request: ChatRequest) -> any StreamEncoder
    /// The body of an error answer.
    func encodeProblem(_ problem: Problem, requestID: String) -> ByteBuffer
    /// The body of an error answer in a provider's words, where the provider
    /// speaks another dialect. Its status goes through ``status(for:)``.
    func encodeProviderError(_ error: ProviderError, requestID: String) -> ByteBuffer
    /// The status that this dialect's callers know for a provider's error.
    func status(for error: ProviderError) -> Int
    /// An error as an event inside a stream that has begun. Nothing follows
    /// it: the stream stays visibly unfinished.
    func encodeStreamProblem(_ problem: Problem, requestID: String) -> ByteBuffer

    /// The terminal event alone, for a stream that has said all but that.
    func encodeStreamEnd() -> ByteBuffer

    // MARK: As a provider: Holdfast speaks it

    /// The path of the chat endpoint below a provider's base address.
    var chatPath: String { get }
    /// Items of a query that belong to the API itself and choose nothing of an
    /// account, e.g. `beta=true`: they go along where a query may not.
    var queryItems: Set<String> { get }
    /// The path of the list of models below a provider's base address; nil
    /// where the list says nothing that isn't known.
    var modelsPath: String? { get }
    /// The longest name of a tool that it takes, in bytes.
    var longestToolName: Int { get }
    /// - Parameters:
    ///   - model: the candidate's own name of the model.
    ///   - dropped: gets the names of advisory fields that were left behind.
    /// - Throws: ``CannotCarry`` for the first field that can't be said.
    func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer
    /// A request of this dialect that is passed through, without what the
    /// provider would refuse though it is no fault of the caller's: what
    /// another model has left in its history, what another server takes.
    /// - Parameter dropped: gets the names of what was left behind.
    /// - Returns: nil where the bytes can go as they are.
    func repaired(_ body: ByteBuffer, model: String, dropped: inout [String]) -> ByteBuffer?
    /// Returns the reason why a field that the shared terms can't hold must not
    /// be sent to the provider, where there is more to say than that the field
    /// is unknown: the end of a sentence that begins with the field.
    func objection(to field: String) -> String?
    func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply
    func makeStreamDecoder() -> any StreamDecoder
    /// Never fails: what can't be read becomes an error with the status alone.
    func decodeError(status: Int, body: ByteBuffer) -> ProviderError

    // MARK: Passing through: both sides speak it

    /// Looks on while bytes pass, for what Holdfast has to know of them.
    func makeStreamWatcher() -> any StreamWatcher
    /// Returns the cost of an answer that is passed through; nil where it
    /// doesn't say.
    /// - Parameter reply: The answer, read with ``Wire/JSONLimits/answer``.
    func usage(inReply reply: JSONView) -> Usage?

    // MARK: Embeddings

    /// - Throws: ``Problem`` where the dialect has none.
    func decodeEmbeddings(_ document: JSONDocument) throws(Problem) -> EmbeddingsRequest
    func encodeEmbeddings(
        _ request: EmbeddingsRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer
    func decodeEmbeddingsReply(_ body: ByteBuffer) throws(UnreadableReply) -> EmbeddingsReply
    func encodeEmbeddingsReply(_ reply: EmbeddingsReply, to request: EmbeddingsRequest) -> ByteBuffer
}

extension Dialect {
    package var queryItems: Set<String> { [] }
    package func objection(to field: String) -> String? { nil }
    package func repaired(_ body: ByteBuffer, model: String, dropped: inout [String]) -> ByteBuffer? { nil }
}

/// Turns a provider's events into shared ones. Fed whole frames only; how
/// they were cut on the wire can't show.
package protocol StreamDecoder: Sendable {
    /// - Throws: ``UnreadableReply`` for an event that the dialect doesn't
    ///   allow.
    mutating func decode(_ frame: Frame, into events: inout [StreamEvent]) throws(UnreadableReply)
}

/// Turns shared events into a caller's bytes.
package protocol StreamEncoder: Sendable {
    /// Appends what the event becomes, which may be nothing. `failed` is not
    /// its business (``Dialect/encodeStreamProblem(_:requestID:)``).
    mutating func encode(_ event: StreamEvent, into bytes: inout ByteBuffer)
}

/// The facts that Holdfast learns of a stream that it forwards as it comes.
package struct StreamObservation: Sendable, Equatable {
    package var usage: Usage?
    /// The dialect's terminal event has passed.
    package var hasEnded = false
    /// Something that a caller would read as part of the answer has passed.
    package var hasContent = false
    /// A finish reason has come for every choice seen: at most the terminal
    /// event and the cost are missing.
    package var hasFinished = false
    /// The stream stands inside a tool call. Where a dialect doesn't say
    /// that a call is whole (OpenAI's), every call counts as open until the
    /// finish reason comes.
    package var hasOpenToolCall = false
    /// True when the finished answer is a refusal, or what a filter has left of
    /// an answer.
    package var isRefusal = false
    /// The provider sent an error instead of going on.
    package var failure: ProviderError?

    package init() {}
}

/// Reads along without changing a byte.
package protocol StreamWatcher: Sendable {
    var observation: StreamObservation { get }
    /// True when the terminal event has passed, or an error: everything after
    /// that is ignored. Read for every event, and cheaper than ``observation``.
    var isOver: Bool { get }
    mutating func observe(_ frame: Frame)
}

extension JSONLimits {
    /// For an answer that is passed through: what its top says, and in full
    /// what it cost, which all dialects call `usage`.
    package static let answer = JSONLimits.skim(indexing: "usage")
}
