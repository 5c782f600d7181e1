/// A request that is over, as the gateway or the ledger tells it: what is
/// counted of it, and where.
package struct CountedRequest: Sendable {
    package enum Outcome: String, Sendable {
        case served, refused, blocked, limited, failed, truncated
        case providerError = "provider_error"
        case callerGone = "caller_gone"
    }

    package struct Attempt: Sendable {
        /// `provider/model`.
        package var by: String
        /// Nil where no answer came.
        package var status: Int?
        /// The failure as one word; nil if the attempt succeeded.
        package var failure: String?
        /// The cause that the failure was attributed to.
        package var cause: String?

        package init(by: String, status: Int?, failure: String?, cause: String?) {
            self.by = by
            self.status = status
            self.failure = failure
            self.cause = cause
        }
    }

    /// Nil where the caller named a provider, or nothing that is known.
    package var route: String?
    package var outcome: Outcome
    /// A word for refusals and failures.
    package var reason: String?
    /// The service that answered, or at least began to.
    package var by: String?
    /// Another one than the route's first candidate began, or ended it.
    package var isByStandIn = false
    package var isStream = false
    /// The end of its answer was not sent: it could not be put on record.
    package var isWithheld = false
    /// The first piece of the answer came later than the route's objective.
    package var isLate = false
    /// A drill ran on its route: its attempts say nothing of a provider.
    package var isRehearsed = false
    /// A drill made it: no application waited for it.
    package var isOfDrill = false
    package var attempts: [Attempt] = []

    package init(route: String?, outcome: Outcome) {
        self.route = route
        self.outcome = outcome
    }

    /// Calls `count` for everything that it adds to.
    package func count(_ count: (Subject, Counter) -> Void) {
        if !isRehearsed {
            for attempt in attempts where attempt.status != nil || !Self.isLost(attempt) {
                count(.service(attempt.by), attempt.status.map { .status($0) } ?? .unanswered)
                if let cause = attempt.cause { count(.service(attempt.by), .cause(cause)) }
            }
        }
        // What Holdfast answered by itself (a count of tokens) says nothing of
        // whether answers can be had.
        if outcome == .served, attempts.isEmpty { return }
        // Whom nobody could even be asked for has no route, and no attempts.
        let isJudged = outcome == .blocked || reason == Self.unsupervised
        guard !isOfDrill, route != nil || !attempts.isEmpty || outcome == .limited || isJudged else { return }
        count(.route(route ?? ""), counter)
    }

    /// Nil for a sentence: those are as many as there are requests.
    private static func word(_ reason: String) -> String? {
        let isWord = reason.utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        return isWord && reason.utf8.count <= 32 && !reason.isEmpty ? reason : nil
    }

    /// An attempt that was slower than another beside it, and was given up by
    /// us.
    private static func isLost(_ attempt: Attempt) -> Bool {
        attempt.failure == "hedge_lost" || attempt.failure == "overtaken"
    }

    /// The reason of requests that no supervisor has judged.
    private static let unsupervised = "supervision_unavailable"
    /// The reason of requests whose key has as much before the supervisor as
    /// one key may.
    private static let overShare = "supervision_share"

    /// The counter that the request is counted under.
    package var counter: Counter {
        let by = by ?? ""
        if isWithheld {
            let cause = "ledger_unavailable"
            return isStream ? .cut(cause: cause) : .failed(cause: cause)
        }
        // Not judged, and so not answered: Holdfast's own loss, and no
        // provider's.
        if reason == Self.unsupervised, outcome == .failed || outcome == .truncated {
            return outcome == .truncated ? .cut(cause: "supervision") : .failed(cause: "supervision")
        }
        switch outcome {
        case .callerGone: return .callerGone
        case .refused: return .ownFault
        case .blocked: return .blocked
        case .limited:
            // Past the key's limits it has a route: then it was the
            // providers' limits.
            return route == nil || reason == Self.overShare ? .turnedAway : .failed(cause: "throttled")
        case .served:
            if attempts.last(where: { $0.by == by })?.cause == "refused" { return .refused(by: by) }
            if isLate { return .late(by: by) }
            return isByStandIn ? .stoodIn(by: by) : .whole(by: by)
        case .truncated:
            return .cut(cause: attempts.last { $0.cause != nil }?.cause ?? reason.flatMap(Self.word) ?? "truncated")
        case .providerError:
            switch attempts.last(where: { $0.cause != nil })?.cause {
            case "caller_fault", "too_long", "unsupported_field", "nested_reference": return .ownFault
            case "refused": return .refused(by: by)
            case let cause: return .failed(cause: cause ?? "broken")
            }
        case .failed:
            if let cause = attempts.first(where: { $0.cause != nil })?.cause { return .failed(cause: cause) }
            return .failed(cause: reason == "model_withdrawn" ? "withdrawn" : reason.flatMap(Self.word) ?? "unserved")
        }
    }
}
