import Testing
import Veto

/// Suspensions that standards will order at known dates.
@Suite struct PlannedStopTests {
    private let a = SuspendedScope.model("here/a")
    private let b = SuspendedScope.model("there/b")
    private static let day = 86_400

    private static func standard(
        _ id: String = "audited", breach: Standard.Breach = .suspend, grace: Int = 0, evenTheLast: Bool = false
    ) -> Standard {
        let paper = StandardDocument(name: "soc2", kind: .soc2, file: "f", until: 0)
        return Standard(
            id: id, subjects: [.models], check: .document(paper), breach: breach,
            terms: .init(grace: grace, comesBack: .byItself, evenTheLast: evenTheLast))
    }

    /// A machine that has taken one round of judgements.
    private struct Round {
        var bench = StandardsBench()
        var findings: [StandardFinding] = []

        init(routes: [StandardSituation.Route] = [route("assistant", ["here/a", "there/b"])]) { bench.routes = routes }

        /// - Parameter until: in seconds from now.
        mutating func take(
            _ judgements: [(Standard, SuspendedScope, StandardVerdict.Ruling, until: Int?)]
        ) -> [StandardEvent] {
            findings = judgements.map { standard, scope, ruling, until in
                let date = until.map { bench.now.wall + $0 }
                return StandardFinding(
                    standard, scope, StandardVerdict(ruling, "evidence", seen: bench.now.wall, until: date))
            }
            return bench.machine.take(findings, in: bench.situation, at: bench.now)
        }

        /// In days from now, by standard.
        var planned: [String: Double] {
            let stops = bench.machine.planned(findings, in: bench.situation, at: bench.now)
            return Dictionary(
                uniqueKeysWithValues: stops.map {
                    ($0.place.standard, Double($0.stops - bench.now.wall) / Double(PlannedStopTests.day))
                })
        }
    }

    @Test func aDateThatIsNearIsPlanned() {
        var round = Round()
        _ = round.take([(Self.standard(grace: Self.day), a, .met, until: 10 * Self.day)])
        #expect(round.planned == ["audited": 11])
        let stops = round.bench.machine.planned(round.findings, in: round.bench.situation, at: round.bench.now)
        #expect(stops.first?.place == StandardPlace("audited", a))
        // The moment of the warning never lies ahead.
        #expect(stops.allSatisfy { $0.since <= round.bench.now.wall })
    }

    @Test("a stop is planned that may not come", arguments: [29, 30, 31, 400])
    func aDateThatIsFarIsNone(_ days: Int) {
        var round = Round()
        _ = round.take([(Self.standard(), a, .met, until: days * Self.day)])
        #expect(round.planned == (days <= 30 ? ["audited": Double(days)] : [:]))
    }

    @Test func aWarningAnUnknownAndADateThatNobodyKnowsAreNone() {
        var round = Round()
        _ = round.take([
            (Self.standard("warns", breach: .warn), a, .met, until: Self.day),
            (Self.standard("unknown"), a, .unknown, until: Self.day), (Self.standard("dateless"), a, .met, until: nil),
        ])
        #expect(round.planned.isEmpty)
    }

    @Test func theGraceOfALateBreachIsWhole() {
        var round = Round()
        // The date was two days ago: the machine has found out only now.
        _ = round.take([(Self.standard(grace: Self.day), a, .breached, until: -2 * Self.day)])
        #expect(round.planned == ["audited": 1])
        round.bench.pass(Self.day / 2)
        _ = round.take([(Self.standard(grace: Self.day), a, .breached, until: -2 * Self.day - Self.day / 2)])
        #expect(round.planned == ["audited": 0.5])
    }

    @Test func aSuspensionThatIsOrderedIsNotPlannedAnyMore() {
        var round = Round()
        let events = round.take([(Self.standard(), a, .breached, until: 0)])
        guard case .order(let order, _, _)? = events.first else {
            Issue.record("no order")
            return
        }
        #expect(round.planned.isEmpty)
        round.bench.record(order)
        _ = round.take([(Self.standard(), a, .met, until: Self.day)])
        #expect(round.planned.isEmpty)
    }

    @Test func theLastCandidateIsSparedBeforehandToo() {
        var round = Round()
        let both = [(Self.standard("later"), b, 2), (Self.standard("sooner"), a, 1)]
        _ = round.take(both.map { ($0.0, $0.1, .met, until: $0.2 * Self.day) })
        #expect(round.planned == ["sooner": 1])
        _ = round.take(both.map { ($0.0, $0.1, .met, until: (3 - $0.2) * Self.day) })
        #expect(round.planned == ["later": 1])
        _ = round.take([
            (Self.standard("sooner"), a, .met, until: Self.day),
            (Self.standard("later", evenTheLast: true), b, .met, until: 2 * Self.day),
        ])
        #expect(round.planned == ["sooner": 1, "later": 2])
        var alone = Round(routes: [route("assistant", ["here/a"])])
        _ = alone.take([(Self.standard(), a, .met, until: Self.day)])
        #expect(alone.planned.isEmpty)
    }

    @Test func aRouteAndACandidateAreCoveredApart() {
        let route = PlannedStop(place: StandardPlace("s", .route("talk")), stops: 5)
        let model = PlannedStop(place: StandardPlace("s", a), stops: 5)
        let subject = SuspensionSubject(id: "here/a")
        #expect(route.covers(subject, on: "talk") && !route.covers(subject, on: nil))
        #expect(model.covers(subject, on: "talk") && model.covers(subject, on: nil))
        #expect(!model.covers(SuspensionSubject(id: "here/b"), on: "talk"))
    }

    @Test func noDateOverflows() {
        var round = Round()
        _ = round.take([(Self.standard(grace: .max), a, .met, until: Self.day)])
        #expect(round.planned.isEmpty)
    }
}
