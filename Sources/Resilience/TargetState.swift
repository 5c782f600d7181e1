package import Failures

/// The present state of a place: free to receive requests, or not, and until
/// when.
package enum TargetState: Sendable, Hashable {
    case free
    /// Throttled.
    case waiting(until: Duration, Cause)
    /// A provisional hold: asked when nobody else is free.
    case suspected(Cause, hold: String)
    /// Not before a person or a probe lifts that hold.
    case held(HoldGround, hold: String)
    /// A breaker is open, or its one trial is under way: until then at the
    /// latest.
    case open(until: Duration, Cause)
}

/// Leave to send one request; its outcome is reported with it, once.
package struct AttemptToken: Sendable {
    package var place: Target
    /// True when this token is for the one request that a half-open breaker
    /// lets through.
    package var isTrial: Bool { lease != 0 }
    /// When it was given: what it finds out is about the time since.
    let entered: Duration
    /// The trial's number; 0 for none.
    let lease: UInt64
}

/// A change that somebody may have to be told of or to store.
package enum HealthChange: Sendable, Hashable {
    case placed(Hold)
    /// A hold has become another: as a rule it lasts from now on.
    case changed(Hold)
    /// An administrator has seen it, as ``Hold/acknowledgedBy`` says.
    case acknowledged(Hold)
    /// The model of a lasting hold has answered the daily look; it is for a
    /// person to lift the hold.
    case answersAgain(Hold)
    case lifted(Hold, by: String)
    /// A verdict that traffic gave rise to was not confirmed; any hold on it
    /// has been lifted before.
    case contradicted(Contradiction)
    /// Verdicts of so many keys' requests were not confirmed there, one after
    /// the other: a model that is pulled region by region is there for some.
    case flapping(Hold, keys: Int)
    /// A hold was lifted that some routes don't forget at once, or a drill
    /// has passed since.
    case returned(ReturnedHold)
    /// An administrator lets it serve everywhere.
    case released(ReturnedHold, by: String)
    case opened(key: String, Cause)
    case closed(key: String)
}

/// A verdict that was not confirmed.
package struct Contradiction: Sendable, Hashable {
    package var hold: Hold
    /// `probe` or `traffic`.
    package var by: String
    /// The cause that remains: the verdict's own, unconfirmed, or the caller's
    /// fault where the words stood in its request.
    package var cause: Cause
}

/// A breaker, for people and meters.
package struct BreakerReport: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable { case model, host, credential }

    package enum State: String, Sendable, Hashable {
        case closed
        case open
        case halfOpen = "half-open"
    }

    /// `model:<provider>/<model>`, `host:<authority>` or
    /// `credential:<fingerprint>@<authority>`.
    package var key: String
    package var kind: Kind
    package var state: State
    /// Of the last failure.
    package var cause: Cause
    /// In a row.
    package var failures: Int
    /// When the next trial is due, or the present one lapses; nil when
    /// closed.
    package var until: Duration?
}
