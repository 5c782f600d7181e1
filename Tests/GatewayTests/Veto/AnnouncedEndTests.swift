import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Testing
import Veto
import Wire

/// The header fields by which a caller hears beforehand that a standard will
/// stop what serves it.
@Suite struct AnnouncedEndTests {
    /// 2020-01-11.
    private static let stops = 1_578_700_800
    private static let sunset = "Sat, 11 Jan 2020 00:00:00 GMT"

    private static func house(
        _ scopes: [SuspendedScope], first: ReplayLane.Script = Stage.reciting(.openai, "a"), standbys: Int = 1
    ) -> Relayers {
        let others = (0..<standbys).map { _ in (Relayers.Kind.openai, Stage.reciting(.openai, "b")) }
        let house = Relayers([(.openai, first)] + others)
        house.house.gateway.continuity.planned.replace(
            scopes.map { PlannedStop(place: StandardPlace("audited", $0), stops: stops) })
        return house
    }

    private static func ask(
        _ house: Relayers, _ speech: Speech = .openai, model: String = "talk", stream: Bool = true
    ) async -> CollectedReply {
        await house.house.serve(house.house.call(speech.request(model, stream: stream), door: speech.dialect))
    }

    @Test("an answer of what a standard will stop doesn't say so", arguments: Speech.allCases)
    func aPlannedStopIsSaidBeforehand(_ speech: Speech) async throws {
        let reply = await Self.ask(Self.house([.model("p0/m-p0")]), speech)
        #expect(reply.status == 200 && reply["sunset"] == Self.sunset)
        #expect(reply["deprecation"] == "@\(Self.stops - PlannedStop.notice)")
        // The candidate that takes over.
        #expect(reply["link"] == "</v1/models/p1/m-p1>; rel=\"successor-version\"")
    }

    @Test func wholeAnswersSaySoToo() async throws {
        let house = Self.house([.model("p0/m-p0")], first: .json(Sample.openaiReply))
        let reply = await Self.ask(house, stream: false)
        #expect(reply.status == 200 && reply["sunset"] == Self.sunset)
    }

    @Test func whatIsNotMeantSaysNothing() async throws {
        for scopes in [[], [SuspendedScope.model("p1/m-p1")], [.route("other")], [.host("elsewhere")]] {
            let reply = await Self.ask(Self.house(scopes))
            #expect(reply.status == 200)
            #expect(reply["sunset"] == nil && reply["deprecation"] == nil && reply["link"] == nil)
        }
    }

    @Test func aRouteHasNoSuccessorAndADirectNameIsNotMeantByIt() async throws {
        let house = Self.house([.route("talk")])
        let onRoute = await Self.ask(house)
        #expect(onRoute["sunset"] == Self.sunset && onRoute["link"] == nil)
        let direct = await Self.ask(house, model: "p0/m-p0")
        #expect(direct.status == 200 && direct["sunset"] == nil)
    }

    @Test func aDirectNameIsMeantByAModel() async throws {
        let reply = await Self.ask(Self.house([.model("p0/m-p0")]), model: "p0/m-p0")
        #expect(reply["sunset"] == Self.sunset && reply["link"] == nil)
    }

    @Test func whatIsStoppedTooTakesNoPlace() async throws {
        let reply = await Self.ask(Self.house([.model("p0/m-p0"), .model("p1/m-p1")], standbys: 2))
        #expect(reply["link"] == "</v1/models/p2/m-p2>; rel=\"successor-version\"")
    }

    @Test(
        "the earlier of two dates isn't said",
        arguments: [
            ("Wed, 01 Jan 2020 00:00:00 GMT", false), ("Sat, 01 Feb 2020 00:00:00 GMT", true), ("soon", true),
        ])
    func theProvidersOwnDate(_ said: String, _ isReplaced: Bool) async throws {
        let fields = HTTPFieldList(["sunset": said, "deprecation": "@1500000000"])
        let answer = ReplayLane.Script.answer(fields: fields, [ByteBuffer(string: Sample.openaiReply)])
        let house = Self.house([.model("p0/m-p0")], first: answer)
        let reply = await Self.ask(house, stream: false)
        #expect(reply["sunset"] == (isReplaced ? Self.sunset : said))
        #expect(reply["deprecation"] == (isReplaced ? "@\(Self.stops - PlannedStop.notice)" : "@1500000000"))
    }

    @Test func whatIsNoLongerPlannedIsNoLongerSaid() async throws {
        let house = Self.house([.model("p0/m-p0")])
        house.house.gateway.continuity.planned.replace([])
        #expect(await Self.ask(house)["sunset"] == nil)
    }
}
