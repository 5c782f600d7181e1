/// What a request learns of a model's logits beside the words of the answer.
package enum Measurement: Sendable, Hashable {
    /// Log-probabilities, with that many alternatives of each token.
    case logprobs(alternatives: Int)
    /// Which token wins once some are lifted or pushed down.
    case bias

    /// How many values so many answered tokens are worth.
    ///
    /// A token's own log-probability and those of K alternatives are K + 1
    /// values, one of which only says what the others are measured against.
    /// Without log-probabilities a token says which of the vocabulary won:
    /// at most log2 of its size in bits, about as many as a value of any use
    /// has. The searches that are known take several tokens for a value
    /// (Carlini et al. 2024, on attacks without logprobs); one is counted,
    /// which a better search can't beat by much.
    package func values(tokens: Int) -> Int {
        let tokens = max(0, min(tokens, 1 << 40))
        switch self {
        case .logprobs(let alternatives): return tokens * max(1, alternatives)
        case .bias: return tokens
        }
    }

    /// How many tokens so many values pay for.
    package func tokens(values: Int) -> Int {
        switch self {
        case .logprobs(let alternatives): values / max(1, alternatives)
        case .bias: values
        }
    }

    /// The field that asks for it.
    package var field: String {
        switch self {
        case .logprobs: "logprobs"
        case .bias: "logit_bias"
        }
    }
}
