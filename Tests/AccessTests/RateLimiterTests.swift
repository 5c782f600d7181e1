import Access
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
        limiter.charge(tokens: 100, now: start)
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
        limiter.charge(tokens: 1200, now: start)
        #expect(limiter.admit(now: start) == .limited(.tokens, retryAfter: .milliseconds(60_100)))
        #expect(limiter.admit(now: start + .milliseconds(60_100)) == .allowed)
    }

    @Test func theLongerWaitIsTold() {
        let limiter = RateLimiter(RateLimits(requestsPerMinute: 1, tokensPerMinute: 60), now: start)
        #expect(limiter.admit(now: start) == .allowed)
        limiter.charge(tokens: 60, now: start)
        #expect(limiter.admit(now: start) == .limited(.requests, retryAfter: .seconds(60)))
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
