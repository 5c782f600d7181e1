package import NIOCore
package import Wire

/// A dialect as Holdfast speaks it to providers.
package protocol ProviderProtocol: Dialect {
    // MARK: The way there

    /// The path of the endpoint that answers chats, below a provider's base
    /// address.
    /// - Parameters:
    ///   - model: The candidate's own name of the model.
    ///   - isStream: True where a stream is wanted.
    func chatEndpoint(model: String, isStream: Bool) -> String
    /// Items of a query that belong to the API itself and choose nothing of an
    /// account, e.g. `beta=true`: they go along where a query may not.
    var queryItems: Set<String> { get }
    /// The path of the list of models below a provider's base address; nil
    /// where the list says nothing that isn't known.
    var modelsPath: String? { get }
    /// The header field that carries a provider's key, where a key is all that
    /// it asks for.
    func credential(_ key: String) -> (name: String, value: String)
    /// Header fields that every request needs, unless it brings its own of that
    /// name.
    var defaultFields: [(name: String, value: String)] { get }

    /// The traits of the provider's server, for administrators; nil where the
    /// servers of the API don't differ.
    var serverTraits: ServerTraits? { get }

    // MARK: The request

    /// True where an answer says its id and its model; false where Holdfast has
    /// to name both.
    var namesItsAnswers: Bool { get }
    /// The longest name of a tool that it takes, in bytes.
    var longestToolName: Int { get }
    /// - Parameters:
    ///   - model: the candidate's own name of the model.
    ///   - dropped: gets the names of advisory fields that were left behind.
    /// - Throws: ``CannotCarry`` for the first field that can't be said.
    func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer
    /// Adds the changes to a request that is passed through without which the
    /// provider would refuse it though it is no fault of the caller's: for what
    /// another model has left in its history, for what another server takes.
    /// Most requests need none.
    /// - Parameters:
    ///   - body: As the caller sent it.
    ///   - model: The candidate's own name of the model.
    ///   - dropped: Gets the names of what was left behind.
    ///   - splices: Gets the changes, at their places in `body`. The model's
    ///     name is not for this to change.
    /// - Throws: ``CannotCarry`` where nothing would be left to ask.
    func repair(
        _ body: ByteBuffer, model: String, dropped: inout [String], into splices: inout Splices
    ) throws(CannotCarry)
    /// The same for an API whose callers send items of answers back: leaves out
    /// those that others have made and the provider can't read.
    /// - Parameters:
    ///   - body: The top object, skimmed.
    ///   - foreign: The numbers of such items, in their order.
    func repair(
        _ body: JSONView, leavingOut foreign: [Int], model: String, dropped: inout [String], into splices: inout Splices
    ) throws(CannotCarry)
    /// Returns the reason why a field that the shared terms can't hold must not
    /// be sent to the provider, where there is more to say than that the field
    /// is unknown: the end of a sentence that begins with the field.
    func objection(to field: String) -> String?

    // MARK: The answer

    func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply
    func makeStreamDecoder() -> any StreamDecoder
    /// Never fails: what can't be read becomes an error with the status alone.
    func decodeError(status: Int, body: ByteBuffer) -> ProviderError
    /// The vocabulary of its errors, for what tells one failure from another
    /// and for drills, which say what a provider would say.
    var errorVocabulary: ErrorVocabulary { get }

    // MARK: Passing through: the caller speaks it, too

    /// Looks on while bytes pass, for what Holdfast has to know of them.
    func makeStreamWatcher() -> any StreamWatcher
    /// Returns the cost of an answer that is passed through; nil where it
    /// doesn't say.
    /// - Parameter reply: The answer, read with ``Wire/JSONLimits/answer``.
    func usage(inReply reply: JSONView) -> Usage?
}

extension ProviderProtocol {
    package var queryItems: Set<String> { [] }
    package var namesItsAnswers: Bool { true }
    package var serverTraits: ServerTraits? { nil }
    package var modelsPath: String? { nil }
    package var defaultFields: [(name: String, value: String)] { [] }
    package func objection(to field: String) -> String? { nil }
    package func repair(_ body: ByteBuffer, model: String, dropped: inout [String], into splices: inout Splices) {}

    package func repair(
        _ body: JSONView, leavingOut foreign: [Int], model: String, dropped: inout [String], into splices: inout Splices
    ) throws(CannotCarry) {
        try repair(body.document.bytes, model: model, dropped: &dropped, into: &splices)
    }

    /// Leaves behind what the shared terms can't hold of a request that goes
    /// to this dialect's provider.
    /// - Returns: the advisory fields, to be disclosed.
    /// - Throws: ``CannotCarry`` for a field that the provider may not have, or
    ///   without which the answer would be another.
    package func leavingBehind(_ leftovers: [Leftover]) throws(CannotCarry) -> [String] {
        // Also of a wish: what an engine must not be sent is said with the reason.
        for leftover in leftovers {
            if let reason = objection(to: leftover.field) { throw CannotCarry(leftover.field, reason) }
        }
        if let field = leftovers.first(where: { !$0.isAdvisory })?.field {
            throw CannotCarry(field, "is not known to Holdfast's translation, and would be lost; leave it out")
        }
        return leftovers.map(\.field)
    }
}

/// Turns a provider's events into shared ones. Fed whole frames only; how
/// they were cut on the wire can't show.
package protocol StreamDecoder: Sendable {
    /// - Throws: ``UnreadableReply`` for an event that the dialect doesn't
    ///   allow.
    mutating func decode(_ frame: Frame, into events: inout [StreamEvent]) throws(UnreadableReply)
    /// The place behind the last frame, for whoever goes on where the frames
    /// themselves went to the caller; nil for an API whose events have no
    /// numbers.
    var place: StreamPlace? { get }
}

extension StreamDecoder {
    package var place: StreamPlace? { nil }
}

/// Reads along without changing a byte.
package protocol StreamWatcher: Sendable {
    var observation: StreamObservation { get }
    /// True when the terminal event has passed, or an error: everything after
    /// that is ignored. Read for every event, and cheaper than ``observation``.
    var isOver: Bool { get }
    mutating func observe(_ frame: Frame)
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
    package var failure: ProviderError? {
        get { failed?.error }
        set { failed = newValue.map(FailedStream.init) }
    }

    // Behind a reference: an observation is copied for every piece of a stream,
    // and hardly any has an error.
    private var failed: FailedStream?

    /// The error with which a stream ended.
    private final class FailedStream: Sendable, Equatable {
        let error: ProviderError

        init(_ error: ProviderError) { self.error = error }

        static func == (one: FailedStream, other: FailedStream) -> Bool { one.error == other.error }
    }

    package init() {}
}

extension JSONLimits {
    /// For an answer that is passed through: what its top says, and in full
    /// what it cost, which all dialects call `usage`.
    package static let answer = JSONLimits.skim(indexing: "usage")
}
