import Availability
import Seeded
import Testing

@Suite struct HourCountsTests {
    @Test func packsAndUnpacksWhateverIsCounted() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SplitMix(seed: seed)
        let counters: [Counter] = [
            .whole(by: "a/b"), .stoodIn(by: "ü/ø"), .late(by: ""), .refused(by: "x/y"), .cut(cause: "broken"),
            .failed(cause: "withdrawn"), .turnedAway, .callerGone, .ownFault, .blocked, .status(200), .status(529),
            .unanswered,
            .cause("too_long"), .held, .probe(status: 0), .probe(status: 404),
        ]
        for _ in 0..<300 {
            var hour = HourCounts()
            for _ in 0..<Int.random(in: 0...200, using: &random) {
                hour.add(
                    counters.randomElement(using: &random)!, minute: Int.random(in: 0..<60, using: &random),
                    UInt32.random(in: 1...(Bool.random(using: &random) ? 3 : 5_000_000), using: &random))
            }
            let packed = hour.packed
            #expect(HourCounts(packed: packed) == hour)
            // A cut or a changed byte is told or read, and never a trap.
            for end in 0..<packed.count { _ = HourCounts(packed: Array(packed[..<end])) }
            for place in packed.indices {
                var broken = packed
                broken[place] ^= UInt8.random(in: 1...255, using: &random)
                _ = HourCounts(packed: broken)
            }
        }
    }

    @Test func namesOfCountersComeBack() {
        for counter in [
            Counter.whole(by: "p/m"), .turnedAway, .status(404), .unanswered, .probe(status: 0), .cause("x"),
        ] {
            #expect(Counter(counter.text) == counter)
        }
        #expect(Counter("") == nil && Counter("p") == nil && Counter("zzz") == nil)
        for subject in [Subject.route(""), .route("talk"), .service("a/b")] {
            #expect(Subject(subject.text) == subject)
        }
        #expect(Subject("") == nil && Subject("x y") == nil)
    }

    /// An hour of one busy route: two rows, of a route and of a service.
    @Test func aBusyMinuteTakesTenBytesAtMost() {
        var route = HourCounts()
        var service = HourCounts()
        for minute in 0..<60 {
            route.add(.whole(by: "anthropic/claude-opus-4-8"), minute: minute, 1000)
            service.add(.status(200), minute: minute, 1000)
            if minute % 4 == 0 {
                route.add(.failed(cause: "overloaded"), minute: minute, 3)
                service.add(.status(529), minute: minute, 3)
                service.add(.cause("overloaded"), minute: minute, 3)
            }
        }
        #expect(route.packed.count + service.packed.count <= 600)
    }

    @Test func otherPeoplesModelsAreCountedTogether() {
        var book = AvailabilityBook()
        for number in 0..<10_000 { book.add(.service("p/\(number)"), .status(404), at: 0) }
        let taken = book.take()
        #expect(taken.count <= 4_097)
        let others = taken[.init(hour: 0, subject: .service(AvailabilityBook.others))]
        #expect(others.map { Int($0.all[.status(404)]![0]) } == 10_000 - 4_096)
        #expect(book.take().isEmpty)
        book.restore(taken)
        #expect(book.take() == taken)
    }
}

