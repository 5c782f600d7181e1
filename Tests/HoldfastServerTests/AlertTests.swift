import Availability
import Conversation
import Custody
import Drills
import EngineHost
import Extraction
import Failures
import Gateway
import GatewayTesting
import HoldfastServer
import Logging
import NIOCore
import Resilience
import Storage
import StorageTesting
import Synchronization
import Testing
import Wire

/// An alert service over an outbox in memory.
struct AlertBench {
    /// Microseconds since 1970.
    let clock = Watched(halfPastTen * 1_000_000)
    let outbox = MemoryStorage()
    let counts = MemoryStorage()
    let log = LogLines()
    let settings: CurrentSettings
    let availability: AvailabilityService
    let alerts: AlertService

    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// - Parameter webhooks: flow mappings by name, without their address and secret.
    static func text(_ webhooks: [String] = ["pager: {}"]) -> String {
        let hooks = webhooks.map { hook in
            hook.replacing(
                "{", with: "{ url: 'https://\(hook.prefix { $0 != ":" }).example/t0ken', secret: \(secret), ")
        }
        return """
            providers:
              first: { dialect: openai, base_url: 'https://one.example/v1' }
            routes:
              talk: { candidates: [{ provider: first, model: m }] }
            alerts:
              instance: a-name
              link: https://status.example/
              webhooks: { \(hooks.joined(separator: ", ")) }
            """
    }

    init(_ webhooks: [String] = ["pager: {}"]) throws {
        settings = CurrentSettings(try HoldfastServerTests.settings(Self.text(webhooks)))
        let clock = clock
        availability = AvailabilityService(counts: counts, logger: log.logger, clock: { clock.value / 1_000_000 })
        alerts = AlertService(
            outbox: outbox, availability: availability, settings: settings, logger: log.logger,
            clock: { clock.value })
    }

    /// All messages so far, in the order in which they are delivered.
    func messages() async -> [StoredMessage] {
        // What is owed is written when the writer is asked to end.
        let writing = Task { await alerts.write() }
        writing.cancel()
        await writing.value
        return outbox.tables.withLock { $0.messages.values.sorted { ($0.created, $0.id) < ($1.created, $1.id) } }
    }

    func bodies() async -> [String] { await messages().map(\.body) }

    func types() async throws -> [String] {
        try await bodies().map { try #require(try JSONDocument($0).root["type"]?.string) }
    }
}

/// Alerts, as they are written down for those who want to hear them.
@Suite struct AlertTests {
    private static let opening = #""timestamp":"2026-06-12T10:30:00Z","data":{"#
    private static let closing = #""instance":"a-name","link":"https://status.example/"}}"#

    private static func body(_ type: String, _ data: String) -> String {
        #"{"type":"\#(type)",\#(opening)\#(data),\#(closing)"#
    }

    // MARK: Bodies

