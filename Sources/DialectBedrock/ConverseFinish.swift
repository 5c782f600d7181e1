import Conversation
import Wire

/// `stopReason` of a Converse answer, in the shared terms.
enum ConverseFinish {
    static func read(_ word: String) -> FinishReason {
        switch word {
        case "end_turn": .endTurn
        case "stop_sequence": .stopSequence
        case "max_tokens": .length
        case "model_context_window_exceeded": .contextFull
        case "tool_use": .toolCalls
        // A guardrail of the account's, and a filter of the host's.
        case "guardrail_intervened", "content_filtered": .contentFilter
        default: .other(word)
        }
    }

    /// The stop sequence that ended an answer, where the model says which.
    /// - Parameter root: An answer, or its `messageStop`.
    static func stopSequence(_ root: JSONView) -> String? {
        root["additionalModelResponseFields"]?["stop_sequence"]?.string
    }
}
