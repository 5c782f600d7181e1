import Conversation
import Wire

/// `finish_reason`:
/// https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices
extension FinishReason {
    /// The word as a caller of this dialect knows it.
    var word: String {
        switch self {
        case .endTurn, .stopSequence: "stop"
        // A paused turn isn't whole: `length` is the only word that says so.
        case .length, .contextFull, .pause: "length"
        case .toolCalls: "tool_calls"
        case .contentFilter, .refusal: "content_filter"
        case .other(let word): word
        }
    }

    /// - Parameters:
    ///   - callsTools: the answer holds tool calls. OpenAI says `stop` then
    ///     where a named function was forced, others always; to a caller the
    ///     answer still is a wish to call. Without a call, `tool_calls` is the
    ///     end of the turn: a caller would wait for a call that never comes.
    ///   - stopSequence: the one that ended it, where the server says which.
    static func named(_ word: String, callsTools: Bool, stopSequence: String?) -> FinishReason {
        switch word {
        case "stop": callsTools ? .toolCalls : stopSequence == nil ? .endTurn : .stopSequence
        case "length": .length
        case "tool_calls", "function_call": callsTools ? .toolCalls : .endTurn
        case "content_filter": .contentFilter
        default: .other(word)
        }
    }
}
