import Conversation

/// `stop_reason` and what it is in the shared terms.
///
/// https://docs.anthropic.com/en/api/handling-stop-reasons
enum StopReason {
    static func decode(_ word: String) -> FinishReason {
        switch word {
        case "end_turn": .endTurn
        case "stop_sequence": .stopSequence
        case "max_tokens": .length
        case "model_context_window_exceeded": .contextFull
        case "tool_use": .toolCalls
        case "refusal": .refusal
        case "pause_turn": .pause
        default: .other(word)
        }
    }

    /// - Parameters:
    ///   - refused: the model's words were a refusal.
    ///   - called: a tool was called. OpenAI says `stop` where the caller
    ///     had named the tool; Anthropic's callers run tools on `tool_use`.
    static func encode(_ reason: FinishReason, refused: Bool, called: Bool) -> String {
        switch reason {
        case .endTurn: refused ? "refusal" : called ? "tool_use" : "end_turn"
        case .stopSequence: "stop_sequence"
        case .length: "max_tokens"
        case .contextFull: "model_context_window_exceeded"
        case .toolCalls: "tool_use"
        case .contentFilter, .refusal: "refusal"
        case .pause: "pause_turn"
        case .other(let word): word
        }
    }
}
