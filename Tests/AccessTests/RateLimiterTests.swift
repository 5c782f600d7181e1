import Access
import Seeded
import Testing

@Suite struct RateLimiterTests {
    let start = ContinuousClock.now

    @Test func requestsOverTheLimitAreToldWhenToComeBack() {
        let limiter = RateLimiter(RateLimits(requestsPerMinute: 2), now: start)
        #expect(limiter.admit(now: start) == .allowed)
        #expect(limiter.admit(now: start) == .allowed)
        #expect(limiter.admit(now: start) == .limited(.requests, retryAfter: .seconds(30)))
        #expect(limiter.admit(now: start + .seconds(30)) == .allowed)
    }

    @Test func aRefusedRequestCountsAgainstNothing() {
        let limiter = RateLimiter(RateLimits(requestsPerMinute: 10, tokensPerMinute: 60), now: start)
        limiter.settle(used: 100, setAside: 0, now: start)
        for _ in 0..<50 {
            #expect(limiter.admit(now: start) == .limited(.tokens, retryAfter: .seconds(41)))
        }
        let remaining = limiter.remaining(now: start)
        #expect(remaining.requests == 10)
        #expect(remaining.tokens == -40)
    }

    @Test func tokensSpentAfterwardsHoldUpTheNextRequest() {
        let limiter = RateLimiter(RateLimits(tokensPerMinute: 600), now: start)
        #expect(limiter.admit(now: start) == .allowed)
        limiter.settle(used: 1200, setAside: 0, now: start)
        #expect(limiter.admit(now: start) == .limited(.tokens, retryAfter: .milliseconds(60_100)))
        #expect(limiter.admit(now: start + .milliseconds(60_100)) == .allowed)
    }

    @Test func theLongerWaitIsTold() {
        let limiter = RateLimiter(RateLimits(requestsPerMinute: 1, tokensPerMinute: 60), now: start)
        #expect(limiter.admit(now: start) == .allowed)
        limiter.settle(used: 60, setAside: 0, now: start)
        #expect(limiter.admit(now: start) == .limited(.requests, retryAfter: .seconds(60)))
    }

    @Test func whatARequestMayNeedIsTakenBeforeItsAnswer() {
        let limiter = RateLimiter(RateLimits(requestsPerMinute: 10, tokensPerMinute: 600), now: start)
        #expect(limiter.admit(now: start) == .allowed)
        #expect(limiter.setAside(tokens: 500, now: start) == .allowed)
        #expect(limiter.admit(now: start) == .allowed)
        #expect(limiter.setAside(tokens: 200, now: start) == .limited(.tokens, retryAfter: .seconds(10)))
        #expect(limiter.remaining(now: start).requests == 9, "the refused one counts no more")
        limiter.settle(used: 50, setAside: 500, now: start)
        #expect(limiter.remaining(now: start).tokens == 550)
        #expect(limiter.setAside(tokens: 200, now: start) == .allowed)
        limiter.settle(used: 300, setAside: 200, now: start)
        #expect(limiter.remaining(now: start).tokens == 250)
    }

    @Test func aRequestLargerThanTheLimitGoesAloneWhenAllIsThere() {
        let limiter = RateLimiter(RateLimits(tokensPerMinute: 600), now: start)
        #expect(limiter.setAside(tokens: 5000, now: start) == .allowed)
        #expect(limiter.setAside(tokens: 1, now: start) != .allowed)
        limiter.settle(used: 5000, setAside: 5000, now: start)
        #expect(limiter.setAside(tokens: 5000, now: start) == .limited(.tokens, retryAfter: .seconds(500)))
        #expect(limiter.setAside(tokens: 5000, now: start + .seconds(499)) != .allowed)
        #expect(limiter.setAside(tokens: 5000, now: start + .seconds(500)) == .allowed)
    }

    @Test func moreThanTheBucketHoldsIsNeverGivenBack() {
        let limiter = RateLimiter(RateLimits(tokensPerMinute: 600), now: start)
        #expect(limiter.setAside(tokens: 600, now: start) == .allowed)
        let later = start + .seconds(60)
        limiter.settle(used: 0, setAside: 600, now: later)
        #expect(limiter.remaining(now: later).tokens == 600)
    }

    /// Requests of one key in any order, on a manual clock: what was used never
    /// exceeds the limit and what flowed in by more than the requests under
    /// way took beyond what was set aside for them.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func whateverTheOrderNoMoreIsUsedThanTheLimit(_ seed: UInt64) {
        var chance = SplitMix(seed: seed)
        let perMinute = [10, 600, 100_000].randomElement(using: &chance)!
        let limiter = RateLimiter(RateLimits(tokensPerMinute: perMinute), now: start)
        var now = start
        var running: [(setAside: Int, used: Int)] = []
        var used = 0
        var over = 0
        for _ in 0..<400 {
            switch Int.random(in: 0..<4, using: &chance) {
            case 0: now += .milliseconds(Int.random(in: 0...2000, using: &chance))
            case 1 where !running.isEmpty:
                let ended = running.remove(at: Int.random(in: running.indices, using: &chance))
                limiter.settle(used: ended.used, setAside: ended.setAside, now: now)
            default:
                let wanted = Int.random(in: 1...perMinute, using: &chance)
                guard limiter.admit(now: now) == .allowed, limiter.setAside(tokens: wanted, now: now) == .allowed else {
                    continue
                }
                let takes = Int.random(in: 0...wanted + wanted / 4, using: &chance)
                running.append((wanted, takes))
                used += takes
                over += max(0, takes - wanted)
            }
            let seconds = start.duration(to: now) / .seconds(1)
            let flowed = Double(perMinute) * (1 + seconds / 60)
            guard Double(used) <= flowed + Double(over) + 1 else {
                Issue.record("\(used) used of \(flowed), \(over) over")
                return
            }
        }
    }

    @Test func fiftyAtOnceSetAsideNoMoreThanTheLimit() async {
        let limiter = RateLimiter(RateLimits(tokensPerMinute: 10_000), now: start)
        let admitted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    limiter.admit(now: start) == .allowed && limiter.setAside(tokens: 4096, now: start) == .allowed
                        ? 1 : 0
                }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 2)
    }

    @Test func manyAtOnceGetNoMoreThanTheLimit() async {
        let limiter = RateLimiter(RateLimits(requestsPerMinute: 100), now: start)
        let admitted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<100).count { _ in limiter.admit(now: start) == .allowed } }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 100)
    }
}