@Suite struct CountedRequestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var outcome: CountedRequest.Outcome
        var expected: Counter
        var attempts: [CountedRequest.Attempt] = []
        var reason: String?
        var route: String? = "talk"
        var isLate = false
        var isByStandIn = false
    }

    static func attempt(_ status: Int?, _ cause: String?, by: String = "p/m") -> CountedRequest.Attempt {
        .init(by: by, status: status, failure: cause, cause: cause)
    }

    static let cases: [Case] = [
        .init(testDescription: "whole", outcome: .served, expected: .whole(by: "p/m"), attempts: [attempt(200, nil)]),
        .init(
            testDescription: "late", outcome: .served, expected: .late(by: "p/m"), attempts: [attempt(200, nil)],
            isLate: true),
        .init(
            testDescription: "a stand-in", outcome: .served, expected: .stoodIn(by: "p/m"),
            attempts: [attempt(404, "withdrawn", by: "o/m"), attempt(200, nil)], isByStandIn: true),
        .init(
            testDescription: "a refusal as 200", outcome: .served, expected: .refused(by: "p/m"),
            attempts: [attempt(200, "refused")]),
        .init(
            testDescription: "cut", outcome: .truncated, expected: .cut(cause: "broken"),
            attempts: [attempt(200, "broken")]),
        .init(testDescription: "a limit of the key", outcome: .limited, expected: .turnedAway, route: nil),
        .init(testDescription: "limits of all providers", outcome: .limited, expected: .failed(cause: "throttled")),
        .init(testDescription: "gone", outcome: .callerGone, expected: .callerGone),
        .init(testDescription: "wrong", outcome: .refused, expected: .ownFault),
        .init(
            testDescription: "wrong, says the provider", outcome: .providerError, expected: .ownFault,
            attempts: [attempt(400, "caller_fault")]),
        .init(
            testDescription: "the provider's 500", outcome: .providerError, expected: .failed(cause: "broken"),
            attempts: [attempt(500, "broken")]),
        .init(
            testDescription: "all withdrawn", outcome: .failed, expected: .failed(cause: "withdrawn"),
            reason: "model_withdrawn"),
        .init(testDescription: "blocked by policy", outcome: .blocked, expected: .blocked, reason: "blocked_by_policy"),
        .init(
            testDescription: "an answer blocked by policy", outcome: .blocked, expected: .blocked,
            attempts: [attempt(200, nil)]),
        .init(
            testDescription: "not judged", outcome: .failed, expected: .failed(cause: "supervision"),
            reason: "supervision_unavailable"),
        .init(
            testDescription: "an answer that wasn't judged to its end", outcome: .truncated,
            expected: .cut(cause: "supervision"), attempts: [attempt(200, nil)], reason: "supervision_unavailable"),
        .init(
            testDescription: "over the key's share of the supervisor", outcome: .limited, expected: .turnedAway,
            reason: "supervision_share"),
        .init(
            testDescription: "a sentence is no cause", outcome: .failed, expected: .failed(cause: "unserved"),
            reason: "No candidate of this route is in service."),
    ]

    @Test(arguments: cases) func countsAsWhatItIs(_ each: Case) {
        var request = CountedRequest(route: each.route, outcome: each.outcome)
        request.attempts = each.attempts
        request.by = "p/m"
        request.reason = each.reason
        request.isLate = each.isLate
        request.isByStandIn = each.isByStandIn
        #expect(request.counter == each.expected)
        // Each request is one thing, and each attempt one status.
        var routes: [Counter] = []
        var statuses = 0
        request.count { subject, counter in
            switch (subject, counter) {
            case (.route, _): routes.append(counter)
            case (.service, .status), (.service, .unanswered): statuses += 1
            default: break
            }
        }
        #expect(routes == [each.expected] && statuses == each.attempts.count)
    }

    @Test("a block is no loss of its route, and no news of its state")
    func blocks() {
        #expect(Counter.blocked.isAnswered == nil)
        var history = History(Period(start: 0, minutes: 60))
        var hour = HourCounts()
        hour.add(.blocked, minute: 3)
        hour.add(.whole(by: "p/m"), minute: 3)
        history.add(hour, hour: 0)
        let report = RouteReport("talk", history, objective: 0.999)
        #expect(report.requests == 1 && report.continuity == 100 && report.blocked == 1 && report.lost.isEmpty)
    }

    @Test("blocks of a provider that the caller named are counted, too")
    func blocksOfDirectNames() {
        var counted: [Counter] = []
        CountedRequest(route: nil, outcome: .blocked).count { _, counter in counted.append(counter) }
        #expect(counted == [.blocked])
    }

    @Test func drillsSayNothingOfProviders() {
        var request = CountedRequest(route: "talk", outcome: .served)
        request.attempts = [Self.attempt(404, "withdrawn", by: "o/m"), Self.attempt(200, nil)]
        request.isRehearsed = true
        var counted: [Subject] = []
        request.count { subject, _ in counted.append(subject) }
        #expect(counted == [.route("talk")])
        request.isOfDrill = true
        request.count { _, _ in Issue.record("a drill's own request is nobody's") }
    }

    @Test func whatWasNotSentWasNotAnswered() {
        var request = CountedRequest(route: "talk", outcome: .served)
        request.attempts = [Self.attempt(404, "withdrawn", by: "o/m"), Self.attempt(200, nil)]
        request.by = "p/m"
        request.isWithheld = true
        #expect(request.counter == .failed(cause: "ledger_unavailable"))
        request.isStream = true
        #expect(request.counter == .cut(cause: "ledger_unavailable"))
    }

    @Test func whatHoldfastAnswersItselfSaysNothing() {
        CountedRequest(route: "talk", outcome: .served).count { _, _ in Issue.record("nobody was asked") }
    }

    @Test(arguments: ["hedge_lost", "overtaken"]) func whoWasSlowerThanAnotherMadeNoAttempt(failure: String) {
        var request = CountedRequest(route: "talk", outcome: .served)
        request.attempts = [
            .init(by: "p/m", status: nil, failure: failure, cause: nil), Self.attempt(200, nil),
        ]
        var services = 0
        request.count { subject, _ in if case .service = subject { services += 1 } }
        #expect(services == 1)
    }
}
