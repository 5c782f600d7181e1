import Failures
import Gateway
import Resilience
import Testing

/// The choice of the next candidate, without a network or a clock.
@Suite struct PlanTests {
    /// A request's way through its candidates, at moments that are set by hand.
    private struct Way {
        var plan: AttemptPlan
        var now = Duration.seconds(100)
        var standings: [Int: TargetState] = [:]
        /// Repeats that the budget still allows.
        var repeats = 10

        init(_ candidates: Int) { plan = AttemptPlan(contexts: [Int?](repeating: nil, count: candidates)) }

        init(contexts: [Int?]) { plan = AttemptPlan(contexts: contexts) }

        mutating func next() -> AttemptPlan.Step {
            let standings = standings
            var left = repeats
            let step = plan.next(
                now: now, latest: now + .seconds(30), standing: { standings[$0] ?? .free },
                mayRepeat: { _ in
                    left -= 1
                    return left >= 0
                })
            repeats = max(0, left)
            if case .ask(let index, _) = step { plan.asked(index) }
            return step
        }

        mutating func fail(
            _ index: Int, _ cause: Cause, evidence: Evidence? = nil, retryAfter: Duration? = nil, status: Int = 500,
            byChance: Bool = false
        ) {
            let scope: Scope = [.tooLong, .callerFault].contains(cause) ? .request : .model
            plan.failed(
                index,
                Verdict(cause, scope, evidence: evidence, retryAfter: retryAfter, rule: "test", status: status),
                now: now, movesOnRefusal: false, byChance: byChance)
        }
    }

    // MARK: A failure by chance

    @Test(
        "a failure by chance costs the request its first candidate",
        arguments: [Cause.broken, .unreachable, .truncated])
    func chance(cause: Cause) {
        var way = Way(2)
        #expect(way.next() == .ask(0, .first))
        way.fail(0, cause, byChance: true)
        #expect(way.next() == .ask(0, .again))
        // Once: whatever it does then, the next one is asked.
        way.fail(0, cause, byChance: true)
        #expect(way.next() == .ask(1, .first))
        way.fail(1, .overloaded)
        #expect(way.next() == .ask(1, .again))
        way.fail(1, .overloaded)
        #expect(way.next() == .stop)
    }

    @Test("who has failed of late is asked again before the next", arguments: [Cause.broken, .unreachable, .truncated])
    func noChance(cause: Cause) {
        var way = Way(2)
        #expect(way.next() == .ask(0, .first))
        way.fail(0, cause)
        #expect(way.next() == .ask(1, .first))
    }

    @Test(
        "what does not pass, or has no room, is taken for chance",
        arguments: [
            (Cause.overloaded, Evidence?.none, 503), (.silent, nil, 200), (.throttled, nil, 429),
            (.truncated, .ambiguous, 200), (.broken, nil, 404), (.withdrawn, .explicit, 404),
        ])
    func notByChance(cause: Cause, evidence: Evidence?, status: Int) {
        var way = Way(2)
        #expect(way.next() == .ask(0, .first))
        way.fail(0, cause, evidence: evidence, status: status, byChance: true)
        #expect(way.next() == .ask(1, .first))
    }

    @Test("repeats by chance go past the budget, or are lost with it")
    func budget() {
        var way = Way(2)
        way.repeats = 0
        #expect(way.next() == .ask(0, .first))
        way.fail(0, .broken, byChance: true)
        #expect(way.next() == .ask(1, .first))
        way.fail(1, .broken)
        // By then there is room again.
        way.repeats = 1
        #expect(way.next() == .ask(0, .again))
        way.fail(0, .broken)
        #expect(way.next() == .stop)
    }

    @Test("a breaker that has just opened lets a repeat by chance through")
    func breaker() {
        var way = Way(2)
        #expect(way.next() == .ask(0, .first))
        way.fail(0, .broken, byChance: true)
        way.standings[0] = .open(until: way.now + .seconds(2), .broken)
        #expect(way.next() == .ask(1, .first))
    }

    // MARK: Staying

    private func staying(_ most: Duration, deadline: Duration = .seconds(1000), named: Duration? = nil) -> Way {
        var way = Way(2)
        way.plan.mayStay(most, deadline: deadline, named: named, now: way.now)
        return way
    }

