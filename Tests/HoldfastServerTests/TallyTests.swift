import Availability
import Failures
import Gateway
import GatewayTesting
import HoldfastServer
import Logging
import NIOCore
import Resilience
import Settings
import Storage
import StorageTesting
import Testing

/// Requests counted minute by minute, as they happen and out of the ledger.
@Suite struct TallyTests {
    private let clock = Watched(halfPastTen)
    private let log = LogLines()

    /// Of the day that the clock begins in.
    private static let day = Period(start: halfPastTen / 86_400 * 86_400, minutes: 1440)
    private static let minute = (10 * 60) + 30

    private func service(_ counts: any CountStore) -> AvailabilityService {
        let clock = clock
        return AvailabilityService(counts: counts, logger: log.logger, clock: { clock.value })
    }

    private static func points(_ histories: [Subject: History], _ subject: Subject, _ counter: Counter) -> [Int: Int] {
        let points = histories[subject]?.counters[counter] ?? []
        return Dictionary(uniqueKeysWithValues: points.map { ($0.minute, $0.count) })
    }

    // MARK: As they happen

    @Test(
        "a request counts for its route and its attempts for their service, in their minute",
        arguments: StorageKind.allCases)
    func minutes(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        let service = service(try disk.open())
        let house = House(clock: clock, recorder: service)
        await house.ask()
        await house.ask("alone")
        clock.change { $0 += 60 }
        await house.ask()
        await house.ask()
        await service.keep()
        let kept = try await service.histories(Self.day)
        let (first, second) = (Self.minute, Self.minute + 1)
        #expect(Self.points(kept, .route("talk"), .whole(by: "first/m")) == [first: 1, second: 2])
        #expect(Self.points(kept, .route("alone"), .whole(by: "second/m")) == [first: 1])
        #expect(Self.points(kept, .service("first/m"), .status(200)) == [first: 1, second: 2])
        #expect(Self.points(kept, .service("second/m"), .status(200)) == [first: 1])
        #expect(kept.count == 4)
    }

