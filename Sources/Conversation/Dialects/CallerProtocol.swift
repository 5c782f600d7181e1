package import NIOCore
package import Wire

/// A dialect as applications speak it: a door of Holdfast's.
///
/// Reads what a call says, and writes the answers to it. An API may name the
/// model, and whether it wants a stream, in the body or in the path: see
/// ``CallerAddress`` and ``readHead(_:at:)``. Every door can be supervised
/// (``SupervisedCaller``), so that none leads past the supervisor.
package protocol CallerProtocol: CallerErrors, SupervisedCaller {
    /// The addresses at which a model is asked for an answer.
    var chatAddresses: [CallerAddress] { get }
    /// Returns the answer to a request for something that the API has and
    /// Holdfast doesn't; nil for all other paths.
    /// - Parameter path: As it came, without its query.
    func absence(at path: Substring) -> APIProblem?
    /// Header fields, in lower case, without which the answer would not be the
    /// one that was asked for: a provider that doesn't get them can't answer.
    var bindingFields: Set<String> { get }
    /// A header field that this API's clients send and no others, in lower
    /// case; nil where there is none. Requests to addresses that several APIs
    /// have, and to none, are answered in the dialect of the field.
    var markerField: String? { get }

    // MARK: The request

    /// Reads the part of a call that every operation needs.
    /// - Parameters:
    ///   - body: The body's top object; skimmed will do (``JSONLimits/skim``).
    ///   - path: The part that the path says.
    /// - Throws: ``APIProblem`` of kind `invalidRequest`, naming the field.
    func readHead(_ body: JSONView, at path: CalledPath) throws(APIProblem) -> RequestHead
    /// - Throws: ``APIProblem`` of kind `invalidRequest`, naming the field.
    func decodeChat(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest
    /// Returns the most tokens that the caller wants of an answer, of all
    /// choices together; nil where it doesn't say.
    /// - Parameter body: As in ``readHead(_:at:)``.
    func mostTokens(_ body: JSONView) -> Int?
    /// Returns whether the request continues a conversation that a provider
    /// keeps, and holds only what is new in it.
    /// - Parameter body: As in ``readHead(_:at:)``.
    func continuesThread(_ body: JSONView) -> Bool
    /// Returns the word by which the caller says that requests belong together,
    /// so that a provider's cache serves them; nil where it says none.
    /// - Parameter body: As in ``readHead(_:at:)``.
    func cacheKey(_ body: JSONView) -> JSONView?
    /// Returns whether the answer to a chat can be expressed in the shared
    /// terms: one choice, of text and tool calls.
    /// - Parameter body: As in ``readHead(_:at:)``.
    func expectsSharedTerms(_ body: JSONView) -> Bool

    // MARK: The answer

    /// Appends the header fields that this API's clients look for in every
    /// answer, beside those that all doors give.
    func addAnswerFields(requestID: String, to fields: inout HTTPFieldList)
    /// The header field in which this API says which model has answered, in
    /// lower case; nil where there is none.
    var modelField: String? { get }
    /// The items of its answers, where callers send them back; nil for an API
    /// without such.
    var items: (any AnswerItems)? { get }
    func encodeReply(_ reply: ChatReply, to request: ChatRequest) -> ByteBuffer
    func makeStreamEncoder(for request: ChatRequest) -> any StreamEncoder
    /// The terminal event alone, for a stream that has said all but that.
    func encodeStreamEnd() -> ByteBuffer
}

/// The words in which a dialect's callers are told of errors.
package protocol CallerErrors: Dialect {
    /// The body of an error answer.
    func encodeProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer
    /// The body of an error answer in a provider's words, where the provider
    /// speaks another dialect. Its status goes through ``status(for:)``.
    func encodeProviderError(_ error: ProviderError, requestID: String) -> ByteBuffer
    /// The status that this dialect's callers know for a problem; that of its
    /// kind in most.
    func status(of problem: APIProblem) -> Int
    /// The status that this dialect's callers know for a provider's error.
    func status(for error: ProviderError) -> Int
    /// An error as an event inside a stream that has begun. Nothing follows
    /// it: the stream stays visibly unfinished.
    func encodeStreamProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer
    /// Appends the header fields in which this API's clients look for an
    /// error's kind.
    func addErrorFields(of problem: APIProblem, to fields: inout HTTPFieldList)
    /// The same for an error that ``encodeProviderError(_:requestID:)`` writes.
    func addErrorFields(of error: ProviderError, to fields: inout HTTPFieldList)
}

extension CallerErrors {
    package func status(of problem: APIProblem) -> Int { problem.kind.status }
    package func addErrorFields(of problem: APIProblem, to fields: inout HTTPFieldList) {}
    package func addErrorFields(of error: ProviderError, to fields: inout HTTPFieldList) {}
}

extension CallerProtocol {
    package var bindingFields: Set<String> { [] }
    package var markerField: String? { nil }
    package func absence(at path: Substring) -> APIProblem? { nil }
    package func addAnswerFields(requestID: String, to fields: inout HTTPFieldList) {}
    package var modelField: String? { nil }
    package var items: (any AnswerItems)? { nil }

    /// Decodes a request of an API that says everything in the body.
    package func decodeChat(_ document: JSONDocument) throws(APIProblem) -> ChatRequest {
        try decodeChat(document, at: CalledPath())
    }
}

/// Turns shared events into a caller's bytes.
package protocol StreamEncoder: Sendable {
    /// Appends what the event becomes, which may be nothing. `failed` is not
    /// its business (``CallerErrors/encodeStreamProblem(_:requestID:)``).
    mutating func encode(_ event: StreamEvent, into bytes: inout ByteBuffer)
    /// Takes over from a stream that passed as it came: what has been encoded so
    /// far tells the same as the caller has, but for its numbers and ids.
    mutating func goOn(from place: StreamPlace)
}

extension StreamEncoder {
    package mutating func goOn(from place: StreamPlace) {}
}
