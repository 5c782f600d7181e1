package import Conversation
package import Routing
package import Supervision

/// The supervisor's part in one exchange, for the record.
package struct SupervisionRecord: Sendable, Equatable {
    /// One verdict, and the time that it took.
    package struct Judgement: Sendable, Equatable {
        package var verdict: Verdict
        package var duration: Duration

        package init(_ verdict: Verdict, took duration: Duration = .zero) {
            self.verdict = verdict
            self.duration = duration
        }
    }

    /// The part of an exchange that was supervised, in one word: for callers,
    /// in `x-holdfast-supervision`, and for the ledger.
    package enum Extent: String, Sendable, Hashable, CaseIterable {
        /// Everything of it was judged, as far as it has come.
        case ran
        /// Parts of it can't be read, and passed unjudged.
        case partial
        /// Verdicts were only recorded. Never called supervised.
        case shadow
        /// Nothing of it was judged: embeddings, a count of tokens, a request
        /// that was refused before, a supervisor that failed.
        case none
    }

    /// The strictest setting that covers the route and its candidates.
    package var level: SupervisionPolicy.Level
    /// The verdict on the request; nil where there was none.
    package var request: Judgement?
    /// The last verdict on the answer; nil where there was none.
    package var answer: Judgement?
    /// The provider's own refusal, in its word for the reason.
    package var providerRefusal: String?

    package init(_ level: SupervisionPolicy.Level) { self.level = level }

    /// The policy by which was judged last.
    package var policy: PolicyDigest? { answer?.verdict.policy ?? request?.verdict.policy }

    /// The parts that nobody could read.
    package var unseen: Set<UnseenPart> {
        (request?.verdict.coverage.unseen ?? []).union(answer?.verdict.coverage.unseen ?? [])
    }

    package var extent: Extent {
        if level == .shadow { return .shadow }
        guard level == .required, let request, request.verdict.ruling != .error, answer?.verdict.ruling != .error
        else { return .none }
        return unseen.isEmpty ? .ran : .partial
    }
}
