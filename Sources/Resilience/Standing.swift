package import Failures

/// Whether a request may go somewhere, and if not, until when.
package enum Standing: Sendable, Hashable {
    case free
    /// Throttled.
    case waiting(until: Duration, Cause)
    /// Not before somebody or a probe lifts that hold.
    case held(Cause, hold: String)
    /// A breaker is open, or its one trial is under way: until then at the
    /// latest.
    case open(until: Duration, Cause)
}

/// Leave to send one request; its outcome is reported with it, once.
package struct Permit: Sendable {
    package var place: Place
    /// Whether it is the one request that a half-open breaker lets through.
    package var isTrial: Bool { lease != 0 }
    /// When it was given: what it finds out is about the time since.
    let entered: Duration
    /// The trial's number; 0 for none.
    let lease: UInt64
}

/// A change that somebody may have to be told of or to store.
package enum HealthChange: Sendable, Hashable {
    case placed(Hold)
    case changed(Hold)
    case lifted(Hold, by: String)
    /// A hold was lifted that some routes don't forget at once, or a drill
    /// has passed since.
    case returned(ReturnedHold)
    /// An administrator lets it serve everywhere.
    case released(ReturnedHold, by: String)
    case opened(key: String, Cause)
    case closed(key: String)
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