    static let alarms: [(ServerEvent, String)] = [
        (
            .custody(.changed(EventEntryTests.change)),
            body(
                "weights.scrub-mismatch",
                #""provider":"here","model":"tiny","receipt":"custody_1","file":"m.gguf","#
                    + #""expected":"\#(EventEntryTests.digest.hex)","found":"\#(EventEntryTests.other.hex)","#
                    + #""verdict":"quarantine""#)
        ),
        (
            .custody(
                .impostor(.init(provider: "here", model: "tiny", receipt: nil, engine: 10, found: 11, time: 1))),
            body("engine.impostor", #""provider":"here","model":"tiny","engine_pid":10,"found_pid":11"#)
        ),
        (
            .custody(.refused(provider: "here", CustodyProblem(.mismatch, "a byte differs", remedy: "look at it"))),
            body("weights.refused", #""provider":"here","cause":"mismatch","reason":"a byte differs; look at it""#)
        ),
        (
            .drillEnded(EventEntryTests.drill()),
            body(
                "drill.failed",
                #""drill":"d1","route":"talk","candidate":"first/m","cause":"withdrawn","verdict":"inconclusive""#)
        ),
        (
            .disclosure(
                .recovery(
                    .init(subject: .key("key_1"), model: "here", spent: 5, limit: 10, hasEnded: false))),
            body("measuring.half", #""who":"key:key_1","model":"here","values":5,"of":10"#)
        ),
        (
            .disclosure(
                .recovery(.init(subject: .tenant("t"), model: "here", spent: 10, limit: 10, hasEnded: true))),
            body("measuring.ended", #""who":"tenant:t","model":"here","values":10,"of":10"#)
        ),
        (
            .disclosure(.egress(.init(model: "here", bytes: 8, budget: 10, hasStopped: false))),
            body("egress.nearly", #""model":"here","bytes":8,"budget":10"#)
        ),
        (
            .disclosure(.egress(.init(model: "here", bytes: 10, budget: 10, hasStopped: true))),
            body("egress.stopped", #""model":"here","bytes":10,"budget":10"#)
        ),
    ]

    @Test("what has happened is told whole, with this Holdfast's name and a link", arguments: Self.alarms.indices)
    func bodies(_ index: Int) async throws {
        let bench = try AlertBench()
        await bench.alerts.receive(Self.alarms[index].0)
        #expect(await bench.bodies() == [Self.alarms[index].1])
    }

    @Test("what went well is nobody's alert") func goodNews() async throws {
        let bench = try AlertBench()
        var tally = DrillTally()
        var sample = DrillSample(phase: .pulled)
        sample.isWhole = true
        sample.wasPulled = true
        tally.note(sample, pulled: "first/m")
        let passed = DrillReport(
            EventEntryTests.drill().order, phase: .over, end: .done, started: halfPastTen, tally,
            .init(availability: 0.999, firstToken: nil, switchTime: .seconds(2)))
        #expect(passed.verdict == .passed)
        let events: [ServerEvent] = [
            .drillBegan(passed), .drillEnded(passed), .custody(.loaded(EventEntryTests.receipt())),
            .custody(EventEntryTests.custodyEvents[0].0), .probe(House.firstPlace, .answered),
            .administration(AdministrationEvent(path: "/p", by: "k", parameter: "", body: ByteBuffer())),
            .configuration(ConfigurationChange(settings: bench.settings.now, previous: nil)),
        ]
        for event in events { await bench.alerts.receive(event) }
        #expect(await bench.messages().isEmpty)
    }

    // MARK: Receivers

    @Test("each receiver gets what it wants to hear, and nobody's message holds its address")
    func receivers() async throws {
        let bench = try AlertBench(["all: {}", "drills: { on: [drill] }", "burns: { on: [burn] }"])
        await bench.alerts.receive(.drillEnded(EventEntryTests.drill()))
        await bench.alerts.receive(.custody(.changed(EventEntryTests.change)))
        let messages = await bench.messages()
        #expect(messages.map(\.receiver) == ["all", "drills", "all"])
        #expect(Set(messages.map(\.id)).count == 3)
        #expect(messages[0].body == messages[1].body)
        for message in messages {
            #expect(!message.body.contains("t0ken") && !message.body.contains(AlertBench.secret))
            #expect(message.attempts == 0 && message.due == halfPastTen && message.created == halfPastTen)
        }
    }

    @Test func whereNobodyWantsToHearNothingIsWritten() async throws {
        let bench = try AlertBench(["burns: { on: [burn] }"])
        bench.outbox.refuse([.messages])
        await bench.alerts.receive(.drillEnded(EventEntryTests.drill()))
        #expect(await bench.messages().isEmpty && bench.log.lines(from: .warning).isEmpty)
    }

    @Test func anEditOfTheSettingsCountsFromTheNextAlertOn() async throws {
        let bench = try AlertBench()
        await bench.alerts.receive(.drillEnded(EventEntryTests.drill()))
        let text = AlertBench.text(["other: {}"]).replacing("a-name", with: "another-name")
        _ = bench.settings.replace(with: try settings(text))
        await bench.alerts.receive(.drillEnded(EventEntryTests.drill()))
        let messages = await bench.messages()
        #expect(messages.map(\.receiver) == ["pager", "other"])
        #expect(messages[1].body.contains("\"instance\":\"another-name\""))
    }

    @Test("messages sort in the order of their making, in one microsecond and when the clock is set back")
    func order() async throws {
        let bench = try AlertBench()
        func tell(_ route: String) async {
            let order = DrillOrder(
                id: "d", route: route, provider: "first", model: "m", cause: .broken, duration: .seconds(1), by: "a")
            await bench.alerts.receive(
                .drillEnded(
                    DrillReport(
                        order, phase: .over, end: .done, started: 1, DrillTally(),
                        .init(availability: 1, firstToken: nil, switchTime: .zero))))
        }
        for number in 0..<20 { await tell("at-once-\(number)") }
        bench.clock.change { $0 -= 3_600_000_000 }
        for number in 0..<20 { await tell("set-back-\(number)") }
        bench.clock.change { $0 += 7_200_000_000 }
        await tell("later")
        let routes = try await bench.bodies().map { try JSONDocument($0).root["data"]?["route"]?.string }
        #expect(
            routes == (0..<20).map { "at-once-\($0)" } + (0..<20).map { "set-back-\($0)" } + ["later"])
    }

    @Test("an alert that can't be written is written as soon as it can") func fullDisk() async throws {
        let bench = try AlertBench()
        bench.outbox.refuse([.messages])
        let writing = Task { await bench.alerts.write() }
        await bench.alerts.receive(.drillEnded(EventEntryTests.drill()))
        try await eventually(within: .seconds(60), "it is told") { !bench.log.lines(from: .error).isEmpty }
        bench.outbox.refuse([])
        try await eventually(within: .seconds(60), "it is written") {
            bench.outbox.tables.withLock { $0.messages.count == 1 }
        }
        writing.cancel()
        await writing.value
    }

    // MARK: Error budgets

    private func settle(_ bench: AlertBench, _ count: Int, _ outcome: RequestRecord.Outcome, on route: String = "talk")
    {
        for _ in 0..<count {
            let record = RequestRecord(
                refused: "req_1", operation: "chat", door: .openai, keyID: "k",
                problem: APIProblem(.badUpstream, "no", code: "broken"))
            record.route = route
            record.outcome = outcome
            bench.availability.record(record)
        }
    }

    @Test("a budget that burns is told once for each of its rules, and once when it no longer does")
    func burning() async throws {
        let bench = try AlertBench()
        settle(bench, 20, .failed)
        await bench.availability.keep()
        for _ in 0..<3 { await bench.alerts.lookAtBudgets() }
        #expect(bench.alerts.burnRates.map(\.route) == ["talk", "talk", "talk"])
        bench.clock.change { $0 += 7 * 3600 * 1_000_000 }
        for _ in 0..<3 { await bench.alerts.lookAtBudgets() }
        let bodies = await bench.bodies()
        #expect(
            try await bench.types() == Array(repeating: "burn.firing", count: 3)
                + Array(repeating: "burn.resolved", count: 3))
        let first = try JSONDocument(try #require(bodies.first)).root["data"]
        #expect(first?["route"]?.string == "talk" && first?["severity"]?.string == "page")
        #expect(first?["long_minutes"]?.int == 60 && first?["short_minutes"]?.int == 5)
        #expect(first?["threshold"]?.double == 14.4 && first?["long_rate"]?.double ?? 0 > 999)
        let severities = try bodies.prefix(3).map { try JSONDocument($0).root["data"]?["severity"]?.string }
        #expect(severities == ["page", "page", "ticket"])
        #expect(bench.log.lines(from: .error).count == 3)
    }

    @Test(
        "what is too little, or not of a route of the settings, wakes nobody",
        arguments: [("talk", 9), ("gone", 50)])
    func tooLittle(_ route: String, _ failures: Int) async throws {
        let bench = try AlertBench()
        settle(bench, failures, .failed, on: route)
        await bench.availability.keep()
        await bench.alerts.lookAtBudgets()
        #expect(await bench.messages().isEmpty)
    }

    @Test func budgetsThatCantBeLookedAtAreAnErrorInTheLogAndNoAlert() async throws {
        let bench = try AlertBench()
        bench.counts.refuse([.counts])
        await bench.alerts.lookAtBudgets()
        #expect(bench.log.lines(from: .error).count == 1)
        #expect(await bench.messages().isEmpty && bench.alerts.burnRates.isEmpty)
    }
}

/// Alerts about holds: the words of the provider, the routes that are
/// concerned, and the candidates in its place.
@Suite struct HoldAlertTests {
    private let bench: AlertBench
    private let house: House
    private let holds: HoldAlerts

    init() throws {
        bench = try AlertBench()
        house = House()
        holds = HoldAlerts(gateway: house.gateway, alerts: bench.alerts)
    }

    @Test(
        "a change of health is told where somebody may have to act on it",
        arguments: [
            (.placed(.example()), "hold.placed"), (.placed(.example { $0.firmness = .provisional }), "hold.placed"),
            (.placed(.byHand), "hold.placed"), (.changed(.byHand), "hold.placed"),
            (.changed(.example()), "hold.confirmed"), (.acknowledged(.example()), "hold.acknowledged"),
            (.lifted(.example(), by: "probe"), "hold.lifted"), (.answersAgain(.example()), "hold.answers-again"),
            (.flapping(.example(), keys: 3), "hold.flapping"), (.placed(.example { $0.firmness = .timed }), nil),
            (.placed(.example { $0.keys = ["a key"] }), nil), (.changed(.example { $0.firmness = .provisional }), nil),
            (.acknowledged(.example { $0.firmness = .timed }), nil),
            (.lifted(.example { $0.firmness = .timed }, by: "time"), nil),
            (.returned(EventEntryTests.back), nil), (.released(EventEntryTests.back, by: "ann"), nil),
            (.opened(key: "host:one", .broken), nil), (.closed(key: "host:one"), nil),
        ] as [(HealthChange, String?)])
    func changesOfHealth(_ change: HealthChange, _ type: String?) async throws {
        await holds.receive(.health([change]))
        #expect(try await bench.types() == (type.map { [$0] } ?? []))
    }

    @Test func anAlertNamesTheRoutesAndWhoServesInstead() async throws {
        let changes = try house.book.confirmWithdrawal(at: House.firstPlace, now: house.now)
        await holds.receive(.health(changes))
        let bodies = await bench.bodies()
        #expect(try await bench.types() == ["hold.placed", "hold.confirmed"])
        let hold = try #require(house.book.holds.first)
        let expected: String =
            #"{"type":"hold.confirmed","timestamp":"2026-06-12T10:30:00Z","data":{"hold":"\#(hold.id)","#
            + #""cause":"withdrawn","scope":"model","provider":"first","model":"m","origin":"traffic","#
            + #""firmness":"lasting","status":404,"words":"has been retired","#
            + #""routes":[{"name":"talk","stand_in":"second/m"}],"instance":"a-name","#
            + #""link":"https://status.example/"}}"#
        #expect(bodies.last == expected)
    }

    @Test("a route without anybody to serve it is named without a stand-in") func nobodyServes() async throws {
        let alone = house.book.hold(House.secondPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        await holds.receive(.health(alone))
        let first = house.book.hold(House.firstPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        await holds.receive(.health(first))
        let data = try await bench.bodies().map { try JSONDocument($0).root["data"] }
        #expect(data[0]?["routes"]?.fragment.text == #"[{"name":"talk","stand_in":"first/m"},{"name":"alone"}]"#)
        // The second one is held, too.
        #expect(data[1]?["routes"]?.fragment.text == #"[{"name":"talk"}]"#)
        #expect(data[1]?["reason"]?.string == "an audit")
    }

    @Test func aSuspectedCandidateIsNobodysStandIn() async throws {
        _ = try house.book.noteWithdrawal(at: House.secondPlace, now: house.now)
        let changes = house.book.hold(House.firstPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        await holds.receive(.health(changes))
        let data = try JSONDocument(try #require(await bench.bodies().last)).root["data"]
        #expect(data?["routes"]?.fragment.text == #"[{"name":"talk"}]"#)
    }

    @Test("a withdrawn model that answers the daily look is reported, and stays held") func dailyLook() async throws {
        _ = try house.book.confirmWithdrawal(at: House.firstPlace, now: house.now)
        house.clock.change { $0 += 86_399 }
        #expect(house.book.dueProbes(now: house.now).isEmpty, "it is looked at once a day")
        house.clock.change { $0 += 1 }
        let look = try #require(house.book.dueProbes(now: house.now).first)
        await holds.receive(.health(house.book.probed(look, .answered, now: house.now)))
        #expect(try await bench.types() == ["hold.answers-again"])
        #expect(house.book.holds.map(\.firmness) == [.lasting])
        await house.ask()
        #expect(house.first.requests.value.isEmpty && house.second.requests.value.count == 1)
        // And the next day it is looked at again.
        house.clock.change { $0 += 86_400 }
        #expect(house.book.dueProbes(now: house.now).count == 1)
    }

    @Test func aLiftedHoldSaysWhoLiftedIt() async throws {
        let changes = house.book.hold(House.firstPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        let hold = try #require(house.book.holds.first)
        await holds.receive(.health(changes + (house.book.restore(hold.id, by: "bob", now: house.now) ?? [])))
        let data = try JSONDocument(try #require(await bench.bodies().last)).root["data"]
        #expect(data?["by"]?.string == "bob" && data?["hold"]?.string == hold.id)
    }
}
