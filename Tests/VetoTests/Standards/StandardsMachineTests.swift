import Testing
import Veto

@Suite struct StandardsMachineTests {
    private let a = SuspendedScope.model("here/a")
    private let b = SuspendedScope.model("there/b")

    private func bench() -> StandardsBench {
        var bench = StandardsBench()
        bench.routes = [route("assistant", ["here/a", "there/b"])]
        return bench
    }

    private func isOrder(_ event: StandardEvent?) -> Suspension? {
        if case .order(let suspension, _, _)? = event { suspension } else { nil }
    }

    @Test func aBreachWithinItsGraceSuspendsNothing() {
        var bench = bench()
        let standard = Standard.engine()
        guard case .breached(_, _, .suspend)? = bench.round(standard, a, .breached).first else {
            Issue.record("the breach was not told")
            return
        }
        bench.pass(29)
        #expect(bench.round(standard, a, .breached).isEmpty)
        bench.pass(1)
        let order = isOrder(bench.round(standard, a, .breached).first)
        #expect(order?.scopes == [a])
        #expect(order?.mode == .cut)
        #expect(order?.orderer == .standard("engine"))
        #expect(order?.comesBack == .byItself)
    }

    @Test func anEngineThatRestartsInASecondIsNoBreach() {
        var bench = bench()
        let standard = Standard.engine()
        for _ in 0..<10 {
            _ = bench.round(standard, a, .breached)
            bench.pass(1)
            guard case .recovered? = bench.round(standard, a, .met).first else {
                Issue.record("its recovery was not told")
                return
            }
            bench.pass(28)
        }
        #expect(bench.entries.isEmpty)
    }

    @Test func suspendNewLetsRunningRequestsFinish() {
        var bench = bench()
        let order = isOrder(bench.round(.engine(breach: .suspendNew, grace: 0), a, .breached).first)
        #expect(order?.mode == .drain)
        #expect(order?.drainLimit == Standard.drainLimit)
    }

    @Test func aWarningIsToldOnceAndSuspendsNothing() {
        var bench = bench()
        let standard = Standard.engine(breach: .warn, grace: 0)
        #expect(bench.round(standard, a, .breached).count == 1)
        bench.pass(86_400)
        #expect(bench.round(standard, a, .breached).isEmpty)
        #expect(bench.entries.isEmpty)
    }

    @Test func unknownIsNeverABreachAndNeverGreen() {
        var bench = bench()
        let standard = Standard.engine(grace: 10)
        for _ in 0..<100 {
            _ = bench.round(standard, a, .unknown)
            bench.pass(10)
        }
        #expect(bench.entries.isEmpty)
        _ = bench.round(standard, a, .breached)
        bench.pass(9)
        // The time that nobody can say anything about doesn't count.
        _ = bench.round(standard, a, .unknown)
        bench.pass(5)
        #expect(isOrder(bench.round(standard, a, .breached).first) == nil)
        bench.pass(10)
        #expect(isOrder(bench.round(standard, a, .breached).first) != nil)
        _ = bench.round(standard, a, .met)
        bench.pass(599)
        _ = bench.round(standard, a, .unknown)
        bench.pass(5)
        #expect(bench.round(standard, a, .met).isEmpty)
        bench.pass(599)
        #expect(bench.round(standard, a, .met).isEmpty)
        bench.pass(1)
        #expect(bench.round(standard, a, .met) == [.return(number: 1, StandardPlace("engine", a))])
    }

    @Test func theLastCandidateOfARouteIsSpared() {
        var bench = bench()
        bench.routes = [route("assistant", ["here/a", "there/b"]), route("alone", ["here/a"])]
        let events = bench.round(.engine(grace: 0), a, .breached)
        guard case .warned(_, _, .lastCandidate(let routes))? = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(routes == ["alone"])
        #expect(isOrder(bench.round(.engine(grace: 0, evenTheLast: true), a, .breached).first) != nil)
    }

    @Test func aStandbyThatIsHeldIsNoStandby() {
        var bench = bench()
        bench.routes[0].candidates[1].serves = false
        _ = bench.round(.engine(grace: 0), a, .breached)
        #expect(bench.entries.isEmpty)
        bench.routes[0].candidates[1].serves = true
        #expect(isOrder(bench.round(.engine(grace: 0), a, .breached).first) != nil)
    }

