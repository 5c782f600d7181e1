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
    /// What stands for "not among the likeliest"; OpenAI's own value.
    package static let unlikely = -9999.0

    package static func rounded(_ logprob: Double) -> Double {
        guard logprob > unlikely else { return unlikely }
        return max(unlikely, (min(0, logprob) * 10).rounded() / 10 + 0)
    }

    /// - Parameters:
    ///   - tokens: with the five likeliest of each, as the engine was asked.
    ///   - alternatives: how many of them the caller wants; nil wants none of
    ///     it all.
    package static func told(_ tokens: [TokenLogprob], alternatives: Int?) -> [TokenLogprob]? {
        guard let alternatives else { return nil }
        return tokens.map { told($0, alternatives: alternatives) }
    }

    /// What the engine says of the token itself is not told: a caller can
    /// have any token come (by a schema, by a high temperature), and would
    /// learn them all, one after the other. Only if it is one of the five.
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
