/// What a failure means.
package struct Verdict: Sendable, Hashable {
    package var cause: Cause
    package var scope: Scope
    /// Of a withdrawal, and of an end of stream that may be one; nil
    /// otherwise.
    package var evidence: Evidence?
    /// When the provider says to come again.
    package var retryAfter: Duration?
    /// The rule that decided, for whoever asks why.
    package var rule: String
    /// The provider's own words: one line, at most 300 characters, secrets
    /// and long quotations taken out. Empty where it said nothing.
    package var words: String
    /// The field of the request that the words name, where they do.
    package var field: String?

    package init(
        _ cause: Cause, _ scope: Scope, evidence: Evidence? = nil, retryAfter: Duration? = nil, rule: String,
        words: String = "", field: String? = nil
    ) {
        self.cause = cause
        self.scope = scope
        self.evidence = evidence
        self.retryAfter = retryAfter
        self.rule = rule
        self.words = words
        self.field = field
    }
}
