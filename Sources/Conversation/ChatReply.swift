/// A whole answer.
package struct ChatReply: Sendable, Equatable {
    /// The serving provider's own id.
    package var id: String
    /// The serving provider's own name of the model.
    package var model: String
    /// Seconds since 1970, where the provider says it.
    package var created: Int?
    package var choices: [Choice]
    package var usage: Usage?
    package var systemFingerprint: String?
    package var serviceTier: String?

    package init(id: String, model: String, created: Int? = nil, choices: [Choice], usage: Usage? = nil) {
        self.id = id
        self.model = model
        self.created = created
        self.choices = choices
        self.usage = usage
    }

    package struct Choice: Sendable, Equatable {
        package var index: Int
        /// Text, refusal, thinking and tool calls, in their order.
        package var content: [Part]
        package var finish: FinishReason?
        /// The stop sequence that ended it, where the provider says which.
        package var stopSequence: String?
        package var logprobs: [TokenLogprob]?

        package init(
            index: Int = 0, content: [Part], finish: FinishReason?, stopSequence: String? = nil,
            logprobs: [TokenLogprob]? = nil
        ) {
            self.index = index
            self.content = content
            self.finish = finish
            self.stopSequence = stopSequence
            self.logprobs = logprobs
        }
    }
}

/// The reason why a model stopped.
package enum FinishReason: Sendable, Hashable {
    /// The model had finished its answer.
    case endTurn
    /// The model came to one of the caller's stop sequences.
    case stopSequence
    /// The model came to the most tokens that it was allowed.
    case length
    /// The model's context is full (Anthropic's
    /// `model_context_window_exceeded`).
    case contextFull
    /// The model wants tools called.
    case toolCalls
    /// The provider's filter cut the answer.
    case contentFilter
    /// The model refused for safety (Anthropic's `refusal`).
    case refusal
    /// A long turn was paused and can be continued (Anthropic's
    /// `pause_turn`).
    case pause
    /// A word that Holdfast doesn't know, as it came.
    case other(String)

    /// True where the word says that the answer failed. No API has it among its
    /// own; servers that imitate one write it into an answer of status 200.
    package var saysError: Bool { self == .other("error") }
}

/// The cost of an answer, in tokens.
package struct Usage: Sendable, Hashable {
    /// All of the prompt, what came from a cache and what went into one
    /// included.
    package var input: Int
    package var output: Int
    /// Of the input, what was read from a cache.
    package var cacheRead: Int?
    /// Of the input, what was written into a cache.
    package var cacheWrite: Int?
    /// Of the output, what was reasoning.
    package var reasoning: Int?

    package init(input: Int, output: Int, cacheRead: Int? = nil, cacheWrite: Int? = nil, reasoning: Int? = nil) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.reasoning = reasoning
    }

    package var total: Int { input &+ output }
}

package struct TokenLogprob: Sendable, Hashable {
    package var token: String
    package var logprob: Double
    package var bytes: [UInt8]?
    package var top: [TokenLogprob]

    package init(token: String, logprob: Double, bytes: [UInt8]? = nil, top: [TokenLogprob] = []) {
        self.token = token
        self.logprob = logprob
        self.bytes = bytes
        self.top = top
    }
}
