package import Conversation

/// Log-probabilities of a hosted model, as they are told.
///
/// Rounded to a tenth. Measured on SmolLM2-135M (728 answers, 800 tokens, the
/// singular value after the 576th against it): unrounded the gap is 1,630,
/// with three decimals 15, with two still 1.6, and 576 can be read off; with
/// one decimal it is 1.002, and the largest gap is elsewhere. A tenth is a
/// tenth of a token's probability: enough to tell sure from unsure. Rounded
/// and not blurred by chance: chance is averaged away by asking again.
package enum LogprobTelling {
    /// The value that means "not among the likeliest"; OpenAI's own.
    package static let unlikely = -9999.0

    package static func rounded(_ logprob: Double) -> Double {
        guard logprob > unlikely else { return unlikely }
        return max(unlikely, (min(0, logprob) * 10).rounded() / 10 + 0)
    }

    /// - Parameters:
    ///   - tokens: The tokens with the five likeliest alternatives of each, as
    ///     the engine was asked.
    ///   - alternatives: The number of alternatives that the caller wants; nil
    ///     means that it wants no log-probabilities at all.
    package static func told(_ tokens: [TokenLogprob], alternatives: Int?) -> [TokenLogprob]? {
        guard let alternatives else { return nil }
        return tokens.map { told($0, alternatives: alternatives) }
    }

    /// Limits the log-probabilities of one token. The token's own is given only
    /// if it is one of the five likeliest: a caller can make any token appear
    /// (by a schema, by a high temperature), and would otherwise learn the
    /// values of all tokens, one after the other.
    private static func told(_ token: TokenLogprob, alternatives: Int) -> TokenLogprob {
        let likeliest = token.top.prefix(QueryRules.mostAlternatives)
        let own = likeliest.first { $0.token == token.token && $0.bytes == token.bytes }
        return TokenLogprob(
            token: token.token, logprob: own.map { rounded($0.logprob) } ?? unlikely, bytes: token.bytes,
            top: likeliest.prefix(alternatives).map {
                TokenLogprob(token: $0.token, logprob: rounded($0.logprob), bytes: $0.bytes)
            })
    }
}
