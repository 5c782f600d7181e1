import Drills
import Failures
import Testing
import Wire

@Suite struct TimelineTests {
    static let order = DrillOrder(
        id: "d", route: "r", provider: "p", model: "m", cause: .withdrawn, duration: .seconds(60), by: "me")

    @Test("what is pulled is not given back in time")
    func phases() {
        let timeline = DrillTimeline(Self.order, now: .seconds(100))
        for (second, phase) in [
            (100, DrillPhase.warmUp), (104, .warmUp), (105, .pulled), (164, .pulled), (165, .recovery),
            (169, .recovery), (170, .over),
        ] {
            #expect(timeline.phase(now: .seconds(second)) == phase, "\(second)")
        }
        #expect(timeline.end(now: .seconds(169)) == nil && timeline.end(now: .seconds(170)) == .done)
    }

    @Test("a drill outlives whoever ordered it")
    func lease() {
        var timeline = DrillTimeline(Self.order, now: .seconds(100))
        for second in 100..<120 {
            timeline.renew(now: .seconds(second))
            timeline.tick(now: .seconds(second))
        }
        timeline.tick(now: .seconds(128))
        #expect(timeline.phase(now: .seconds(128)) == .pulled)
        timeline.tick(now: .seconds(129))
        #expect(timeline.phase(now: .seconds(129)) == .over && timeline.end(now: .seconds(129)) == .lapsed)
        // Too late is too late.
        timeline.renew(now: .seconds(130))
        #expect(timeline.phase(now: .seconds(130)) == .over)
    }

    @Test("what was stopped goes on")
    func stop() {
        var timeline = DrillTimeline(Self.order, now: .seconds(100))
        timeline.stop(now: .seconds(110))
        #expect(timeline.phase(now: .seconds(110)) == .over && timeline.end(now: .seconds(111)) == .stopped)
        #expect(timeline.restore == .seconds(110))
        timeline.tick(now: .seconds(400))
        #expect(timeline.end(now: .seconds(400)) == .stopped)
    }
}

@Suite struct ReportTests {
    private let goals = DrillTally.Objectives(availability: 0.99, firstToken: .seconds(1), switchTime: .seconds(2))

    private func sample(
        _ phase: DrillPhase = .pulled, whole: Bool = true, pulled: Bool = true,
        change: (inout DrillSample) -> Void = { _ in }
    ) -> DrillSample {
        var sample = DrillSample(phase: phase)
        sample.isWhole = whole
        sample.isStream = true
        sample.wasPulled = pulled
        sample.servedBy = "q/n"
        change(&sample)
        return sample
    }

    private func report(_ samples: [DrillSample], end: DrillTimeline.End? = .done) -> DrillReport {
        var tally = DrillTally()
        for sample in samples { tally.note(sample, pulled: "p/m") }
        return DrillReport(TimelineTests.order, phase: .over, end: end, started: 7, tally, goals)
    }

    @Test("a drill that nobody met passes")
    func nothing() {
        #expect(report([]).verdict == .inconclusive)
        #expect(report([sample(.warmUp, pulled: false)]).verdict == .inconclusive)
    }

    @Test("a drill of the supervisor passes though a request passed without a verdict, or got no answer")
    func unsupervised() {
        var order = TimelineTests.order
        order.faults = SupervisorFault.allCases
        func verdict(_ samples: [DrillSample]) -> DrillReport.Verdict {
            var tally = DrillTally()
            for sample in samples { tally.note(sample, pulled: order.pulled) }
            return DrillReport(order, phase: .over, end: .done, started: 7, tally, goals).verdict
        }
        let shut = sample(whole: false, change: { $0.isShut = true })
        let untouched = sample(.warmUp, pulled: false)
        #expect(verdict([shut, shut, untouched]) == .passed)
        #expect(verdict([shut, sample(whole: true)]) == .failed)
        #expect(verdict([shut, sample(whole: false, change: { $0.isUnanswered = true })]) == .failed)
        #expect(verdict([untouched]) == .inconclusive)
        #expect(order.word == "unsupervised" && order.pulled == "supervisor")
    }

