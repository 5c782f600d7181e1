/// The rules of a route: the order of its candidates, its time limits, and the
/// ways in which others may substitute for them.
package struct RoutePolicy: Sendable, Hashable {
    /// Which candidate is asked first while all are well.
    package enum Order: String, Sendable, Hashable, CaseIterable {
        /// The first in the list.
        case ordered
        /// By chance, by their weights.
        case weighted
    }

    package var order = Order.ordered
    /// For all attempts of a request together; a request that waits, moves
    /// and continues is still one request.
    package var deadline = Duration.seconds(1800)
    /// The longest wait for a candidate that is throttled, where nobody else
    /// can serve.
    package var patience = Duration.seconds(30)
    /// The longest `Retry-After` of the first candidate that is waited for
    /// though others are free; none unless the route wants it.
    package var stay = Duration.zero
    /// Limits of an attempt that go before the provider's own; nil keeps
    /// those.
    package var firstByte: Duration?
    /// From the request's last byte to the first piece of the answer that a
    /// caller would read.
    package var firstToken: Duration?
    /// Between two pieces of an answer.
    package var stall: Duration?
    /// A safety refusal is passed on as it is, unless the route wants the
    /// next candidate asked.
    package var movesOnRefusal = false
    /// True when a stream that breaks off is continued by the next candidate.
    package var continues = true
    package var substitution = Substitution()
    package var hedge: Hedge?
    package var silence = SilenceLimit.learnt
    /// A candidate that has answered nothing for so long is asked for a
    /// token, so that a dead standby is known before it is needed; nil is
    /// never.
    package var keepWarm: Duration? = .seconds(12 * 3600)
    package var objectives = Objectives()
    /// True when the answer waits for the record: its first byte until the
    /// record says durably which candidate received the request, and its end
    /// until the record says durably what the outcome was.
    package var recordsBeforeAnswer = false
    /// Models named inside a request (a tool's, a sub-agent's), and whom to
    /// name instead where a provider says that they are gone.
    package var nested: [String: String] = [:]
    /// Top-level members that no request on the route may have.
    package var forbidden: [String] = []
    /// The webhooks that are told of what happens to the route's models, by
    /// name.
    package var notify: [String] = []
    /// The rules about the supervisor that stands over the route.
    package var supervision = SupervisionPolicy()

    package init() {}
}

/// The rules about substitutes for a route's first candidate: which ones are
/// allowed, and whether callers are told.
package struct Substitution: Sendable, Hashable {
    /// The moment at which the first candidate serves again after an outage.
    package enum Return: String, Sendable, Hashable, CaseIterable {
        /// At once.
        case automatic
        /// Once a drill on the route has passed after the candidate's return.
        case afterDrill = "after-drill"
        /// When an administrator restores the candidate.
        case byHand = "by-hand"
    }

    /// `provider/model` of those who may; nil is every candidate of the
    /// route, empty is nobody.
    package var by: [String]?
    /// True when a header field tells the caller that a substitute answered,
    /// and why.
    package var isDisclosed = true
    /// Regions in which a stand-in may run; nil is any.
    package var residency: [String]?
    package var `return` = Return.automatic

    package init() {}
}

/// A second request while the first is slow; the loser is cancelled.
package struct Hedge: Sendable, Hashable {
    /// After which part of the observed times to the first byte, e.g. 0.95.
    package var quantile = 0.95
    /// The most that it may add, as a part of recent requests.
    package var share = 0.05

    package init() {}
}

/// When the next candidate is asked beside one whose stream has said nothing;
/// the first word wins.
package enum SilenceLimit: Sendable, Hashable {
    case never
    /// Later than that candidate's streams usually begin.
    case learnt
    case after(Duration)
}

/// The objectives of a route, against which a drill's result is measured.
package struct Objectives: Sendable, Hashable {
    /// Part of requests answered whole, e.g. 0.999.
    package var availability = 0.999
    /// To the first piece of an answer that a caller would read.
    package var firstToken: Duration?
    /// The most time that the change to a substitute may add to a request.
    package var switchTime: Duration = .seconds(2)

    package init() {}
}
