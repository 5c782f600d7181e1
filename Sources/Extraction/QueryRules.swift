package import Conversation

/// The rules about what a key may ask of a model that is hosted here.
///
/// Two things together recover a model's last layer: many logits of one and the
/// same context, and a way to choose of which tokens. So:
///
/// - Log-probabilities are given for the five likeliest tokens only
///   (``LogprobTelling``): five values a context, where more than h are needed.
/// - Nothing that shifts logits is allowed together with them: `logit_bias`,
///   and the penalties, which shift the tokens that occur in a prompt's end.
/// - A bias measures without log-probabilities, too: a search for the bias at
///   which the answer changes gives a logit after a few answers. So a bias
///   needs a permission of its own, and is metered.
/// - A schema or a tool leaves the model two tokens to choose from, and a
///   penalty then shifts one of them: the same search. Both together count as a
///   bias.
///
/// Other thresholds that a caller could move are coarse, or are not under the
/// caller's control: see `EngineDialect` on `top_p` and `seed`.
package struct QueryRules: Sendable, Hashable {
    package static let mostAlternatives = 5

    /// Log-probabilities, on hosted models.
    package var allowsLogprobs: Bool
    /// `logit_bias` and what comes to the same, on hosted models.
    package var allowsBias: Bool

    package init(allowsLogprobs: Bool, allowsBias: Bool) {
        self.allowsLogprobs = allowsLogprobs
        self.allowsBias = allowsBias
    }

    /// - Returns: The measurement that the request makes; nil where it gets
    ///   only the words of its answer.
    /// - Throws: ``CannotCarry`` for the field that this key may not use here.
    package func measurement(of request: ChatRequest) throws(CannotCarry) -> Measurement? {
        let penalty = Self.penalty(in: request)
        if let alternatives = request.logprobs {
            guard allowsLogprobs else {
                throw CannotCarry(
                    "logprobs",
                    "is not open to this key on a model that is hosted here: leave it out, or ask for a key made with "
                        + "`holdfast keys create --logprobs`.")
            }
            guard alternatives <= Self.mostAlternatives else {
                throw CannotCarry(
                    "top_logprobs",
                    "is \(alternatives): of a model that is hosted here at most \(Self.mostAlternatives) are told.")
            }
            if let shifting = request.logitBias.isEmpty ? penalty : "logit_bias" {
                throw CannotCarry(
                    shifting,
                    "does not go together with `logprobs` on a model that is hosted here: leave one of them out.")
            }
            return .logprobs(alternatives: alternatives)
        }
        let isBiased = !request.logitBias.isEmpty
        guard isBiased || penalty != nil && request.narrowsTokens else { return nil }
        guard allowsBias else {
            let advice = "or ask for a key made with `holdfast keys create --logit-bias`."
            throw isBiased
                ? CannotCarry(
                    "logit_bias", "is not open to this key on a model that is hosted here: leave it out, \(advice)")
                : CannotCarry(
                    penalty!,
                    "does not go together with a JSON Schema or tools on a model that is hosted here: leave it out, "
                        + advice)
        }
        return .bias
    }

    private static func penalty(in request: ChatRequest) -> String? {
        if let penalty = request.presencePenalty, penalty != 0 { return "presence_penalty" }
        if let penalty = request.frequencyPenalty, penalty != 0 { return "frequency_penalty" }
        return nil
    }
}
