import Testing
import Veto

@Suite struct StandardRuleTests {
    private let now = 1_800_000_000
    private let day = 86_400

    private func ruling(_ verdict: StandardVerdict) -> StandardVerdict.Ruling { verdict.ruling }

    private func hosted(_ change: (inout HostedFacts) -> Void = { _ in }) -> HostedFacts {
        var facts = HostedFacts(
            engine: .ready, receipt: .init(id: "custody_1", time: now - 100, epoch: 3), epoch: .newest(3))
        change(&facts)
        return facts
    }

    @Test func whatIsNotHostedIsUnknown() {
        #expect(StandardRules.weights(nil, at: now).ruling == .unknown)
        #expect(StandardRules.receipt(nil, within: nil, at: now).ruling == .unknown)
        #expect(StandardRules.epoch(nil, at: now).ruling == .unknown)
        #expect(StandardRules.extractionGuard(nil, at: now).ruling == .unknown)
        #expect(
            StandardRules.engine(nil, restarts: 1, over: 60, at: VetoTime(wall: now, boot: 0)).ruling == .unknown)
    }

    @Test func weightsThatChangedAreABreachUntilTheyAreVerifiedAnew() {
        #expect(StandardRules.weights(hosted(), at: now).ruling == .met)
        #expect(StandardRules.weights(hosted { $0.weights = .changed(since: now - 50) }, at: now).ruling == .breached)
        #expect(StandardRules.weights(hosted { $0.weights = .changed(since: now - 200) }, at: now).ruling == .met)
        #expect(
            StandardRules.weights(hosted { $0.weights = .quarantined(since: now - 200) }, at: now).ruling == .breached)
        #expect(
            StandardRules.weights(
                hosted {
                    $0.receipt = nil
                    $0.refusal = "the bytes differ"
                }, at: now
            ).ruling == .breached)
        #expect(StandardRules.weights(hosted { $0.receipt = nil }, at: now).ruling == .unknown)
    }

    @Test func aReceiptLacksNothingAndIsNotTooOld() {
        #expect(StandardRules.receipt(hosted(), within: nil, at: now).ruling == .met)
        #expect(StandardRules.receipt(hosted(), within: 99, at: now).ruling == .breached)
        #expect(
            StandardRules.receipt(hosted { $0.receipt?.missing = ["network"] }, within: nil, at: now).ruling
                == .breached)
        #expect(
            StandardRules.receipt(hosted { $0.receipt?.isScrubbedWhole = false }, within: nil, at: now).ruling
                == .breached)
        #expect(StandardRules.receipt(hosted { $0.receipt = nil }, within: nil, at: now).ruling == .unknown)
        let failed = hosted {
            $0.receipt = nil
            $0.engine = .failed("it ended")
        }
        #expect(StandardRules.receipt(failed, within: nil, at: now).ruling == .breached)
    }

    @Test(arguments: [
        (HostedFacts.Epoch.newest(3), UInt64?.some(3), StandardVerdict.Ruling.met), (.newest(4), 3, .breached),
        (.newest(2), 3, .breached), (.newest(3), nil, .breached), (.unverified, 3, .breached), (.none, 3, .unknown),
    ])
    func theEpochIsTheNewest(_ newest: HostedFacts.Epoch, _ own: UInt64?, _ expected: StandardVerdict.Ruling) {
        let facts = hosted {
            $0.epoch = newest
            $0.receipt?.epoch = own
        }
        #expect(StandardRules.epoch(facts, at: now).ruling == expected)
    }

    @Test func aSupervisorIsIndependentAndPasses() {
        #expect(StandardRules.supervisor(SupervisorFacts(isWanted: false), at: now).ruling == .met)
        #expect(StandardRules.supervisor(SupervisorFacts(isWanted: true), at: now).ruling == .met)
        #expect(StandardRules.supervisor(SupervisorFacts(isWanted: true, isDown: true), at: now).ruling == .breached)
        #expect(
            StandardRules.supervisor(SupervisorFacts(isWanted: true, shared: ["one lab"]), at: now).ruling == .breached)
        #expect(
            StandardRules.supervisor(SupervisorFacts(isWanted: true, engine: .starting), at: now).ruling == .unknown)
        #expect(
            StandardRules.supervisor(SupervisorFacts(isWanted: true, engine: .failed("x")), at: now).ruling
                == .breached)
    }

    @Test func anEngineThatWasKilledTooOftenIsABreachThoughItIsReady() {
        let time = VetoTime(wall: now, boot: 1000 * 1_000_000_000)
        func facts(_ count: Int, ago: UInt64) -> HostedFacts {
            hosted { $0.restarts = Array(repeating: (1000 - ago) * 1_000_000_000, count: count) }
        }
        func ruling(_ facts: HostedFacts) -> StandardVerdict.Ruling {
            StandardRules.engine(facts, restarts: 5, over: 600, at: time).ruling
        }
        #expect(ruling(facts(5, ago: 10)) == .met)
        #expect(ruling(facts(10, ago: 10)) == .breached)
        #expect(ruling(facts(10, ago: 600)) == .met)
        #expect(ruling(hosted { $0.engine = .starting }) == .unknown)
        #expect(ruling(hosted { $0.engine = .failed("gone") }) == .breached)
        #expect(ruling(hosted { $0.engine = .stopped }) == .breached)
    }

    @Test func onlyADrillThatPassedLatelyCounts() {
        func drill(_ passed: Bool, ago days: Int) -> DrillFacts {
            DrillFacts(id: "d_\(days)", route: "r", pulled: "h/a", hasPassed: passed, time: now - days * day)
        }
        let within = 30 * day
        #expect(StandardRules.drill([], within: within, at: now).ruling == .breached)
        #expect(StandardRules.drill([drill(false, ago: 1)], within: within, at: now).ruling == .breached)
        #expect(StandardRules.drill([drill(true, ago: 30)], within: within, at: now).ruling == .met)
        #expect(StandardRules.drill([drill(true, ago: 31)], within: within, at: now).ruling == .breached)
        #expect(
            StandardRules.drill([drill(false, ago: 1), drill(true, ago: 2)], within: within, at: now).ruling == .met)
    }

    @Test func fewRequestsSayNothingAboutAvailability() {
        func ruling(_ answered: Int, of requests: Int) -> StandardVerdict.Ruling {
            StandardRules.availability(
                AnsweredFacts(requests: requests, answered: answered, source: .probes, newest: now), floor: 0.9,
                least: 10, at: now
            ).ruling
        }
        #expect(ruling(0, of: 0) == .unknown)
        #expect(ruling(0, of: 9) == .unknown)
        #expect(ruling(9, of: 10) == .met)
        #expect(ruling(8, of: 10) == .breached)
    }

    @Test func aDocumentIsOnFileAndNotPastItsDate() {
        let document = StandardDocument(name: "audit", kind: .soc2, file: "a.pdf", until: now + 1)
        let there = DocumentFacts.onFile(sha256: "ab", bytes: 10)
        #expect(StandardRules.document(document, there, at: now).ruling == .met)
        #expect(StandardRules.document(document, there, at: now + 1).ruling == .breached)
        #expect(StandardRules.document(document, .missing, at: now).ruling == .breached)
        #expect(StandardRules.document(document, .onFile(sha256: "ab", bytes: 0), at: now).ruling == .breached)
        #expect(StandardRules.document(document, .unreadable("no answer"), at: now).ruling == .unknown)
        var pinned = document
        pinned.sha256 = "cd"
        #expect(StandardRules.document(pinned, there, at: now).ruling == .breached)
    }

    @Test func aRetirementNeedsADrilledSuccessor() {
        let within = 30 * day
        func ruling(_ facts: RetirementFacts?, _ drills: [DrillFacts] = []) -> StandardVerdict.Ruling {
            StandardRules.retirement(of: "h/a", facts, drills: drills, within: within, at: now).ruling
        }
        #expect(ruling(nil) == .met)
        #expect(ruling(RetirementFacts(retires: now + 31 * day)) == .met)
        #expect(ruling(RetirementFacts(retires: now + 30 * day)) == .breached)
        let facts = RetirementFacts(retires: now - day, successor: "h/b", successors: ["h/b"])
        #expect(ruling(facts) == .breached)
        func drill(_ passed: Bool, pulled: String = "h/a", _ stoodIn: [String]) -> DrillFacts {
            DrillFacts(id: "d", route: "r", pulled: pulled, stoodIn: stoodIn, hasPassed: passed, time: now)
        }
        #expect(ruling(facts, [drill(true, ["h/b"])]) == .met)
        #expect(ruling(facts, [drill(false, ["h/b"])]) == .breached)
        #expect(ruling(facts, [drill(true, ["h/c"])]) == .breached)
        #expect(ruling(facts, [drill(true, pulled: "h/x", ["h/b"])]) == .breached)
    }

    @Test func onlyDatesThatOthersSetAreKnownBeforehand() {
        func until(_ facts: RetirementFacts?, _ drills: [DrillFacts] = []) -> Int? {
            StandardRules.retirement(of: "h/a", facts, drills: drills, within: 30 * day, at: now).until
        }
        let drill = DrillFacts(id: "d", route: "r", pulled: "h/a", stoodIn: ["h/b"], hasPassed: true, time: now)
        let retires = now + 40 * day
        #expect(until(nil) == nil)
        #expect(until(RetirementFacts(retires: retires)) == retires - 30 * day)
        #expect(until(RetirementFacts(retires: now, successor: "h/b", successors: ["h/b"])) == now - 30 * day)
        #expect(until(RetirementFacts(retires: retires, successor: "h/b", successors: ["h/b"]), [drill]) == nil)
        let paper = StandardDocument(name: "p", kind: .certificate, file: "f", until: now + day)
        let onFile = DocumentFacts.onFile(sha256: "aa", bytes: 1)
        #expect(StandardRules.document(paper, onFile, at: now).until == now + day)
        #expect(StandardRules.document(paper, onFile, at: now + 2 * day).until == now + day)
        #expect(StandardRules.document(paper, .missing, at: now).until == nil)
        #expect(StandardRules.drill([drill], within: day, at: now).until == nil)
    }

    @Test func ofSeveralMembersTheFirstDateCounts() {
        func until(_ members: [(StandardVerdict.Ruling, Int?)]) -> Int? {
            StandardVerdict.all(
                of: members.map { ("m", StandardVerdict($0.0, "e", seen: now, until: $0.1)) }, at: now
            ).until
        }
        #expect(until([(.met, nil), (.met, 7), (.met, 5)]) == 5)
        #expect(until([(.met, nil), (.met, nil)]) == nil)
        // A date of one that is met says nothing about those that are breached.
        #expect(until([(.met, 5), (.breached, nil)]) == nil)
        #expect(until([(.met, 5), (.breached, 7)]) == 7)
    }

    @Test func acanaryIsMetByTheExpectedWords() {
        let canary = Canary(prompt: "2 + 2?", expect: "the  Answer is 4")
        #expect(canary.isMet(by: "Well: THE answer\nis 4."))
        #expect(!canary.isMet(by: "The answer is 5"))
        #expect(!canary.isMet(by: ""))
        #expect(StandardRules.canary(.none("not asked yet"), at: now).ruling == .unknown)
        #expect(StandardRules.canary(.answered(asExpected: false, at: now), at: now).ruling == .breached)
    }

    @Test func ofSeveralMembersOneBreachIsABreach() {
        func verdict(_ rulings: [StandardVerdict.Ruling]) -> StandardVerdict.Ruling {
            StandardVerdict.all(
                of: rulings.enumerated().map { ("m\($0)", StandardVerdict($1, "e", seen: now)) }, at: now
            ).ruling
        }
        #expect(verdict([]) == .unknown)
        #expect(verdict([.met]) == .met)
        #expect(verdict([.met, .unknown]) == .unknown)
        #expect(verdict([.unknown, .breached, .met]) == .breached)
    }

    @Test func anAgeIsNeverBelowNothing() {
        #expect(StandardVerdict(.met, "", seen: .max).age(at: 0) == 0)
        #expect(StandardVerdict(.met, "", seen: .min).age(at: now) == .max)
    }
}
