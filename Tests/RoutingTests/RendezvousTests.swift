import Conversation
import Routing
import Testing

@Suite struct RendezvousTests {
    private static let sessions = (0..<20_000).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }

    private func first(_ candidates: [(name: String, weight: Int)], _ session: UInt64) -> String {
        candidates[Rendezvous.order(candidates, for: session)[0]].name
    }

    @Test(arguments: [[1, 1, 1], [3, 1], [10, 5, 4, 1], [1, 1000]])
    func eachIsFirstForItsShare(_ weights: [Int]) {
        let candidates = weights.enumerated().map { (name: "p\($0.offset)/m", weight: $0.element) }
        var counts: [String: Int] = [:]
        for session in Self.sessions { counts[first(candidates, session), default: 0] += 1 }
        let total = Double(weights.reduce(0, +))
        for candidate in candidates {
            let expected = Double(candidate.weight) / total
            let part = Double(counts[candidate.name] ?? 0) / Double(Self.sessions.count)
            // Five standard deviations.
            let slack = 5 * (expected * (1 - expected) / Double(Self.sessions.count)).squareRoot()
            #expect(abs(part - expected) < slack, "\(candidate): \(part)")
        }
    }

    @Test func whereOneGoesOnlyItsOwnSessionsMove() {
        let all = [(name: "a/m", weight: 2), (name: "b/m", weight: 1), (name: "c/m", weight: 3)]
        let left = Array(all.dropFirst())
        for session in Self.sessions {
            let before = first(all, session)
            #expect(before == "a/m" || first(left, session) == before)
        }
    }

    @Test func theOrderIsTheSameInEveryProcess() {
        let candidates = [(name: "a/m", weight: 2), (name: "b/m", weight: 1), (name: "c/m", weight: 3)]
        #expect((0..<8).map { Rendezvous.order(candidates, for: $0 * 0x1234_5678_9ABC_DEF1) } == Self.known)
    }

    @Test func thoseWithoutAWeightComeLast() {
        let candidates = [(name: "a/m", weight: 0), (name: "b/m", weight: 1), (name: "c/m", weight: -1)]
        for session in Self.sessions.prefix(50) { #expect(Rendezvous.order(candidates, for: session) == [1, 0, 2]) }
        #expect(Rendezvous.order([], for: 1).isEmpty)
    }

    @Test func everyCandidateIsThereOnce_atTheEdgesOfNumbers() {
        let candidates = (0..<7).map { (name: String(repeating: "x", count: $0), weight: $0 == 3 ? .max : 1) }
        for session in [0, 1, .max, .max - 1, 1 << 63] as [UInt64] {
            #expect(Rendezvous.order(candidates, for: session).sorted() == Array(0..<7))
        }
    }

    @Test func aConversationThatHasMovedComesBeforeTheOrder_andARetiredCandidateLast() {
        var candidates = ["a", "b", "c"].map { ProviderFacts(name: $0, dialect: .openai).candidate(model: "m") }
        var policy = RoutePolicy()
        policy.order = .weighted
        for session in Self.sessions.prefix(50) {
            candidates[1].retires = nil
            var route = Route(name: "r", candidates: candidates, policy: policy)
            #expect(route.places(now: 10, session: session, moved: "b/m").first == 1)
            #expect(route.places(now: 10, session: session, moved: "gone/m") == route.places(now: 10, session: session))
            candidates[1].retires = 5
            route.candidates = candidates
            #expect(route.places(now: 10, session: session, moved: "b/m").last == 1)
            route.policy.order = .ordered
            #expect(route.places(now: 1, session: session, moved: "c/m") == [0, 1, 2])
        }
    }

    private static let known = [
        [2, 1, 0], [2, 0, 1], [0, 1, 2], [2, 0, 1], [2, 0, 1], [2, 0, 1], [1, 0, 2], [2, 0, 1],
    ]
}
