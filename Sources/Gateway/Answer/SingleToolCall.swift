import Conversation

/// Holds a provider to `parallel_tool_calls: false`: hosted engines are told
/// and still make several calls at times. The first one is the answer.
struct SingleToolCall {
    private let applies: Bool

    init(_ request: ChatRequest) {
        applies = request.parallelToolCalls == false
    }

    /// Returns whether an event of a stream is part of the answer.
    func admits(_ event: StreamEvent) -> Bool {
        guard applies else { return true }
        return switch event {
        case .toolCallStarted(_, let call, _, _), .toolCallArguments(_, let call, _): call == 0
        default: true
        }
    }

    /// Removes all tool calls but the first.
    /// - Returns: True when something was removed.
    func cut(_ reply: inout ChatReply) -> Bool {
        guard applies else { return false }
        var hasCut = false
        for index in reply.choices.indices {
            var calls = 0
            reply.choices[index].content.removeAll { part in
                guard case .toolCall = part else { return false }
                calls += 1
                hasCut = hasCut || calls > 1
                return calls > 1
            }
        }
        return hasCut
    }
}
