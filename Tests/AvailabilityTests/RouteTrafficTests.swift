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
        let state = RouteState(
            .init(requests: requests, answered: answered), unanswered: 0, isAnyoneSound: true, leadServes: lead,
            standIn: standIn)
        #expect(state.word == word)
        #expect((state.reason == nil) == (word == "serving"))
    }

    @Test(
        "an outage is told though most requests of the last minutes were answered before it began",
        arguments: [
            // unanswered in a row, somebody is sound, state
            (2, false, "serving"), (3, false, "down"), (3, true, "serving"), (9, true, "serving"), (10, true, "down"),
        ] as [(Int, Bool, String)])
    func sudden(unanswered: Int, isAnyoneSound: Bool, word: String) {
        let state = RouteState(
            .init(requests: 100 + unanswered, answered: 100), unanswered: unanswered, isAnyoneSound: isAnyoneSound,
            leadServes: true, standIn: "a/m")
        #expect(state.word == word)
        #expect(word == "serving" || state.reason == "none of the last \(unanswered) requests was answered")
    }

    @Test func theNewestRequestsWithoutAnAnswerAreCountedAndForgotten() {
        var traffic = RouteTraffic()
        for second in 1000..<1100 { traffic.note(isAnswered: true, at: second) }
        for second in 1100..<1104 { traffic.note(isAnswered: false, at: second) }
        #expect(traffic.unanswered(at: 1104) == 4 && traffic.recent(at: 1104).answered == 100)
        #expect(traffic.unanswered(at: 1103 + RouteTraffic.window) == 0, "they say nothing of the present")
        traffic.note(isAnswered: true, at: 1105)
        #expect(traffic.unanswered(at: 1105) == 0)
    }
}

extension RouteState {
    fileprivate var word: String {
        switch self {
        case .serving: "serving"
        case .degraded: "degraded"
        case .down: "down"
        }
    }
}
