import Availability
import Conversation
import Failures
import FrontDoor
import Gateway
import GatewayTesting
import HoldfastServer
import Logging
import NIOCore
import Resilience
import Routing
import StorageTesting
import Testing
import Wire

/// The states of routes, and the page on which everybody sees them.
@Suite struct RouteStateTests {
    private let clock: Watched<Int>
    private let availability: AvailabilityService
    private let house: House
    private let states: RouteStates

    init() {
        let clock = Watched(halfPastTen)
        self.clock = clock
        availability = AvailabilityService(
            counts: MemoryStorage(), logger: Logger(label: "test"), clock: { clock.value })
        let skipped = Candidate(
            provider: "third", model: "m", dialect: .openai, unavailable: "its key variable is not set")
        let spare = Candidate(provider: "second", model: "m", dialect: .openai)
        house = House(
            clock: clock, recorder: availability,
            routes: [Route(name: "skipping", candidates: [skipped, spare])])
        states = RouteStates(gateway: house.gateway, availability: availability)
    }

    /// Has requests come to an end.
    private func settle(_ count: Int = 1, _ outcome: RequestRecord.Outcome, on route: String = "talk") {
        for _ in 0..<count {
            let record = RequestRecord(
                refused: "req_1", operation: "chat", door: .openai, keyID: "k", problem: APIProblem(.badUpstream, "no"))
            record.route = route
            record.outcome = outcome
            availability.record(record)
        }
    }

    private func report(_ route: String = "talk") throws -> RouteStates.Report {
        let route = try #require(house.gateway.state.routes.routes.first { $0.name == route })
        return states.report(of: route)
    }

    @Test func aRouteThatNobodyHasAskedForServesAndIsIdle() throws {
        let report = try report()
        #expect(report.state == .serving && report.recent == .init() && report.lastRequest == nil)
    }

    @Test func threeRequestsOfWhichNoneWasAnsweredAreAnOutage() throws {
        settle(2, .failed)
        #expect(try report().state == .serving, "two say too little")
        settle(1, .failed)
        #expect(try report().state == .down(reason: "none of 3 requests in 5 min was answered"))
        #expect(try report("alone").state == .serving, "another route's requests say nothing of it")
        settle(1, .served)
        #expect(try report().state == .degraded(reason: "1 of 4 requests in 5 min were answered"))
        settle(2, .served)
        #expect(try report().state == .serving)
    }

    @Test("five minutes after its last request a route is idle, and no longer down") func idle() throws {
        settle(3, .truncated)
        clock.change { $0 += 270 }
        #expect(try report().state.isDown)
        clock.change { $0 += 60 }
        let report = try report()
        #expect(report.state == .serving && report.recent.requests == 0)
        #expect(report.lastRequest == halfPastTen)
    }

    @Test(
        "requests that say nothing of a route don't make it fail",
        arguments: [RequestRecord.Outcome.refused, .callerGone])
    func faultsOfCallers(_ outcome: RequestRecord.Outcome) throws {
        settle(10, outcome)
        let report = try report()
        #expect(report.state == .serving && report.recent.requests == 0 && report.lastRequest == nil)
    }

    @Test("a provider's limits are the route's failures", arguments: [RequestRecord.Outcome.limited, .truncated])
    func failures(_ outcome: RequestRecord.Outcome) throws {
        settle(3, outcome)
        #expect(try report().state.isDown)
    }

