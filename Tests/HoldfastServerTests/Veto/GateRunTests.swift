import HoldfastServer
import Seeded
import Testing

/// The gate as a machine, on a manual clock.
@Suite struct GateRunTests {
    private static let rules: GateRules = {
        var rules = GateRules()
        rules.halfOpen = .seconds(60)
        return rules
    }()
    private static let green = [GateCondition("standards", .passed), GateCondition("drill", .notApplicable, "none")]

    /// Answers all that is asked until the steps are others, or the time ends.
    private func play(
        _ run: inout GateRun, from start: Int, to end: Int, failure: (String, Int) -> String? = { _, _ in nil }
    ) -> [(second: Int, step: GateRun.Step)] {
        var steps: [(Int, GateRun.Step)] = []
        for second in start...end {
            let now = Duration.seconds(second)
            for step in run.steps(at: now) {
                if case .ask(let candidate) = step {
                    run.answered(candidate, failure: failure(candidate, second), at: now)
                } else {
                    steps.append((second, step))
                }
            }
        }
        return steps
    }

    @Test func threeAnswersThenAShareThenAll() {
        var run = GateRun(["a/m", "b/m"], rules: Self.rules, at: .zero)
        run.note(Self.green)
        let steps = play(&run, from: 0, to: 200)
        #expect(steps.map(\.step) == [.halfOpen(percent: 10), .restored])
        #expect(steps.map(\.second) == [5, 65])
    }

    @Test func nothingIsAskedBeforeTheOtherConditionsHold() {
        var run = GateRun(["a/m"], rules: Self.rules, at: .zero)
        run.note([GateCondition("standards", .waiting, "custody: breach")])
        #expect(run.steps(at: .seconds(1)).isEmpty)
        run.note(Self.green)
        #expect(run.steps(at: .seconds(2)) == [.ask(candidate: "a/m")])
        #expect(run.steps(at: .seconds(60)).isEmpty, "one request at a time")
    }

    @Test func aCandidateThatDoesNotAnswerFailsTheGate() {
        var run = GateRun(["a/m", "b/m"], rules: Self.rules, at: .zero)
        run.note(Self.green)
        let steps = play(&run, from: 0, to: 60) { candidate, _ in candidate == "b/m" ? "unreachable" : nil }
        #expect(steps.map(\.step) == [.failed(reason: "b/m did not answer the gate: unreachable")])
        #expect(run.steps(at: .seconds(100)).isEmpty)
    }

    @Test func aFailedConditionFailsTheGate() {
        var run = GateRun(["a/m"], rules: Self.rules, at: .zero)
        run.note([GateCondition("same-model", .failed, "another root")])
        #expect(run.steps(at: .zero) == [.failed(reason: "same-model: another root")])
    }

    @Test func whatWaitsForeverFails() {
        var run = GateRun([], rules: Self.rules, at: .zero)
        run.note([GateCondition("drill", .waiting)])
        #expect(run.steps(at: .seconds(86_399)).isEmpty)
        #expect(run.steps(at: .seconds(86_400)) == [.failed(reason: "it waited 86400 s for: drill")])
    }

    @Test(arguments: [(0, 2, true), (97, 3, true), (9, 3, false), (11, 3, false), (12, 3, true), (0, 3, false)])
    func errorsOfTheShareFailIt(good: Int, bad: Int, isWell: Bool) {
        var run = GateRun([], rules: Self.rules, isHalfOpen: true, at: .zero)
        run.note(Self.green)
        run.note(letThrough: GateTally(good: good, bad: bad))
        let steps = run.steps(at: .seconds(60))
        #expect((steps == [.restored]) == isWell)
        if !isWell {
            #expect(steps == [.failed(reason: "\(bad) of \(good + bad) requests that were let through failed")])
        }
    }

    @Test func aBreachWhileHalfOpenKeepsItFromBeingWhole() {
        var run = GateRun([], rules: Self.rules, isHalfOpen: true, at: .zero)
        run.note([GateCondition("standards", .waiting)])
        #expect(run.steps(at: .seconds(600)).isEmpty)
        run.note(Self.green)
        #expect(run.steps(at: .seconds(601)) == [.restored])
    }

