/// A bucket that holds a minute's worth and refills continuously.
///
/// Pure: time is passed in, and a clock that stands still or steps back
/// refills nothing. Arithmetic is exact, in units of one sixty-billionth of
/// what is counted: that is what a rate of one a minute gives in a
/// nanosecond. So no more than `perMinute + perMinute × minutes` are ever
/// given out, and `wait` is truthful to the nanosecond.
package struct TokenBucket: Sendable {
    /// Both the size of the bucket and what flows into it in a minute.
    package private(set) var perMinute: Int
    /// In units; below zero when more was spent than was there.
    private var level: Int128
    private var updated: ContinuousClock.Instant

    private static let unitsPerToken: Int128 = 60_000_000_000

    /// A full bucket. A rate below one counts as one.
    package init(perMinute: Int, now: ContinuousClock.Instant) {
        self.perMinute = max(1, perMinute)
        level = Int128(self.perMinute) * Self.unitsPerToken
        updated = now
    }

    /// Returns the time until `count` can be taken; zero if they can be taken now, and nil if they never can, because
    /// the bucket is smaller.
    package mutating func wait(for count: Int, now: ContinuousClock.Instant) -> Duration? {
        refill(now)
        guard count <= perMinute else { return nil }
        let missing = Int128(count) * Self.unitsPerToken - level
        guard missing > 0 else { return .zero }
        let rate = Int128(perMinute)
        return .nanoseconds(Int64(clamping: (missing + rate - 1) / rate))
    }

    /// Returns the time until `count` can be set aside; zero if they can be set aside now. A count that is larger than
    /// the bucket waits until the bucket is full.
    package mutating func waitToSetAside(_ count: Int, now: ContinuousClock.Instant) -> Duration {
        wait(for: min(max(0, count), perMinute), now: now) ?? .zero
    }

    /// Puts back what was taken and not needed, up to the brim.
    package mutating func giveBack(_ count: Int, now: ContinuousClock.Instant) {
        refill(now)
        let full = Int128(perMinute) * Self.unitsPerToken
        level = max(level, min(full, level + Int128(max(0, count)) * Self.unitsPerToken))
    }

    /// Takes `count` out, going into debt if that is more than there is.
    package mutating func spend(_ count: Int, now: ContinuousClock.Instant) {
        refill(now)
        level -= Int128(max(0, count)) * Self.unitsPerToken
    }

    /// Whole tokens that could be taken now; negative when in debt.
    package mutating func available(now: ContinuousClock.Instant) -> Int {
        refill(now)
        return Int(clamping: level >= 0 ? level / Self.unitsPerToken : (level + 1) / Self.unitsPerToken - 1)
    }

    /// Changes the rate; what was spent stays spent, as far as the new size
    /// goes.
    package mutating func change(perMinute: Int, now: ContinuousClock.Instant) {
        refill(now)
        let spent = Int128(self.perMinute) * Self.unitsPerToken - level
        self.perMinute = max(1, perMinute)
        level = Int128(self.perMinute) * Self.unitsPerToken - spent
    }

    private mutating func refill(_ now: ContinuousClock.Instant) {
        let elapsed = updated.duration(to: now).components
        let nanoseconds = Int128(elapsed.seconds) * 1_000_000_000 + Int128(elapsed.attoseconds / 1_000_000_000)
        guard nanoseconds > 0 else { return }
        // Not `now`: what is below a nanosecond is kept for the next time.
        updated = updated.advanced(by: .nanoseconds(Int64(clamping: nanoseconds)))
        level = min(Int128(perMinute) * Self.unitsPerToken, level + nanoseconds * Int128(perMinute))
    }
}
