/// The meaning of a failure.
package struct Verdict: Sendable, Hashable {
    /// The part of a failure that a verdict rests on.
    package enum Basis: String, Sendable, Hashable {
        /// The connection, or the shape of what came.
        case transport
        case status
        /// The provider's words for programs: `code`, `type`.
        case code
        /// The provider's words for people.
        case words
    }

    package var cause: Cause
    package var scope: Scope
    /// Of a withdrawal, and of an end of stream that may be one; nil
    /// otherwise.
    package var evidence: Evidence?
    /// When the provider says to come again.
    package var retryAfter: Duration?
    /// The rule that decided.
    package var rule: String
    /// The provider's own words: one line, at most 300 characters, secrets
    /// and long quotations taken out. Empty where it said nothing.
    package var words: String
    /// The field of the request that the words name, where they do.
    package var field: String?
    package var basis: Basis
    /// The status that the provider gave to the request itself; 0 for none.
    package var status: Int
    /// The status, or the code in its place, calls the request wrong: a
    /// caller can bring it about at will.
    package var blamesRequest: Bool

    package init(
        _ cause: Cause, _ scope: Scope, evidence: Evidence? = nil, retryAfter: Duration? = nil, rule: String,
        words: String = "", field: String? = nil, basis: Basis = .code, status: Int = 0, blamesRequest: Bool = false
    ) {
        self.cause = cause
        self.scope = scope
        self.evidence = evidence
        self.retryAfter = retryAfter
        self.rule = rule
        self.words = words
        self.field = field
        self.basis = basis
        self.status = status
        self.blamesRequest = blamesRequest
    }

    /// Tells whether it says that a model, a key or an account can't serve: something
    /// that could hold traffic back.
    package var isOfService: Bool {
        switch cause {
        case .withdrawn, .denied, .exhausted, .credential: true
        case .truncated: evidence == .ambiguous
        default: false
        }
    }
}

/// A failure, judged beside the request that met it.
package struct Judgement: Sendable, Hashable {
    /// The answer to what becomes of this request.
    package var verdict: Verdict
    /// The part of it that may be remembered, which rests on nothing that the
    /// caller wrote; nil where that is nothing.
    package var memory: Verdict?
    /// Tells whether the failure may be the service's all the same, though all that
    /// says so stands in the request: a question for a request of Holdfast's
    /// own, and nothing more.
    package var isQuestion: Bool
    /// Tells whether the words that decided stand in the request, too short to be
    /// told apart.
    package var quotesRequest: Bool

    package init(_ verdict: Verdict, memory: Verdict?, isQuestion: Bool = false, quotesRequest: Bool = false) {
        self.verdict = verdict
        self.memory = memory
        self.isQuestion = isQuestion
        self.quotesRequest = quotesRequest
    }
}
