import Availability
import NIOCore
import Testing
import Wire

@Suite struct ReportTests {
    static let day = Period(start: 1_780_272_000, minutes: 1440)

    static func history(_ counts: [(Counter, Range<Int>, UInt32)], in period: Period = day) -> History {
        var hours: [Int: HourCounts] = [:]
        for (counter, minutes, count) in counts {
            for minute in minutes {
                hours[period.start / 3600 + minute / 60, default: HourCounts()].add(counter, minute: minute % 60, count)
            }
        }
        var history = History(period)
        for (hour, counts) in hours.sorted(by: { $0.key < $1.key }) { history.add(counts, hour: hour) }
        return history
    }

    @Test func lostTimeAddsUp() {
        let history = Self.history([
            (.whole(by: "a/m"), 0..<1440, 9), (.failed(cause: "broken"), 0..<60, 1),
            (.cut(cause: "truncated"), 30..<60, 10), (.stoodIn(by: "b/m"), 100..<110, 1), (.callerGone, 0..<5, 7),
        ])
        let route = RouteReport("talk", history, objective: 0.99)
        #expect(route.requests == 1440 * 9 + 60 + 300 + 10)
        #expect(route.whole == 1440 * 9 + 10 && route.byStandIn == 10 && route.minutesByStandIn == 10)
        #expect(route.callersGone == 35 && route.lost == ["broken": 60, "truncated": 300])
        // Thirty minutes at a tenth, thirty at a twentieth of twenty.
        let broken: Double = 30 * 0.1 + 30 * 0.05
        #expect(abs(route.lostMinutes["broken"]! - broken) < 1e-9)
        #expect(abs(route.lostMinutes["truncated"]! - 15) < 1e-9)
        let used: Double = 360.0 / Double(route.requests) / 0.01
        #expect(abs(route.budgetUsed! - used) < 1e-9)
        #expect(route.days.count == 1 && route.days[0].requests == route.requests)
    }

    @Test func heldTimeStandsBesideTheContract() {
        let history = Self.history([
            (.status(200), 0..<100, 5), (.held, 100..<400, 60), (.status(404), 100..<101, 1),
            (.cause("withdrawn"), 100..<101, 1),
            (.probe(status: 404), 110..<112, 1), (.probe(status: 200), 399..<400, 1),
            (.probe(status: 200), 900..<901, 1),
        ])
        let contract = Contract(
            name: "c", formula: .intervalMean(minutes: 5, empty: .available), failing: [500...599], tiers: [])
        let service = ServiceReport("a/m", [history], contracts: [contract])
        #expect(service.verdicts.map(\.uptime) == [100])
        #expect(service.heldMinutes == 300 && service.emptyHeldMinutes == 299)
        #expect(service.heldProbes == 3 && service.heldProbesAnswered == 1)
        #expect(service.attempts == 501 && service.causes == ["withdrawn": 1])
    }