    @Test func underAnyEventsItIsNeverRestoredWithoutItsSteps() {
        var chance = SplitMix(seed: 19)
        for _ in 0..<300 {
            var run = GateRun(["a/m", "b/m"], rules: Self.rules, at: .zero)
            var now = 0
            var asked: Set<String> = []
            var inARow = ["a/m": 0, "b/m": 0]
            var halfOpen: Int?
            var isOver = false
            for _ in 0..<400 where !isOver {
                now += Int.random(in: 0...3, using: &chance)
                if Int.random(in: 0..<8, using: &chance) == 0 {
                    run.note(
                        [GateCondition("standards", Bool.random(using: &chance) ? .passed : .waiting)])
                }
                if let candidate = asked.sorted().randomElement(using: &chance) {
                    asked.remove(candidate)
                    let isGood = Int.random(in: 0..<10, using: &chance) > 0
                    inARow[candidate] = isGood ? (inARow[candidate] ?? 0) + 1 : 0
                    run.answered(candidate, failure: isGood ? nil : "silent", at: .seconds(now))
                }
                for step in run.steps(at: .seconds(now)) {
                    switch step {
                    case .ask(let candidate): #expect(asked.insert(candidate).inserted)
                    case .halfOpen(let percent):
                        #expect(percent == 10 && halfOpen == nil)
                        #expect(inARow.values.allSatisfy { $0 >= 3 })
                        halfOpen = now
                        inARow = ["a/m": 0, "b/m": 0]
                    case .restored:
                        #expect(halfOpen.map { now - $0 >= 60 } == true)
                        #expect(inARow.values.allSatisfy { $0 >= 3 })
                        isOver = true
                    case .failed: isOver = true
                    }
                }
            }
        }
    }
}

/// The gate's conditions from outside of its own requests.
@Suite struct GateConditionTests {
    @Test func breachesAreNamed() {
        #expect(GateConditions.standards([]).state == .passed)
        let condition = GateConditions.standards(["custody: no receipt", "drill: 40 days old"])
        #expect(condition.state == .waiting && condition.detail == "custody: no receipt; drill: 40 days old")
    }

    @Test func aDrillOrTheCutOverItselfShowsThatTheRouteGoesOn() {
        func state(_ route: GateRoute) -> GateCondition.State { GateConditions.drill([route], since: 100).state }
        #expect(state(GateRoute(name: "r", hasStandby: true)) == .waiting)
        #expect(state(GateRoute(name: "r", hasStandby: false)) == .notApplicable)
        #expect(state(GateRoute(name: "r", hasStandby: true, passed: 99)) == .waiting)
        #expect(state(GateRoute(name: "r", hasStandby: true, passed: 100)) == .passed)
        #expect(state(GateRoute(name: "r", hasStandby: true, cutOver: GateTally(good: 19))) == .waiting)
        #expect(state(GateRoute(name: "r", hasStandby: true, cutOver: GateTally(good: 20))) == .passed)
        #expect(state(GateRoute(name: "r", hasStandby: true, cutOver: GateTally(good: 19, bad: 1))) == .passed)
        #expect(state(GateRoute(name: "r", hasStandby: true, cutOver: GateTally(good: 18, bad: 2))) == .waiting)
        #expect(GateConditions.drill([], since: 100).state == .notApplicable)
        let both = GateConditions.drill(
            [GateRoute(name: "a", hasStandby: true, passed: 200), GateRoute(name: "b", hasStandby: true)], since: 100)
        #expect(both.state == .waiting && both.detail?.contains("on b") == true)
    }

    /// A gate waits for the newest requests, and not for those of days ago.
    @Test func anOutageThatIsOverBlocksNoReturn() {
        var window = GateWindow()
        window.add(true)
        let before = window
        for _ in 0..<5000 { window.add(false) }
        #expect(window.since(before) == GateTally(good: 0, bad: 20))
        func isShown() -> Bool {
            let route = GateRoute(name: "r", hasStandby: true, cutOver: window.since(before))
            return GateConditions.drill([route], since: 100).state == .passed
        }
        for _ in 0..<18 { window.add(true) }
        #expect(!isShown())
        window.add(true)
        #expect(isShown() && window.since(before) == GateTally(good: 19, bad: 1))
        for _ in 0..<2 { window.add(false) }
        #expect(!isShown())
    }

    @Test func requestsOfBeforeTheOrderShowNothing() {
        var window = GateWindow()
        for _ in 0..<100 { window.add(true) }
        let before = window
        #expect(window.since(before) == GateTally())
        for number in 1...19 {
            window.add(true)
            #expect(window.since(before) == GateTally(good: number))
        }
        #expect(window.since(nil) == GateTally(good: 20))
    }

    @Test func anotherModelHasToBeAcknowledged() {
        func state(_ before: String?, _ now: String?, mayDiffer: Bool = false) -> GateCondition.State {
            GateConditions.sameModel(
                [GateIdentity(candidate: "p/m", before: before, now: now)], mayDiffer: mayDiffer
            ).state
        }
        #expect(state("a", "a") == .passed)
        #expect(state("a", "b") == .failed)
        #expect(state("a", "b", mayDiffer: true) == .passed)
        #expect(state(nil, "b") == .notApplicable)
        #expect(state("a", nil) == .notApplicable)
    }
}