    @Test("a lead that takes requests again in a moment is left all the same")
    func stay() {
        var way = staying(.seconds(3))
        #expect(way.next() == .ask(0, .first))
        way.fail(0, .throttled, retryAfter: .seconds(2), status: 429)
        way.standings[0] = .waiting(until: way.now + .seconds(2), .throttled)
        #expect(way.next() == .wait(until: .seconds(102)))
        way.now += .seconds(2)
        way.standings[0] = .free
        #expect(way.next() == .ask(0, .first))
        // The request has waited: what is left of three seconds is too short.
        way.fail(0, .throttled, retryAfter: .seconds(2), status: 429)
        way.standings[0] = .waiting(until: way.now + .seconds(2), .throttled)
        #expect(way.next() == .ask(1, .first))
    }

    @Test(
        "a wait is taken on that nobody wants",
        arguments: [(Duration?.some(.seconds(4)), Duration.seconds(3)), (nil, .seconds(3)), (.seconds(2), .zero)])
    func noStay(named: Duration?, most: Duration) {
        var way = most > .zero ? staying(most) : Way(2)
        #expect(way.next() == .ask(0, .first))
        way.fail(0, .throttled, retryAfter: named, status: 429)
        way.standings[0] = .waiting(until: way.now + .seconds(4), .throttled)
        #expect(way.next() == .ask(1, .first))
    }

    @Test("a stand-in is waited for, though others are free")
    func standIn() {
        var way = Way(3)
        way.plan.mayStay(.seconds(3), deadline: .seconds(1000), named: nil, now: way.now)
        #expect(way.next() == .ask(0, .first))
        way.fail(0, .withdrawn, evidence: .explicit, status: 404)
        #expect(way.next() == .ask(1, .first))
        way.fail(1, .throttled, retryAfter: .seconds(1), status: 429)
        way.standings[1] = .waiting(until: way.now + .seconds(1), .throttled)
        #expect(way.next() == .ask(2, .first))
    }

    @Test("the wait goes past the request's end")
    func deadline() {
        var way = staying(.seconds(3), deadline: .seconds(101))
        #expect(way.next() == .ask(0, .first))
        way.fail(0, .throttled, retryAfter: .seconds(2), status: 429)
        way.standings[0] = .waiting(until: way.now + .seconds(2), .throttled)
        #expect(way.next() == .ask(1, .first))
    }

    @Test("what another request was told is not heeded")
    func named() {
        var way = staying(.seconds(3), named: .seconds(102))
        way.standings[0] = .waiting(until: .seconds(102), .throttled)
        #expect(way.next() == .wait(until: .seconds(102)))
        var late = staying(.seconds(3), named: .seconds(104))
        late.standings[0] = .waiting(until: .seconds(104), .throttled)
        #expect(late.next() == .ask(1, .first))
    }

    // MARK: Too long

    @Test("who may be larger is passed over, or who is known not to be is asked")
    func tooLong() {
        var way = Way(contexts: [8000, 4000, nil, 8000, 16_000])
        #expect(way.next() == .ask(0, .first))
        way.fail(0, .tooLong, status: 400)
        #expect(way.next() == .ask(2, .first))
        way.fail(2, .tooLong, status: 400)
        #expect(way.next() == .ask(4, .first))
        way.fail(4, .tooLong, status: 400)
        #expect(way.next() == .stop)
    }

    @Test("who is asked to find out is asked twice", arguments: [Cause.broken, .overloaded, .throttled])
    func once(cause: Cause) {
        var way = Way(2)
        #expect(way.next() == .ask(0, .first))
        way.fail(0, .tooLong, status: 400)
        #expect(way.next() == .ask(1, .first))
        way.fail(1, cause, byChance: true)
        #expect(way.next() == .stop)
    }

    // MARK: Overtaken

    @Test("who was slower than another is asked before those that nobody has asked")
    func overtaken() {
        var way = Way(3)
        #expect(way.next() == .ask(0, .first))
        way.plan.asked(1)
        way.plan.overtaken(0)
        way.fail(1, .broken)
        way.plan.ruleOut(1)
        #expect(way.next() == .ask(2, .first))
        way.plan.ruleOut(2)
        #expect(way.next() == .ask(0, .again))
    }
}