    @Test func ofTwoBreachedAtOnceOneIsSpared() {
        var bench = bench()
        let standard = Standard.engine(grace: 0)
        let events = bench.round([(standard, a, .breached), (standard, b, .breached)])
        #expect(events.compactMap { isOrder($0) }.count == 1)
        #expect(bench.inForce == ["S1"])
        // Also where the order takes a while to come into force.
        var slow = self.bench()
        _ = slow.round(standard, a, .breached, records: false)
        _ = slow.round([(standard, a, .breached), (standard, b, .breached)], records: false)
        #expect(slow.entries.isEmpty)
    }

    @Test func theLastCandidateIsSparedWhereAPersonSuspendedTheOther() {
        var bench = bench()
        bench.record(
            Suspension(
                number: 0, scopes: [b], reason: SuspensionReason(.security, text: "t"), orderer: .person("alice"),
                ordered: 0, roster: 1, nonce: "n"))
        let events = bench.round(.engine(grace: 0), a, .breached)
        guard case .warned? = events.first else {
            Issue.record("\(events)")
            return
        }
    }

    @Test func aWholeRouteIsSuspendedOnlyWhereItSaysSo() {
        var bench = bench()
        let scope = SuspendedScope.route("assistant")
        _ = bench.round(.engine(grace: 0), scope, .breached)
        #expect(bench.entries.isEmpty)
        _ = bench.round(.engine(grace: 0, evenTheLast: true), scope, .breached)
        #expect(bench.entries.count == 1)
    }

    @Test func anUnsignedFeedOnlyWarns() {
        var bench = bench()
        func standard(_ source: AdvisoryFeed.Source) -> Standard {
            Standard(id: "advisories", subjects: [.models], check: .advisory(AdvisoryFeed(source)), breach: .suspend)
        }
        let events = bench.round(standard(.url("https://example.com/a.json", key: nil)), a, .breached)
        guard case .warned(_, _, .unsignedFeed)? = events.first else {
            Issue.record("\(events)")
            return
        }
        for source in [AdvisoryFeed.Source.file("a.json"), .url("https://example.com/a.json", key: "feed.pub")] {
            var other = self.bench()
            #expect(isOrder(other.round(standard(source), a, .breached).first) != nil)
        }
    }