    @Test("a drill passes with too many lost")
    func availability() {
        let good = [DrillSample](repeating: sample(), count: 99)
        #expect(report(good + [sample(whole: false)]).verdict == .passed)
        #expect(report(good + [sample(whole: false), sample(whole: false)]).verdict == .failed)
    }

    @Test("a slow switch, a slow token or a lost stream passes")
    func others() {
        #expect(report([sample { $0.switchTime = .seconds(3) }]).verdict == .failed)
        #expect(report([sample { $0.switchTime = .seconds(1) }]).verdict == .passed)
        #expect(report([sample { $0.firstByte = .seconds(2) }]).verdict == .failed)
        let good = [DrillSample](repeating: sample(), count: 199)
        #expect(report(good + [sample(whole: false) { $0.fate = .lost }]).verdict == .failed)
    }

    @Test(
        "a time that misses its goal looks as if it met it",
        arguments: [
            (Duration.microseconds(1_348_990), "1349 ms"), (.milliseconds(15_400), "15.4 s"), (.seconds(15), "15 s"),
            (.microseconds(2_500), "2.5 ms"),
        ])
    func shown(time: Duration, text: String) throws {
        let root = try JSONDocument(report([sample { $0.switchTime = time }]).json).root
        let found = root["objectives"]?.elements.first { $0["name"]?.string == "switch, p99" }?["found"]?.string
        #expect(found == text)
    }

    @Test("half a drill passes")
    func stopped() {
        #expect(report([sample()], end: .stopped).verdict == .inconclusive)
        #expect(report([sample(whole: false)], end: .lapsed).verdict == .failed)
    }

    @Test("the numbers are others than what happened")
    func numbers() throws {
        var samples = (1...100).map { number in
            sample(.warmUp, pulled: false) {
                $0.firstByte = .milliseconds(number)
                $0.total = .milliseconds(100)
                $0.cost = 0.01
                $0.servedBy = "p/m"
            }
        }
        samples += (1...100).map { number in
            sample { sample in
                sample.firstByte = .milliseconds(number + 30)
                sample.total = .milliseconds(150)
                sample.switchTime = .milliseconds(number)
                sample.fate = number <= 10 ? .continued : number <= 12 ? .restarted : nil
                sample.skipped = ["p/m: pulled", "z/y: it lacks tools"]
                sample.dropped = ["seed"]
                sample.cost = 0.002
            }
        }
        let root = try JSONDocument(report(samples).json).root
        #expect(root["switch"]?["p50_ms"]?.double == 50 && root["switch"]?["p99_ms"]?.double == 99)
        #expect(root["added_latency"]?["first_byte_p50_ms"]?.double == 30)
        #expect(root["added_latency"]?["whole_p99_ms"]?.double == 50)
        #expect(root["streams_in_flight"]?["continued"]?.int == 10)
        #expect(root["streams_in_flight"]?["restarted"]?.int == 2)
        let could = root["could_not"]?.elements.map { $0["what"]?.string } ?? []
        #expect(could == ["left out: seed", "z/y: it lacks tools"])
        #expect(root["stood_in"]?.elements.map { $0["times"]?.int } == [100])
        let cost = try #require(root["cost"]?["per_request_pulled"]?.double)
        #expect(abs(cost - 0.002) < 1e-9)
        #expect(root["verdict"]?.string == "passed")
    }

    @Test("a drill of a candidate that is suspended looks as if there was no traffic")
    func suspended() throws {
        let passed = sample(pulled: false) { $0.skipped = ["p/m: suspended (S1)"] }
        let root = try JSONDocument(report([passed, passed]).json).root
        #expect(root["verdict"]?.string == "inconclusive" && root["requests"]?["pulled"]?["total"]?.int == 2)
        #expect(root["could_not"]?.elements.map { $0["what"]?.string } == ["p/m: suspended (S1)"])
    }

    @Test("an unpriced candidate costs nothing")
    func unpriced() throws {
        let root = try JSONDocument(report([sample { $0.isPriced = false }]).json).root
        #expect(root["cost"] == nil)
    }
}
