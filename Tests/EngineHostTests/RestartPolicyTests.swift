import EngineHost
import Testing

@Suite struct RestartPolicyTests {
    private let start = ContinuousClock.now

    @Test func delayDoublesUpToTheCeiling() {
        var policy = RestartPolicy(jitter: 0)
        let delays = (0..<8).map { _ in policy.delay(diedAt: start, healthySince: nil, chance: 0.5) }
        #expect(delays == [1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
        #expect(policy.failures == 8)
    }

    @Test func manyDeathsDoNotOverflow() {
        var policy = RestartPolicy(jitter: 0)
        for _ in 0..<10_000 { _ = policy.delay(diedAt: start, healthySince: nil, chance: 0) }
        #expect(policy.delay(diedAt: start, healthySince: nil, chance: 0) == .seconds(30))
    }

    @Test func aMinuteOfHealthForgives() {
        var policy = RestartPolicy(jitter: 0)
        for _ in 0..<5 { _ = policy.delay(diedAt: start, healthySince: nil, chance: 0) }
        let delay = policy.delay(diedAt: start + .seconds(60), healthySince: start, chance: 0)
        #expect(delay == .seconds(1))
        #expect(policy.failures == 1)
    }

    @Test func lessThanAMinuteOfHealthDoesNotForgive() {
        var policy = RestartPolicy(jitter: 0)
        _ = policy.delay(diedAt: start, healthySince: nil, chance: 0)
        let delay = policy.delay(diedAt: start + .seconds(59), healthySince: start, chance: 0)
        #expect(delay == .seconds(2))
    }

    @Test func jitterOnlyShortens() {
        var policy = RestartPolicy(jitter: 0.2)
        #expect(policy.delay(diedAt: start, healthySince: nil, chance: 0) == .seconds(1))
        var other = RestartPolicy(jitter: 0.2)
        let shortest = other.delay(diedAt: start, healthySince: nil, chance: 0.999_999)
        #expect(shortest > .milliseconds(799) && shortest < .milliseconds(801))
    }
}
