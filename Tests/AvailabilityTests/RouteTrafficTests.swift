import Availability
import Testing

@Suite struct RouteTrafficTests {
    @Test func countsReachBackFiveMinutes() {
        var traffic = RouteTraffic()
        #expect(traffic.last == nil && traffic.recent(at: 1000) == .init())
        traffic.note(isAnswered: true, at: 1000)
        traffic.note(isAnswered: false, at: 1200)
        #expect(traffic.recent(at: 1200) == .init(requests: 2, answered: 1))
        #expect(traffic.recent(at: 1200 + 299).requests == 1)
        #expect(traffic.recent(at: 1200 + 400) == .init())
        #expect(traffic.last == 1200)
    }

    @Test("a flood of requests takes no more memory than a few, and old ones don't count") func bounded() {
        var traffic = RouteTraffic()
        for second in 0..<100_000 { traffic.note(isAnswered: second.isMultiple(of: 2), at: second) }
        let recent = traffic.recent(at: 99_999)
        #expect((280...300).contains(recent.requests) && abs(recent.answered * 2 - recent.requests) <= 1)
    }

    @Test(
        "a route's state follows from its requests first, and then from its candidates",
        arguments: [
            // requests, answered, the lead serves, a stand-in, state
            (0, 0, true, nil, "serving"), (2, 0, true, nil, "serving"), (3, 0, true, "b/m", "down"),
            (3, 1, true, nil, "degraded"), (4, 2, true, nil, "serving"), (100, 0, true, "b/m", "down"),
            (0, 0, false, "b/m", "degraded"), (10, 10, false, "b/m", "degraded"), (0, 0, false, nil, "down"),
        ] as [(Int, Int, Bool, String?, String)])
    func state(requests: Int, answered: Int, lead: Bool, standIn: String?, word: String) {
        let state = RouteState(.init(requests: requests, answered: answered), leadServes: lead, standIn: standIn)
        let found =
            switch state {
            case .serving: "serving"
            case .degraded: "degraded"
            case .down: "down"
            }
        #expect(found == word)
        #expect((state.reason == nil) == (word == "serving"))
    }
}
