import Access
import Seeded
import Testing

@Suite struct TokenBucketTests {
    let start = ContinuousClock.now

    @Test func aFullBucketGivesAMinutesWorthAndThenNothing() {
        var bucket = TokenBucket(perMinute: 3, now: start)
        for _ in 0..<3 {
            #expect(bucket.wait(for: 1, now: start) == .zero)
            bucket.spend(1, now: start)
        }
        #expect(bucket.wait(for: 1, now: start) == .seconds(20))
        #expect(bucket.wait(for: 1, now: start + .seconds(19)) == .seconds(1))
        #expect(bucket.wait(for: 1, now: start + .seconds(20)) == .zero)
    }

    @Test func whatDoesNotFitNeverComes() {
        var bucket = TokenBucket(perMinute: 3, now: start)
        #expect(bucket.wait(for: 4, now: start) == nil)
    }

    @Test func aDebtIsPaidBackFirst() {
        var bucket = TokenBucket(perMinute: 60, now: start)
        bucket.spend(180, now: start)
        #expect(bucket.available(now: start) == -120)
        #expect(bucket.wait(for: 1, now: start) == .seconds(121))
        #expect(bucket.available(now: start + .seconds(120)) == 0)
    }

    @Test func aBucketNeverHoldsMoreThanAMinutesWorth() {
        var bucket = TokenBucket(perMinute: 5, now: start)
        #expect(bucket.available(now: start + .seconds(1_000_000)) == 5)
    }

    @Test func aClockThatStepsBackRefillsNothing() {
        var bucket = TokenBucket(perMinute: 60, now: start)
        bucket.spend(60, now: start)
        #expect(bucket.available(now: start - .seconds(3600)) == 0)
        #expect(bucket.available(now: start + .seconds(1)) == 1)
    }

    @Test func greatNumbersDoNotOverflow() {
        var bucket = TokenBucket(perMinute: .max, now: start)
        for _ in 0..<100 { bucket.spend(.max, now: start) }
        #expect(bucket.available(now: start) == .min)
        #expect((bucket.wait(for: 1, now: start) ?? .zero) > .seconds(5000))
        #expect(bucket.available(now: start + .seconds(4_000_000_000)) == .max)
    }

    @Test func aLowerRateDoesNotForgetWhatWasSpent() {
        var bucket = TokenBucket(perMinute: 100, now: start)
        bucket.spend(30, now: start)
        bucket.change(perMinute: 20, now: start)
        #expect(bucket.available(now: start) == -10)
        bucket.change(perMinute: 200, now: start)
        #expect(bucket.available(now: start) == 170)
    }

    /// The amount that was granted in any period is at most the bucket's content plus the refill; a caller that waits
    /// for the reported time is admitted, and a caller that waits a nanosecond less is not.
    @Test(arguments: [UInt64.random(in: 0...UInt64.max), 1, 2, 3])
    func noStretchOfTimeGivesMoreThanItMay(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix(seed: seed)
        for _ in 0..<50 {
            let rate = Int.random(in: 1...1000, using: &random)
            var bucket = TokenBucket(perMinute: rate, now: start)
            var now = start
            var given: [(time: ContinuousClock.Instant, count: Int)] = []
            for _ in 0..<200 {
                now += .nanoseconds(Int64.random(in: 0...5_000_000_000, using: &random))
                let count = Int.random(in: 1...max(1, rate / 4), using: &random)
                guard let wait = bucket.wait(for: count, now: now) else { return #expect(Bool(false)) }
                if wait > .zero {
                    var copy = bucket
                    #expect(copy.wait(for: count, now: now + wait - .nanoseconds(1)) != .zero, "seed \(seed)")
                    #expect(copy.wait(for: count, now: now + wait) == .zero, "seed \(seed)")
                    if Bool.random(using: &random) { continue }
                    now += wait
                }
                bucket.spend(count, now: now)
                given.append((now, count))
            }
            for first in given.indices where first % 7 == 0 {
                var sum = 0
                for (time, count) in given[first...] {
                    sum += count
                    let seconds = given[first].time.duration(to: time) / Duration.seconds(1)
                    #expect(Double(sum) <= Double(rate) + Double(rate) * seconds / 60 + 1e-6, "seed \(seed)")
                }
            }
        }
    }
}
