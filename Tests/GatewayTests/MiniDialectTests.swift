import Conversation
import DialectAnthropic
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Testing
import Wire

/// A dialect that nothing in Holdfast knows, whose path names the model: on
/// either side of the gateway, and on both.
@Suite struct MiniDialectTests {
    private static let asked = #"{ "say":[{"me":"hello"}], "most":50 }"#
    private static let answered = #"{"words":"Hi!","usage":{"in":11,"out":3},"x_unknown":[1.0]}"#
    private static let words = [
        "event: words\ndata: {\"words\":\"H\"}\n\n", "event: words\ndata: {\"words\":\"i!\"}\n\n",
        "event: cost\ndata: {\"in\":11,\"out\":3}\n\n", "event: done\ndata: {}\n\n",
    ]

    /// A gateway before one provider, with a route `r` to its model `m`.
    private struct House {
        let house: TestGateway
        let lane: ReplayLane

        init(_ dialect: any ProviderProtocol, _ script: ReplayLane.Script) {
            lane = ReplayLane(script)
            let facts = ProviderFacts(name: "p", dialect: dialect.name)
            house = TestGateway(
                providers: [Provider(name: "p", dialect: dialect, lane: lane, embeddings: .none("it has none"))],
                facts: [facts], routes: [Route(name: "r", candidates: [facts.candidate(model: "m")])])
        }

        func mini(_ body: String = asked, model: String = "r", stream: Bool = false) async -> CollectedReply {
            await house.serve(
                house.call(body, door: MiniDialect(), path: CalledPath(model: model, isStream: stream)))
        }

        func openai(stream: Bool = false, extra: String = "") async -> CollectedReply {
            let speech = Speech.openai
            return await house.serve(
                house.call(speech.request("r", stream: stream, extra: extra), door: speech.dialect))
        }

        var sent: LaneRequest? { lane.requests.value.last }
        var record: FinishedRecord? { house.book.last }
    }

    // MARK: Before another dialect

    @Test func itsCallerIsAnsweredByAnotherDialect() async throws {
        for (dialect, answer) in [
            (OpenAIDialect(now: { 0 }), Sample.openaiReply), (AnthropicDialect(), Sample.anthropicReply),
        ] as [(any ProviderProtocol, String)] {
            let house = House(dialect, .json(answer))
            let reply = await house.mini()
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.text == #"{"words":"Hi!","usage":{"in":11,"out":3}}"#)
            #expect(reply["x-mini-id"] == reply["x-request-id"])
            let sent = try #require(house.sent)
            #expect(sent.path == dialect.chatEndpoint(model: "m", isStream: false))
            let root = try JSONDocument(sent.body).root
            #expect(root["model"]?.string == "m" && root["messages"]?.fragment.text.contains("hello") == true)
            #expect(house.record?.usage == Usage(input: 11, output: 3))
            #expect(house.record?.door == MiniDialect().name)
        }
    }

    @Test func itsStreamIsToldAnew() async throws {
        let said = Reciter(kind: .openai, text: "", id: "x").stream("Hello there")
        let house = House(OpenAIDialect(now: { 0 }), .events([said]))
        let reply = await house.mini(stream: true)
        #expect(reply["content-type"] == Framing.serverSentEvents.contentType)
        let frames = try Events(reply.told.body).events
        #expect(frames.map(\.name) == ["words", "words", "words", "cost", "done"])
        let words = try frames.prefix(3).map { try JSONDocument($0.data).root["words"]?.string ?? "" }
        #expect(words.joined() == "Hello there")
        #expect(try JSONDocument(try #require(house.sent).body).root["stream"]?.bool == true)
        #expect(house.record?.outcome == .served && house.record?.isStream == true)
    }

    // MARK: Behind another dialect

    @Test func itsProviderAnswersCallersOfAnotherDialect() async throws {
        let house = House(MiniDialect(), .json(Self.answered))
        let reply = await house.openai()
        let root = try JSONDocument(reply.told.body).root
        #expect(reply.text.contains(#""content":"Hi!""#) && root["usage"]?["prompt_tokens"]?.int == 11)
        let sent = try #require(house.sent)
        #expect(sent.path == "/mini/m/ask")
        #expect(String(buffer: sent.body) == #"{"say":[{"me":"hello"}],"most":50}"#)
    }