    @Test func aRouteWhoseFirstCandidateIsHeldIsServedByTheNext() throws {
        _ = house.book.hold(House.firstPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        #expect(try report().state == .degraded(reason: "served by a stand-in, second/m"))
        #expect(try report("alone").state == .serving)
        _ = house.book.hold(House.secondPlace, scope: .host, reason: "an audit", by: "ann", now: house.now)
        #expect(try report().state == .down(reason: "no candidate is in service"))
        #expect(try report("alone").state == .down(reason: "no candidate is in service"))
    }

    @Test("a suspicion moves requests and is no outage; confirmed it is one") func suspicion() throws {
        let news = try house.book.noteWithdrawal(at: House.secondPlace, now: house.now)
        #expect(news.probes.count == 1)
        #expect(try report("alone").state == .serving)
        let other = House(clock: clock)
        _ = try other.book.confirmWithdrawal(at: House.secondPlace, now: other.now)
        let states = RouteStates(gateway: other.gateway, availability: availability)
        let alone = try #require(other.gateway.state.routes.routes.first { $0.name == "alone" })
        #expect(states.report(of: alone).state.isDown)
    }

    @Test func aCandidateThatIsSkippedForWantOfItsKeyIsNoOutage() throws {
        #expect(try report("skipping").state == .serving)
        _ = house.book.hold(House.secondPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        #expect(try report("skipping").state == .down(reason: "no candidate is in service"))
    }

    @Test("the gateway's own requests give a route its state") func served() async throws {
        await house.ask()
        #expect(try report().recent == .init(requests: 1, answered: 1))
        #expect(try report().lastRequest == halfPastTen)
    }

    // MARK: The page

    private func pages(_ more: String = "status_page: { title: Ours }") throws -> StatusPages {
        let settings = try settings(
            """
            providers:
              first: { dialect: openai, base_url: 'https://one.example/v1', host: one }
              second: { dialect: openai, base_url: 'https://two.example/v1' }
            \(more)
            """)
        return StatusPages(gateway: house.gateway, settings: CurrentSettings(settings), routes: states)
    }

    private struct Shown: Equatable {
        var status, detail: String?

        init(_ status: String?, _ detail: String?) { (self.status, self.detail) = (status, detail) }
    }

    private func component(_ name: String, _ pages: StatusPages) throws -> Shown {
        let board = try JSONDocument(try #require(pages.answer(.json))).root
        let component = try #require(board["components"]?.elements.first { $0["name"]?.string == name })
        return Shown(component["status"]?.string, component["description"]?.string)
    }

    @Test func aPageThatIsSwitchedOffAnswersNobody() throws {
        #expect(try pages("status_page: off").answer(.json) == nil)
        #expect(try pages("status_page: off").answer(.page) == nil)
        #expect(try pages().answer(.page) != nil)
    }

    @Test func anIdleRouteIsSaidToBeAndSinceWhen() throws {
        let pages = try pages()
        #expect(try component("talk", pages) == Shown("operational", "idle since the start"))
        settle(1, .served)
        clock.change { $0 += 60 }
        #expect(try component("talk", pages).detail?.contains("idle") != true)
        clock.change { $0 += 600 }
        #expect(try component("talk", pages) == Shown("operational", "idle since 2026-06-12T10:30:00Z"))
    }

    @Test func anOutageIsShownForItsRouteItsModelAndItsHost() throws {
        let pages = try pages()
        _ = try house.book.confirmWithdrawal(at: House.firstPlace, now: house.now)
        settle(3, .failed)
        #expect(try component("talk", pages) == Shown("major_outage", "none of 3 requests in 5 min was answered"))
        #expect(try component("first/m", pages) == Shown("major_outage", "withdrawn"))
        #expect(try component("one", pages).status == "major_outage")
        #expect(try component("second/m", pages).status == "operational")
        // A provider without a host is its own.
        #expect(try component("second", pages).status == "operational")
    }

    @Test("a hold is an incident in Holdfast's words, without the provider's and without the reason")
    func incidents() throws {
        _ = try house.book.confirmWithdrawal(at: House.firstPlace, now: house.now)
        _ = house.book.hold(
            House.secondPlace, scope: .model, reason: "a private matter", by: "key_of_an_admin", now: house.now)
        let pages = try pages()
        let board = try JSONDocument(try #require(pages.answer(.json))).root
        let names = try #require(board["incidents"]?.elements.compactMap { $0["name"]?.string })
        #expect(names.sorted() == ["first/m: withdrawn", "second/m: held by an administrator"])
        for form in [HouseView.StatusForm.json, .page] {
            let text = String(buffer: try #require(pages.answer(form)))
            for secret in ["has been retired", "a private matter", "key_of_an_admin", "key-1", "one.example"] {
                #expect(!text.contains(secret), "\(secret)")
            }
        }
    }

    @Test("the page is made anew once a second, however often it is asked for") func oncePerSecond() throws {
        let pages = try pages()
        let before = try #require(pages.answer(.json))
        settle(3, .failed)
        #expect(pages.answer(.json) == before)
        clock.change { $0 += 1 }
        #expect(try component("talk", pages).status == "major_outage")
    }
}

extension RouteState {
    fileprivate var isDown: Bool {
        if case .down = self { true } else { false }
    }
}
