package import Failures

/// The description of a drill, as an administrator orders it.
///
/// A drill rehearses an outage on one route. For a limited time one of the
/// route's candidates is pulled: requests that would go to it meet a failure of
/// the chosen cause instead, while the real candidate and all other routes are
/// left alone. The drill counts how the route's requests fare before, during
/// and after that, and compares the result with the route's objectives.
package struct DrillOrder: Sendable, Hashable {
    package var id: String
    package var route: String
    /// The candidate that is pulled.
    package var provider: String
    package var model: String
    /// The cause for which the pulled candidate seems to fail.
    package var cause: Cause
    /// The faults of the route's supervisor that requests meet in turn; with
    /// any, no candidate is pulled.
    package var faults: [SupervisorFault] = []
    /// The number of pieces after which the failure comes in the middle of a
    /// stream; nil means at once, in place of an answer.
    package var atToken: Int?
    /// Streams that are under way when it is pulled are cut; with
    /// ``atToken``, streams are cut there without a word.
    package var cuts: Bool
    /// Requests a second that Holdfast makes itself; nil leaves it to live
    /// traffic.
    package var rate: Double?
    /// The time for which the candidate is pulled.
    package var duration: Duration
    /// The time for which the route is watched before, for comparison.
    package var warmUp: Duration
    /// The time for which the route is watched after.
    package var recovery: Duration
    /// The id of the admin key.
    package var by: String

    package init(
        id: String, route: String, provider: String, model: String, cause: Cause, atToken: Int? = nil,
        cuts: Bool = false, rate: Double? = nil, duration: Duration, warmUp: Duration = .seconds(5),
        recovery: Duration = .seconds(5), by: String
    ) {
        self.id = id
        self.route = route
        self.provider = provider
        self.model = model
        self.cause = cause
        self.atToken = atToken
        self.cuts = cuts
        self.rate = rate
        self.duration = duration
        self.warmUp = warmUp
        self.recovery = recovery
        self.by = by
    }

    /// `provider/model`.
    package var candidate: String { "\(provider)/\(model)" }

    /// The word for a drill of the route's supervisor.
    package static let unsupervised = "unsupervised"
    /// The part that seems to fail, as people are told it.
    package var pulled: String { faults.isEmpty ? candidate : "supervisor" }
    /// The failure in a word: the cause's, or ``unsupervised``.
    package var word: String { faults.isEmpty ? cause.rawValue : Self.unsupervised }
}

/// A fault of a supervisor, as a drill rehearses it.
package enum SupervisorFault: String, Sendable, Hashable, CaseIterable {
    /// No verdict, at once.
    case dead
    /// No verdict, ever.
    case hung
    /// A verdict when the time for it is over.
    case slow
}

/// The phase that a drill is in.
package enum DrillPhase: String, Sendable, Hashable, CaseIterable {
    /// Everything is as it was, and watched.
    case warmUp = "warm-up"
    case pulled
    /// The candidate serves again.
    case recovery
    case over
}

/// When a drill does what. Pure: ticks are passed in.
///
/// Whoever ordered it renews its lease; a lease that lapses ends it, so that
/// no drill outlives a terminal that is gone.
package struct DrillTimeline: Sendable {
    package enum End: String, Sendable, Hashable, CaseIterable {
        case done
        /// A person ended the drill.
        case stopped
        /// The drill's lease was not renewed.
        case lapsed
    }

    package static let lease = Duration.seconds(10)

    private let order: DrillOrder
    package let began: Duration
    private var leaseEnds: Duration
    /// When it was ended before its time.
    private var stopped: (at: Duration, End)?

    package init(_ order: DrillOrder, now: Duration) {
        self.order = order
        began = now
        leaseEnds = now + Self.lease
    }

    /// When the candidate is pulled.
    package var pull: Duration { began + order.warmUp }

    /// When it is given back, as far as it is known.
    package var restore: Duration { min(pull + order.duration, stopped?.at ?? .seconds(Int64.max / 4)) }

    package func phase(now: Duration) -> DrillPhase {
        if stopped != nil { return .over }
        if now < pull { return .warmUp }
        if now < restore { return .pulled }
        return now < restore + order.recovery ? .recovery : .over
    }

    /// The time until it is over, if nothing ends it before.
    package func left(now: Duration) -> Duration {
        phase(now: now) == .over ? .zero : max(.zero, restore + order.recovery - now)
    }

    package mutating func renew(now: Duration) { leaseEnds = now + Self.lease }

    package mutating func stop(now: Duration) {
        if phase(now: now) != .over { stopped = (now, .stopped) }
    }

    /// To be called often: a lease lapses with time alone.
    package mutating func tick(now: Duration) {
        if now >= leaseEnds, phase(now: now) != .over { stopped = (now, .lapsed) }
    }

    /// Nil while it runs.
    package func end(now: Duration) -> End? {
        guard phase(now: now) == .over else { return nil }
        return stopped?.1 ?? .done
    }
}
