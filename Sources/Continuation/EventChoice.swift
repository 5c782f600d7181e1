import Conversation

extension StreamEvent {
    /// The choice that the event is part of, nil where it is of the whole.
    var choice: Int? {
        switch self {
        case .text(let choice, _), .refusal(let choice, _), .thinking(let choice, _),
            .thinkingSignature(let choice, _), .redactedThinking(let choice, _),
            .toolCallStarted(let choice, _, _, _), .toolCallArguments(let choice, _, _), .partEnded(let choice),
            .logprobs(let choice, _),
            .finished(let choice, _, _):
            choice
        case .started, .foreignPart, .usage, .continued, .ping, .failed, .ended: nil
        }
    }
}