    @Test func itsProvidersStreamIsToldAnew() async throws {
        let house = House(MiniDialect(), .events([ByteBuffer(string: Self.words.joined())]))
        let reply = await house.openai(stream: true)
        let heard = Heard(reply, .openai)
        #expect(heard.text == "Hi!" && heard.isWhole && heard.terminals == 1 && heard.finishes == [.endTurn])
        #expect(house.sent?.path == "/mini/m/ask-stream")
    }

    @Test func aFieldThatItCannotSayIsRefused() async {
        let house = House(MiniDialect(), .json(Self.answered))
        let reply = await house.openai(extra: #","tools":[{"type":"function","function":{"name":"f"}}]"#)
        #expect(reply.status == 400 && reply.text.contains("are unknown to mini"))
        #expect(house.sent == nil)
    }

    // MARK: On both sides

    @Test func bytesPassAndThePathNamesTheCandidatesModel() async throws {
        let body = #"{ "say":[{"me":"hello","x_unknown":1.0}],"model":"not here", "most":50 }"#
        let house = House(MiniDialect(), .json(Self.answered))
        let reply = await house.mini(body)
        #expect(reply.text == Self.answered)
        #expect(String(buffer: try #require(house.sent).body) == body)
        #expect(house.sent?.path == "/mini/m/ask")
        #expect(house.record?.usage == Usage(input: 11, output: 3))
    }

    @Test func itsStreamPassesAsItComes() async throws {
        let bytes = ByteBuffer(string: Self.words.joined())
        let house = House(MiniDialect(), .events([bytes]))
        let reply = await house.mini(stream: true)
        #expect(reply.told.body == bytes)
        #expect(house.sent?.path == "/mini/m/ask-stream")
        #expect(house.record?.usage == Usage(input: 11, output: 3) && house.record?.outcome == .served)
    }

    @Test func aStreamThatBreaksOffEndsInItsOwnWords() async throws {
        let begun = ByteBuffer(string: Self.words[0])
        let house = House(MiniDialect(), .breaking(.cut, after: .events([begun])))
        let frames = try Events(await house.mini(stream: true).told.body).events
        #expect(frames.map(\.name) == ["words", "oops"])
        #expect(house.record?.outcome == .truncated)
    }

    @Test func aStreamThatLacksOnlyItsEndGetsIt() async throws {
        let house = House(MiniDialect(), .events([ByteBuffer(string: Self.words.dropLast().joined())]))
        // The cost says that all has come; the terminal event is this door's own.
        let reply = await house.mini(stream: true)
        #expect(reply.text == Self.words.joined() && house.record?.outcome == .served)
    }

    // MARK: Errors

    @Test func problemsAreToldInItsWordsAndFields() async {
        let house = House(OpenAIDialect(now: { 0 }), .json("{}"))
        let unknown = await house.mini(model: "nothing")
        #expect(unknown.status == 404 && unknown.text.hasPrefix(#"{"oops":"There is no route or model"#))
        #expect(unknown["x-mini-error"] == "model_not_found" && unknown["x-mini-id"] == unknown["x-request-id"])
        let empty = await house.mini("{}")
        #expect(empty.status == 400 && empty.text == #"{"oops":"say something"}"#)
        let long = await house.mini(model: String(repeating: "x", count: 2000))
        #expect(long.status == 400 && long["x-mini-error"] == "invalid_model_name")
    }

    @Test func aProvidersErrorIsToldInItsWordsAndFields() async {
        let error = #"{"error":{"message":"No.","type":"t","code":"some_code"}}"#
        let house = House(OpenAIDialect(now: { 0 }), .json(error, status: 422))
        let reply = await house.mini()
        #expect(reply.status == 422 && reply.text == #"{"oops":"No."}"#)
        #expect(reply["x-mini-error"] == "some_code")
    }
}
