import Conversation
import NIOCore
import Wire

/// The members that whole answers and streams share.
enum ConverseAnswerShape {
    /// - Parameters:
    ///   - refused: True where the model's words were a refusal.
    ///   - called: True where a tool was called: clients run tools on `tool_use`.
    static func stopReason(_ reason: FinishReason?, refused: Bool, called: Bool) -> String {
        switch reason {
        case .endTurn, .pause, nil: refused ? "content_filtered" : called ? "tool_use" : "end_turn"
        case .stopSequence: "stop_sequence"
        case .length: "max_tokens"
        case .contextFull: "model_context_window_exceeded"
        case .toolCalls: "tool_use"
        case .contentFilter, .refusal: "content_filtered"
        // Clients know these and no others.
        case .other(let word): known.contains(word) ? word : stopReason(nil, refused: refused, called: called)
        }
    }

    private static let known: Set<String> = ["guardrail_intervened", "malformed_model_output", "malformed_tool_use"]

    /// Writes the members `usage` and `metrics`: the time from the arrival of
    /// the request until now, in milliseconds; 0 where nobody knows when it came.
    ///
    /// Bedrock counts tokens that were read from a cache, and tokens that were
    /// written into one, apart from the input.
    static func writeCost(_ usage: Usage?, since arrived: NIODeadline?, to json: inout JSONWriter) {
        let usage = usage ?? Usage(input: 0, output: 0)
        json.object("usage") { json in
            json.member("inputTokens", uncached(usage))
            json.member("outputTokens", max(0, usage.output))
            json.member("totalTokens", max(0, usage.total))
            json.member("cacheReadInputTokens", ifPresent: usage.cacheRead)
            json.member("cacheWriteInputTokens", ifPresent: usage.cacheWrite)
        }
        let latency = arrived.map { Int(max(0, (NIODeadline.now() - $0).nanoseconds) / 1_000_000) } ?? 0
        json.object("metrics") { $0.member("latencyMs", latency) }
    }

    private static func uncached(_ usage: Usage) -> Int {
        let cached = (usage.cacheRead ?? 0).addingReportingOverflow(usage.cacheWrite ?? 0)
        guard !cached.overflow else { return 0 }
        return max(0, usage.input.subtractingReportingOverflow(cached.partialValue).partialValue)
    }

    /// Writes a member that tells who went on with an answer: in a place that
    /// the API leaves to models.
    static func write(_ handOvers: [HandOver], to json: inout JSONWriter) {
        guard !handOvers.isEmpty else { return }
        json.object("additionalModelResponseFields") { HandOver.write(handOvers, to: &$0) }
    }
}