    @Test func burnsOnlyWhileBothWindowsDo() {
        // Half of all requests fail in the last ten minutes.
        var history = Self.history([(.whole(by: "a/m"), 0..<1440, 10), (.failed(cause: "broken"), 1430..<1440, 10)])
        var rates = BurnRate.all(of: history, objective: 0.999)
        #expect(rates.map(\.isBurning) == [true, true, true])
        #expect(abs(rates[0].short - 500) < 1e-6)
        #expect(abs(rates[0].long - 100.0 / 700 / 0.001) < 1e-6)
        // It is over: the short window has forgotten, the long one has not.
        history = Self.history([(.whole(by: "a/m"), 0..<1440, 10), (.failed(cause: "broken"), 1400..<1410, 10)])
        rates = BurnRate.all(of: history, objective: 0.999)
        #expect(rates[0].long > 14.4 && rates[0].short == 0 && !rates[0].isBurning)
        #expect(rates[0].minutesBurning == 14)
        // What hasn't happened yet doesn't burn.
        #expect(
            BurnRate.all(of: history, until: 1400, objective: 0.999).allSatisfy {
                $0.long == 0 && $0.minutesBurning == 0
            })
        #expect(BurnRate.all(of: History(Self.day), objective: 1).allSatisfy { !$0.isBurning })
    }

    @Test func modelsAreGatheredByProviderHostAndRegion() {
        var terms = MonthReport.Terms()
        terms.placements["a"] = Placement(provider: "a", host: "h", region: "eu")
        terms.placements["b"] = Placement(provider: "b", host: "h", region: "us")
        let errors = Self.history([(.status(500), 0..<1, 1), (.status(200), 0..<10, 1)])
        let fine = Self.history([(.status(200), 0..<10, 1)])
        let ratio = Contract(name: "r", formula: .attemptsRatio(repeatWindow: 5), failing: [500...599], tiers: [])
        terms.usual = [ratio]
        let report = MonthReport(
            Self.day, [.service("a/x"): errors, .service("a/y"): errors, .service("b/z"): fine], terms: terms,
            now: .max / 2)
        #expect(report.services.map(\.name) == ["a/x", "a/y", "b/z"])
        #expect(
            report.groups.map { "\($0.kind.rawValue) \($0.report.name) \($0.report.attempts)" } == [
                "provider a 22", "host h 32", "region eu 22",
            ])
        // Each model's errors are repeated for themselves: two of twenty-two.
        #expect(abs(report.groups[0].report.verdicts[0].uptime - (1 - 2.0 / 22) * 100) < 1e-9)
        var together = ratio
        together.repeatUnit = .together
        terms.contracts["a"] = together
        let other = MonthReport(
            Self.day, [.service("a/x"): errors, .service("a/y"): errors], terms: terms, now: .max / 2)
        #expect(abs(other.groups[0].report.verdicts[0].uptime - (1 - 1.0 / 21) * 100) < 1e-9)
    }

    @Test func whatAContractExcludesDoesNotCount() {
        var contract = Contract(
            name: "c", formula: .attemptsRatio(repeatWindow: 0), failing: [500...599],
            tiers: [.init(below: 99.9, credit: 10)])
        let counts = MonthCounts(
            minutes: 60, counts: (0..<60).map { MinuteCount(minute: $0, byStatus: [200: 1, 500: 1, 429: 2]) })
        #expect(contract.uptime(of: counts) == 75)
        contract.uncounted = [429...429]
        #expect(contract.uptime(of: counts) == 50)
        contract.excluded = [.init(time: 6000..<6000 + 60 * 60, reason: "maintenance")]
        #expect(contract.uptime(of: [counts], start: 6000) == 100)
        #expect(contract.uptime(of: [counts], start: 0) == 50)
    }

    @Test func incidentsAreWhatCounts() {
        var contract = Contract(name: "c", formula: .attemptsRatio(repeatWindow: 0), failing: [500...599], tiers: [])
        let history = Self.history([
            (.status(200), 0..<100, 5), (.status(500), 10..<12, 1), (.status(503), 15..<16, 2),
            (.status(500), 50..<51, 4),
        ])
        func incidents() -> [String] {
            Incident.all(of: [("a/m", history)], contract).map { "\($0.minutes) \($0.errors)/\($0.attempts)" }
        }
        #expect(incidents() == ["10..<16 4/19", "50..<51 4/9"])
        contract.uncounted = [503...503]
        #expect(incidents() == ["10..<12 2/12", "50..<51 4/9"])
        contract.excluded = [.init(time: Self.day.start + 3000..<Self.day.start + 3060, reason: "maintenance")]
        #expect(incidents() == ["10..<12 2/12"])
    }

    @Test func theMonthOfAPulledModel() throws {
        let month = Period(start: 1_780_272_000, minutes: 43_200)
        let history = Self.history(
            [(.whole(by: "a/m"), 0..<17_280, 1), (.failed(cause: "withdrawn"), 17_280..<43_200, 1)], in: month)
        let report = MonthReport(month, [.route("talk"): history], terms: .init(), now: .max / 2)
        #expect(report.routes[0].continuity == 40)
        #expect(report.routes[0].lostMinutes == ["withdrawn": 25_920])
        let json = try JSONDocument(ByteBuffer(string: report.json(label: "2026-06", source: []))).root
        #expect(json["routes"]?.elements.first { _ in true }?["continuity_percent"]?.double == 40)
        let page = report.page(label: "2026-06", source: "<script>alert(1)</script>")
        #expect(page.contains("40.0000 %") && page.contains("18 d") && !page.contains("<script"))
    }

    @Test func concentrationAndWhatItRestsOn() {
        var terms = MonthReport.Terms()
        terms.placements["a"] = Placement(provider: "a", host: "one", lab: "l")
        terms.placements["b"] = Placement(provider: "b", host: "two", lab: "l")
        let traffic = Self.history([
            (.whole(by: "a/x"), 0..<10, 3), (.stoodIn(by: "b/y"), 0..<10, 1), (.late(by: ""), 0..<1, 9),
        ])
        let exposure = Exposure(
            [
                .init(name: "r", candidates: [("a/x", terms.placement("a/x")), ("b/y", terms.placement("b/y"))]),
                .init(name: "s", candidates: [("a/x", terms.placement("a/x"))]), .init(name: "none", candidates: []),
            ], traffic: [traffic], terms: terms)
        let host = exposure.concentrations.first { $0.dimension == .host }!
        #expect(host.index == 0.625 && host.effectiveNumber == 1.6 && host.total == 40)
        let points: Set<Exposure.SinglePoint> = [
            .init(dimension: .lab, name: "l", routes: ["r", "s"]), .init(dimension: .host, name: "one", routes: ["s"]),
        ]
        #expect(Set(exposure.singlePoints) == points)
        #expect(exposure.unknown[.region] == ["a/x", "b/y"])
    }

    @Test(arguments: [
        (99.99665, "99.9966 %"), (100, "100.0000 %"), (99.999999, "99.9999 %"), (0, "0.0000 %"), (99.5, "99.5000 %"),
    ])
    func neverUpToAHundred(_ value: Double, _ text: String) { #expect(Figures.percent(value) == text) }

    @Test func figures() {
        #expect(Figures.count(0) == "0" && Figures.count(999) == "999" && Figures.count(1_234_567) == "1,234,567")
        #expect(Figures.count(-1000) == "-1,000" && Figures.count(1, "request") == "1 request")
        #expect(Figures.duration(minutes: 0) == "0 min" && Figures.duration(minutes: 0.01) == "0.1 min")
        #expect(Figures.duration(minutes: 25_920) == "18 d" && Figures.duration(minutes: 61) == "1 h 1 min")
        #expect(
            Figures.decimals(.infinity, 1) == "-" && Figures.budget(1000) == "1,000 ×"
                && Figures.budget(0.5) == "50.0 %")
    }
}
