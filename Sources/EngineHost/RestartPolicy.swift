/// The policy that decides the delay before an engine that ended is started again.
///
/// Pure: the caller reports each event with its time, and gets back a delay. The delay doubles from `first` to
/// `ceiling` with every failure in a row; an engine that stayed healthy for `forgiveAfter` starts a new row.
package struct RestartPolicy: Sendable, Equatable {
    package typealias Instant = ContinuousClock.Instant

    /// The delay after the first death of a row.
    package var first: Duration
    /// No delay is longer.
    package var ceiling: Duration
    /// The time that an engine has to be healthy before its earlier failures no longer count.
    package var forgiveAfter: Duration
    /// The share of a delay that chance may take off, so that engines that
    /// died together do not all start together.
    package var jitter: Double

    /// Deaths in a row so far.
    package private(set) var failures = 0

    package init(
        first: Duration = .seconds(1), ceiling: Duration = .seconds(30),
        forgiveAfter: Duration = .seconds(60), jitter: Double = 0.2
    ) {
        self.first = first
        self.ceiling = ceiling
        self.forgiveAfter = forgiveAfter
        self.jitter = jitter
    }

    /// Takes note of a death and returns the delay before the next start.
    ///
    /// - Parameters:
    ///   - now: when it died.
    ///   - healthySince: since when it had been healthy; nil if it never was.
    ///   - chance: a number from 0 up to 1, drawn by the caller.
    package mutating func delay(
        diedAt now: Instant, healthySince: Instant?, chance: Double
    ) -> Duration {
        if let healthySince, healthySince.duration(to: now) >= forgiveAfter {
            failures = 0
        }
        failures += 1
        var delay = first
        // Doubling step by step cannot overflow: it ends at the ceiling.
        for _ in 1..<failures where delay < ceiling {
            delay *= 2
        }
        return min(delay, ceiling) * (1 - jitter * chance)
    }
}