    @Test func whatNeedsPeopleNeverReturnsByItself() {
        var bench = bench()
        let standard = Standard(
            id: "canary", subjects: [.models], check: .canary(Canary(prompt: "p", expect: "e")), breach: .suspend)
        #expect(isOrder(bench.round(standard, a, .breached).first)?.comesBack == .people)
        _ = bench.round(standard, a, .met)
        bench.pass(600)
        #expect(
            bench.round(standard, a, .met) == [.needsPeople(number: 1, StandardPlace("canary", a), .standard)])
        bench.pass(86_400)
        #expect(bench.round(standard, a, .met).isEmpty)
    }

    /// One outage that is over after the steady time.
    private func outage(_ bench: inout StandardsBench, _ standard: Standard) -> [StandardEvent] {
        _ = bench.round(standard, a, .breached)
        bench.pass(standard.terms.grace)
        _ = bench.round(standard, a, .breached)
        _ = bench.round(standard, a, .met)
        bench.pass(600)
        return bench.round(standard, a, .met)
    }

    @Test func flappingEndsWithPeople() {
        var bench = bench()
        let standard = Standard.engine()
        for turn in 1...3 {
            #expect(outage(&bench, standard) == [.return(number: turn, StandardPlace("engine", a))])
            bench.pass(60)
        }
        #expect(outage(&bench, standard) == [.needsPeople(number: 4, StandardPlace("engine", a), .flapping)])
        #expect(bench.entries.first?.suspension.comesBack == .people)
        // Also on the next day: the fourth was ordered as one for people.
        bench.pass(86_400)
        #expect(bench.round(standard, a, .met).isEmpty)
    }

    @Test func aDayLaterItMayReturnByItselfAgain() {
        var bench = bench()
        let standard = Standard.engine()
        for _ in 1...3 { _ = outage(&bench, standard) }
        bench.pass(86_400)
        #expect(outage(&bench, standard) == [.return(number: 4, StandardPlace("engine", a))])
    }

    @Test func aRestartForgetsNoReturns() {
        var bench = bench()
        for minutes in [10, 20, 30] {
            bench.machine.remember(
                returnOf: StandardPlace("engine", a), at: bench.now.wall - minutes * 60)
        }
        #expect(
            outage(&bench, .engine()) == [.needsPeople(number: 1, StandardPlace("engine", a), .flapping)])
    }

    @Test func settingTheClockForwardEarnsNoReturn() {
        var bench = bench()
        let standard = Standard.engine()
        for _ in 1...3 { _ = outage(&bench, standard) }
        bench.now.wall += 10 * 86_400
        #expect(outage(&bench, standard) == [.needsPeople(number: 4, StandardPlace("engine", a), .flapping)])
        // Neither does it make a breach or a return any sooner.
        var other = self.bench()
        _ = other.round(standard, a, .breached)
        other.now.wall += 86_400
        #expect(isOrder(other.round(standard, a, .breached).first) == nil)
    }

    @Test func whereTheGateFailsItHasToBeGreenForAsLongAgain() {
        var bench = bench()
        let standard = Standard.engine(grace: 0)
        _ = bench.round(standard, a, .breached)
        _ = bench.round(standard, a, .met)
        bench.pass(600)
        let order = bench.entries[0]
        #expect(bench.round(standard, a, .met).count == 1)
        // Back to suspended.
        bench.entries = [order]
        bench.pass(599)
        #expect(bench.round(standard, a, .met).isEmpty)
        bench.pass(1)
        #expect(bench.round(standard, a, .met) == [.return(number: 1, StandardPlace("engine", a))])
    }

    @Test func nothingIsAskedForWhileTheGateIsAtWork() {
        var bench = bench()
        let standard = Standard.engine(grace: 0)
        _ = bench.round(standard, a, .breached)
        for phase in [SuspensionPhase.verifying, .halfOpen(percent: 10)] {
            bench.entries[0].phase = phase
            _ = bench.round(standard, a, .met)
            bench.pass(600)
            #expect(bench.round(standard, a, .met).isEmpty)
            #expect(bench.round(standard, a, .breached).isEmpty)
        }
    }

    @Test func afterPeopleHaveRestoredItABreachHasItsGraceAgain() {
        var bench = bench()
        let standard = Standard.engine()
        _ = bench.round(standard, a, .breached)
        bench.pass(30)
        _ = bench.round(standard, a, .breached)
        #expect(bench.inForce == ["S1"])
        _ = bench.round(standard, a, .breached)
        bench.end(1)
        #expect(isOrder(bench.round(standard, a, .breached).first) == nil)
        bench.pass(30)
        #expect(isOrder(bench.round(standard, a, .breached).first) != nil)
    }

    @Test func anOrderThatIsNotRecordedIsGivenAgainAsTheSameOne() {
        var bench = bench()
        let standard = Standard.engine(grace: 0)
        let first = isOrder(bench.round(standard, a, .breached, records: false).first)
        bench.pass(59)
        #expect(bench.round(standard, a, .breached, records: false).isEmpty)
        bench.pass(1)
        #expect(isOrder(bench.round(standard, a, .breached).first) == first)
        #expect(bench.round(standard, a, .breached).isEmpty)
    }

    @Test func aStandardCountsOnceForASubject() {
        var bench = bench()
        let standard = Standard.engine(grace: 0)
        #expect(bench.round([(standard, a, .breached), (standard, a, .breached)]).count == 1)
    }

    @Test func subjectsAreTheModelsOfTheMoment() {
        var hosted = route("assistant", ["here/a", "there/b"])
        hosted.candidates[0].subject.weights = "a"
        #expect(StandardSubject.hosted.scopes(in: [hosted]) == [a])
        #expect(StandardSubject.models.scopes(in: [hosted]) == [a, b])
        #expect(StandardSubject.routes.scopes(in: [hosted]) == [.route("assistant")])
        for text in ["key:k", "weights:a@1", "all", "", "model:a"] { #expect(StandardSubject(text) == nil, "\(text)") }
        for text in ["hosted", "models", "routes", "lab:x", "route:r"] {
            #expect(StandardSubject(text)?.text == text)
        }
    }
}
