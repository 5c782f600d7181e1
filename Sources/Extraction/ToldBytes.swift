package import Conversation

/// The number of bytes, among those that an engine chooses, which a piece of an
/// answer brings to a caller.
///
/// Ids, names of models and times of an answer are made by Holdfast, so they
/// count nothing. The point at which a piece of a stream ends, and the choice
/// that it belongs to, can carry information, too: one byte is counted for each
/// piece.
package enum ToldBytes {
    /// Token counts and what stands for the end, which every answer has.
    package static let ofEveryAnswer = 24

    package static func of(_ event: StreamEvent) -> Int {
        switch event {
        case .text(_, let text), .refusal(_, let text), .thinking(_, let text), .thinkingSignature(_, let text),
            .redactedThinking(_, let text), .toolCallArguments(_, _, let text):
            1 + text.utf8.count
        case .toolCallStarted(_, _, let id, let name): 1 + id.utf8.count + name.utf8.count
        case .logprobs(_, let tokens): 1 + of(tokens)
        case .finished(_, let reason, let stopSequence): 1 + of(reason) + (stopSequence?.utf8.count ?? 0)
        case .failed(let error): of(error)
        case .started: ofEveryAnswer
        case .partEnded, .foreignPart, .usage, .continued, .ping, .ended: 0
        }
    }

    package static func of(_ reply: ChatReply) -> Int {
        reply.choices.reduce(ofEveryAnswer) { sum, choice in
            sum + choice.content.reduce(0) { $0 + of($1) } + (choice.logprobs.map(of) ?? 0)
                + (choice.finish.map(of) ?? 0) + (choice.stopSequence?.utf8.count ?? 0)
        }
    }

    package static func of(_ reply: EmbeddingsReply) -> Int {
        reply.vectors.reduce(ofEveryAnswer) { sum, vector in
            switch vector {
            case .floats(let floats): sum + 4 * floats.count
            case .base64(let text): sum + text.utf8.count
            }
        }
    }

    package static func of(_ error: ProviderError) -> Int {
        error.message.utf8.count + (error.type?.utf8.count ?? 0) + (error.code?.utf8.count ?? 0)
            + (error.field?.utf8.count ?? 0)
    }

    private static func of(_ tokens: [TokenLogprob]) -> Int {
        tokens.reduce(0) { $0 + 4 + $1.token.utf8.count + ($1.bytes?.count ?? 0) + of($1.top) }
    }

    private static func of(_ part: Part) -> Int {
        switch part {
        case .text(let text), .refusal(let text), .redactedThinking(let text): text.utf8.count
        case .thinking(let text, let signature): text.utf8.count + (signature?.utf8.count ?? 0)
        case .toolCall(let call): call.id.utf8.count + call.name.utf8.count + call.arguments.utf8.count
        case .image, .toolResult: 0
        }
    }

    private static func of(_ reason: FinishReason) -> Int {
        if case .other(let word) = reason { word.utf8.count } else { 0 }
    }
}