    @Test("what is counted in two processes and in two hours adds up", arguments: StorageKind.allCases)
    func twoProcesses(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        let store = try disk.open()
        for _ in 0..<2 {
            let service = service(store)
            let house = House(clock: clock, recorder: service)
            await house.ask()
            await service.keep()
            clock.change { $0 += 3600 }
            await house.ask()
            await service.keep()
            clock.change { $0 -= 3600 }
        }
        let kept = try await service(store).histories(Self.day)
        #expect(
            Self.points(kept, .route("talk"), .whole(by: "first/m")) == [Self.minute: 2, Self.minute + 60: 2])
        // Of another day there is nothing.
        #expect(try await service(store).histories(Period(start: Self.day.start + 86_400, minutes: 1440)).isEmpty)
    }

    @Test func aStandInsAnswerIsNotTheFirstCandidates() async throws {
        let service = service(MemoryStorage())
        let house = House(clock: clock, recorder: service)
        _ = house.book.hold(House.firstPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        await house.ask()
        await service.keep()
        let kept = try await service.histories(Self.day)
        #expect(Self.points(kept, .route("talk"), .stoodIn(by: "second/m")) == [Self.minute: 1])
        #expect(kept[.service("first/m")] == nil)
    }

    @Test(
        "a probe counts for its service where something answered or nothing came",
        arguments: [
            (.answered, 200), (.failed(Verdict(.withdrawn, .model, rule: "r"), status: 404), 404),
            (.failed(Verdict(.unreachable, .host, rule: "r"), status: nil), 0), (.inconclusive("why"), nil),
            (.impossible("why"), nil),
        ] as [(ProbeResult, Int?)])
    func probes(_ result: ProbeResult, _ status: Int?) async throws {
        let service = service(MemoryStorage())
        await service.receive(.probe(House.firstPlace, result))
        await service.keep()
        let kept = try await service.histories(Self.day)
        let counted = status.map { Self.points(kept, .service("first/m"), .probe(status: $0)) }
        #expect(counted == (status == nil ? nil : [Self.minute: 1]))
        #expect(kept.isEmpty == (status == nil))
    }

    @Test func aProbeOfNoModelCountsForNone() async throws {
        let service = service(MemoryStorage())
        var place = House.firstPlace
        place.model = ""
        await service.receive(.probe(place, .answered))
        await service.receive(.health([.placed(.example())]))
        await service.keep()
        #expect(try await service.histories(Self.day).isEmpty)
    }

    @Test("seconds that services were held count for each of them, a minute at the most at once")
    func held() async throws {
        let service = service(MemoryStorage())
        service.noteHeld(["first/m", "second/m"], seconds: 5)
        service.noteHeld(["first/m"], seconds: 7)
        service.noteHeld([], seconds: 5)
        clock.change { $0 += 60 }
        // A process that was stopped for an hour held nothing for that hour.
        service.noteHeld(["first/m"], seconds: 3600)
        await service.keep()
        let kept = try await service.histories(Self.day)
        #expect(Self.points(kept, .service("first/m"), .held) == [Self.minute: 12, Self.minute + 1: 60])
        #expect(Self.points(kept, .service("second/m"), .held) == [Self.minute: 5])
    }

    // MARK: A disk that refuses

    @Test("counts that can't be kept are kept later, once, and the log says so once") func fullDisk() async throws {
        let store = MemoryStorage()
        let service = service(store)
        let house = House(clock: clock, recorder: service)
        store.refuse([.counts])
        await house.ask()
        await service.keep()
        await house.ask()
        await service.keep()
        #expect(log.lines(from: .error).count == 1)
        store.refuse([])
        await house.ask()
        await service.keep()
        await service.keep()
        #expect(log.lines(from: .notice).count == 2 && log.lines(from: .error).count == 1)
        let kept = try await service.histories(Self.day)
        #expect(Self.points(kept, .route("talk"), .whole(by: "first/m")) == [Self.minute: 3])
        store.refuse([.counts])
        await service.keep()
        #expect(log.lines(from: .error).count == 1, "nothing was counted, so nothing had to be kept")
    }

    @Test("counts of more than 400 days ago are forgotten, and younger ones stay") func old() async throws {
        let store = MemoryStorage()
        let service = service(store)
        let house = House(clock: clock, recorder: service)
        await house.ask()
        await service.keep()
        clock.change { $0 += 400 * 86_400 }
        await service.forgetOld()
        #expect(try await service.histories(Self.day).isEmpty == false)
        clock.change { $0 += 3600 }
        await service.forgetOld()
        #expect(try await service.histories(Self.day).isEmpty)
    }

    // MARK: Out of the ledger

    private static func tally(_ entries: [LedgerEntry], _ period: Period = day, now: Int? = nil) -> [Subject: History] {
        var tally = LedgerTally(period, now: now ?? period.start + period.minutes * 60)
        for entry in entries { tally.add(entry.bytes[...]) }
        return tally.histories
    }

    @Test("the ledger's entries come to the same counts as the requests themselves did")
    func sameCounts() async throws {
        let service = service(MemoryStorage())
        let entries = EntryBook(clock, then: service)
        let house = House(clock: clock, recorder: entries)
        let fault = #"{"error":{"message":"temperature is out of range","type":"invalid_request_error"}}"#
        let scripts: [ReplayLane.Script] = [
            .json(House.answer), .json(fault, status: 400), .json("boom", status: 500), .failing(.unreachable("x")),
            .json(House.answer.replacing("\"stop\"", with: "\"content_filter\"")),
        ]
        for (number, script) in scripts.enumerated() {
            clock.change { $0 += 3600 + number }
            house.second.replay(script)
            for model in ["talk", "second/m", "unknown"] { await house.ask(model) }
        }
        _ = house.book.hold(House.firstPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        await house.ask()
        await service.keep()
        let counted = try await service.histories(Self.day)
        #expect(Self.tally(entries.all.map(\.settled)) == counted)
        // And they differ, by route, hour and outcome.
        #expect(counted[.route("talk")]?.counters.keys.count ?? 0 >= 2)
        #expect(counted[.route("")]?.counters.keys.count ?? 0 >= 3)
        #expect(counted[.service("second/m")]?.counters.keys.count ?? 0 >= 4)
    }

    @Test("an answer that was withheld counts as failed, whatever its entry says") func withheld() async throws {
        let entries = EntryBook(clock)
        await House(clock: clock, recorder: entries).ask()
        let one = try #require(entries.all.first)
        let whole = Self.tally([one.admitted, one.settled])
        #expect(Self.points(whole, .route("talk"), .whole(by: "first/m")) == [Self.minute: 1])
        let withheld = Self.tally([one.admitted, one.settled, one.withheld])
        #expect(Self.points(withheld, .route("talk"), .failed(cause: "ledger_unavailable")) == [Self.minute: 1])
        #expect(Self.points(withheld, .route("talk"), .whole(by: "first/m")).isEmpty)
        // The provider has answered all the same.
        #expect(Self.points(withheld, .service("first/m"), .status(200)) == [Self.minute: 1])
    }

    private static func hold(_ kind: String, at second: Int, _ change: (inout Hold) -> Void = { _ in }) -> LedgerEntry {
        .hold(kind, .example(change), at: (halfPastTen + second) * 1000)
    }

    @Test("a hold counts by the second, minute by minute, until it is lifted or until now") func holds() {
        let lifted = [Self.hold("hold.placed", at: 50), Self.hold("hold.lifted", at: 130)]
        #expect(
            Self.points(Self.tally(lifted), .service("first/m"), .held) == [
                Self.minute: 10, Self.minute + 1: 60, Self.minute + 2: 10,
            ])
        let open = Self.tally([Self.hold("hold.placed", at: 50)], now: halfPastTen + 70)
        #expect(Self.points(open, .service("first/m"), .held) == [Self.minute: 10, Self.minute + 1: 10])
        // Confirmed and acknowledged, it is the same hold.
        let seen = [
            Self.hold("hold.placed", at: 0), Self.hold("hold.confirmed", at: 5), Self.hold("hold.acknowledged", at: 6),
            Self.hold("hold.lifted", at: 10),
        ]
        #expect(Self.points(Self.tally(seen), .service("first/m"), .held) == [Self.minute: 10])
    }

    @Test("a hold of a whole provider counts for those of its models that were asked")
    func providerWide() async throws {
        let entries = EntryBook(clock)
        let house = House(clock: clock, recorder: entries)
        await house.ask()
        await house.ask("alone")
        let asked = entries.all.map(\.settled)
        let wide = [
            Self.hold("hold.placed", at: 0) { $0.model = "" }, Self.hold("hold.lifted", at: 30) { $0.model = "" },
        ]
        let tally = Self.tally(asked + wide)
        #expect(Self.points(tally, .service("first/m"), .held) == [Self.minute: 30])
        #expect(Self.points(tally, .service("second/m"), .held).isEmpty)
    }

    @Test("of a period only its own minutes count") func periods() async throws {
        let entries = EntryBook(clock)
        let house = House(clock: clock, recorder: entries)
        await house.ask()
        clock.change { $0 += 120 }
        await house.ask()
        let all = entries.all.map(\.settled) + [Self.hold("hold.placed", at: -600), Self.hold("hold.lifted", at: 600)]
        let period = Period(start: halfPastTen + 60, minutes: 2)
        let tally = Self.tally(all, period)
        #expect(Self.points(tally, .route("talk"), .whole(by: "first/m")) == [1: 1])
        #expect(Self.points(tally, .service("first/m"), .held) == [0: 60, 1: 60])
        #expect(Self.tally(all, Period(start: halfPastTen + 86_400, minutes: 60)).isEmpty)
    }

    @Test func entriesOfOtherKindsAndWhatIsNoEntryCountForNothing() {
        var tally = LedgerTally(Self.day, now: halfPastTen)
        let entries = EventEntries([.drills]).entries(
            of: .drillBegan(EventEntryTests.drill()), at: halfPastTen * 1000
        ) { _ in [] }
        for entry in entries { tally.add(entry.bytes[...]) }
        for bytes in [[], [0xA0], Array("{\"kind\":\"request.settled\"}".utf8), Array("nonsense".utf8)] as [[UInt8]] {
            tally.add(bytes[...])
        }
        #expect(entries.count == 1 && tally.histories.isEmpty)
    }
}
