/// The values that a request learns of a model's logits, beside the words of
/// the answer.
package enum Measurement: Sendable, Hashable {
    /// Log-probabilities, with that many alternatives of each token.
    case logprobs(alternatives: Int)
    /// Which token wins once some are lifted or pushed down.
    case bias

    /// Returns the number of values that so many tokens of an answer count as.
    ///
    /// A token's own log-probability and those of K alternatives are K + 1
    /// values, one of which is only the reference for the others. Without
    /// log-probabilities, a token shows which one of the vocabulary was chosen:
    /// at most log2 of its size in bits, about as many as a useful value has.
    /// The known searches take several tokens for one value (Carlini et al.
    /// 2024, on attacks without logprobs). One token is counted as one value
    /// here, which a better search can't beat by much.
    package func values(tokens: Int) -> Int {
        let tokens = max(0, min(tokens, 1 << 40))
        switch self {
        case .logprobs(let alternatives): return tokens * max(1, alternatives)
        case .bias: return tokens
        }
    }

    /// Returns the number of tokens that so many values allow.
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
