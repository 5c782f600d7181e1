import Conversation
import Wire

/// The names of an answer whose API doesn't say them: an id of the provider's
/// own, if there is one, and the model that was asked for.
struct AnswerNaming {
    private let id: String
    private let model: String

    /// Nil where the answer names itself.
    /// - Parameters:
    ///   - head: The answer's head, which may hold the provider's id.
    ///   - call: Holdfast's own id of the call.
    init?(_ dialect: any ProviderProtocol, _ head: ResponseHead, call: String, model: String) {
        guard !dialect.namesItsAnswers else { return nil }
        id = head.fields["x-amzn-requestid"] ?? call
        self.model = model
    }

    func name(_ reply: inout ChatReply) {
        if reply.id.isEmpty { reply.id = id }
        if reply.model.isEmpty { reply.model = model }
    }
}

extension AnswerNaming: EventFilter {
    var looksAtCallsOnly: Bool { false }

    func pass(_ event: StreamEvent) -> StreamEvent? {
        guard case .started(let id, let model, let created) = event else { return event }
        return .started(id: id.isEmpty ? self.id : id, model: model.isEmpty ? self.model : model, created: created)
    }
}
