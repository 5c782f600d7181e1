import Access
import Conversation
import DialectAnthropic
import DialectOpenAI
import Failures
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Testing
import Wire

@Suite struct CallerCredentialTests {
    /// A route `r` whose first candidate is asked with its callers' own
    /// credentials, and whose others are not.
    struct Scene {
        let own: ReplayLane
        let second: ReplayLane
        let third: ReplayLane
        let house: TestGateway

        init(
            _ script: ReplayLane.Script, order: [String] = ["own", "second"], policy: RoutePolicy = RoutePolicy(),
            speech: Speech = .anthropic
        ) {
            own = ReplayLane(script)
            second = ReplayLane(.json(Sample.reply(speech == .anthropic ? "an" : "oa")))
            third = ReplayLane(.json(Sample.reply(speech == .anthropic ? "an" : "oa")))
            let lanes = ["own": own, "second": second, "third": third]
            let facts = ["own", "second", "third"].map {
                ProviderFacts(name: $0, dialect: DialectName(rawValue: speech.rawValue))
            }
            let providers = facts.map { facts in
                Provider(
                    name: facts.name, dialect: speech.dialect, lane: lanes[facts.name]!,
                    embeddings: .none("it has none"),
                    host: "the-same-host:443", usesCallersCredential: facts.name == "own")
            }
            let candidates = order.map { name in facts.first { $0.name == name }!.candidate(model: "m") }
            house = TestGateway(
                providers: providers, facts: facts, routes: [Route(name: "r", candidates: candidates, policy: policy)])
        }

        func ask(
            _ credential: KeyValuePairs<String, String>? = ["authorization": "Bearer of-the-caller"],
            _ speech: Speech = .anthropic,
            stream: Bool = false
        ) async -> CollectedReply {
            var call = house.call(speech.request("r", stream: stream), door: speech.dialect)
            call.credential = credential.flatMap { CallerCredential(HTTPFieldList($0)) }
            return await house.serve(call)
        }

        /// True where no memory that requests share has changed.
        var hasLearntNothing: Bool {
            let continuity = house.gateway.continuity
            return continuity.book.isQuiet && continuity.book.holds.isEmpty
                && continuity.lastAnswer(of: ServedModel(host: "the-same-host:443", model: "m")) == nil
                && continuity.announcements.isEmpty
        }
    }

    private static let refusal = #"{"type":"error","error":{"type":"x_error","message":"Not with this one."},"n": 1}"#

    @Test func itGoesToThatProviderAndToNoOther() async throws {
        let scene = Scene(.json(Self.refusal, status: 500))
        let reply = await scene.ask(["authorization": "Bearer of-the-caller", "x-api-key": "also"])
        #expect(reply.status == 200 && reply["x-holdfast-served-by"] == "second/m")
        let sent = try #require(scene.own.requests.value.first)
        #expect(sent.fields["authorization"] == "Bearer of-the-caller" && sent.fields["x-api-key"] == "also")
        for request in scene.second.requests.value {
            #expect(request.fields["authorization"] == nil && request.fields["x-api-key"] == nil)
        }
    }

    @Test func otherProvidersNeverSeeIt_thoughTheyComeFirst() async throws {
        let scene = Scene(.json(Sample.anthropicReply), order: ["second", "own"])
        scene.second.replay(.json(Self.refusal, status: 500))
        #expect(await scene.ask()["x-holdfast-served-by"] == "own/m")
        #expect(scene.second.requests.value.allSatisfy { $0.fields["authorization"] == nil })
        #expect(scene.own.requests.value.map { $0.fields["authorization"] } == ["Bearer of-the-caller"])
    }

    @Test func aProviderOfAnotherDialectGetsItInItsOwnField() async throws {
        let scene = Scene(.json(Sample.anthropicReply))
        #expect(await scene.ask(["authorization": "Bearer of-the-caller"], .openai).status == 200)
        let sent = try #require(scene.own.requests.value.first)
        #expect(sent.fields["x-api-key"] == "of-the-caller" && sent.fields["authorization"] == nil)
    }

    @Test func withoutOneTheNextCandidateIsAsked() async {
        let scene = Scene(.json(Sample.anthropicReply))
        #expect(await scene.ask(nil)["x-holdfast-served-by"] == "second/m")
        #expect(scene.own.requests.value.isEmpty)
    }

    @Test func withoutOneAndWithNobodyElseTheCallerIsToldHow() async throws {
        let scene = Scene(.json(Sample.anthropicReply), order: ["own"])
        let reply = await scene.ask(nil)
        #expect(reply.status == 401 && scene.own.requests.value.isEmpty)
        #expect(reply.text.contains("x-holdfast-key"))
    }

    @Test(arguments: [401, 403]) func aNoToItComesAsItCame(_ status: Int) async {
        let scene = Scene(
            .answer(
                status: status, fields: HTTPFieldList(["retry-after": "1.2", "x-should-retry": "false"]),
                [ByteBuffer(string: Self.refusal)]))
        let reply = await scene.ask()
        #expect(reply.status == status && reply.text == Self.refusal)
        #expect(reply["retry-after"] == "2" && reply["x-should-retry"] == "false")
        #expect(scene.second.requests.value.isEmpty)
        #expect(scene.house.book.last?.attempts.map(\.cause) == ["caller_fault"])
    }

    @Test(
        arguments: [
            (401, #"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#),
            (403, #"{"type":"error","error":{"type":"permission_error","message":"Your account may not use m."}}"#),
            (404, #"{"type":"error","error":{"type":"not_found_error","message":"model: m"}}"#),
            (402, #"{"type":"error","error":{"type":"billing_error","message":"Your credit balance is too low"}}"#),
            (429, #"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#),
            (500, #"{"type":"error","error":{"type":"api_error","message":"Internal"}}"#),
            (529, #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
            (200, Sample.anthropicReply),
        ]) func noAnswerToItIsRemembered(_ status: Int, _ body: String) async
    {
        let scene = Scene(
            .answer(
                status: status,
                fields: HTTPFieldList(["deprecation": "@1600000000", "sunset": "Sat, 31 Dec 2039 23:59:59 GMT"]),
                [ByteBuffer(string: body)]), order: ["own"])
        for _ in 0..<12 { _ = await scene.ask() }
        #expect(scene.hasLearntNothing)
        // Whoever comes with another one is served as if nothing had been.
        scene.own.replay(.json(Sample.anthropicReply))
        let before = scene.own.requests.value.count
        #expect(await scene.ask(["x-api-key": "of-another"]).status == 200)
        #expect(scene.own.requests.value.count == before + 1)
    }

    @Test(arguments: [LaneFailure.unreachable("refused"), .cut, .closedBeforeHead(reused: false), .garbage("no HTTP")])
    func noFailureOfItIsRemembered(_ failure: LaneFailure) async {
        let scene = Scene(.failing(failure))
        for _ in 0..<12 { #expect(await scene.ask()["x-holdfast-served-by"] == "second/m") }
        #expect(scene.house.gateway.continuity.book.isQuiet)
    }

    @Test func whoIsToldToWaitWaitsAlone() async {
        let scene = Scene(
            .answer(status: 429, fields: HTTPFieldList(["retry-after": "30"]), [ByteBuffer(string: Self.refusal)]))
        #expect(await scene.ask()["x-holdfast-served-by"] == "second/m")
        #expect(await scene.ask()["x-holdfast-served-by"] == "second/m")
        #expect(scene.own.requests.value.count == 1)
        #expect(scene.house.book.last?.attempts.count == 1)
        scene.own.replay(.json(Sample.anthropicReply))
        #expect(await scene.ask(["authorization": "Bearer of-another"])["x-holdfast-served-by"] == "own/m")
    }

    @Test func itIsNeverUsedBesideAnotherRequest() async {
        var policy = RoutePolicy()
        policy.silence = .after(.milliseconds(1))
        let scene = Scene(.json(Sample.anthropicReply), order: ["second", "own", "third"], policy: policy)
        scene.second.replay(.silent)
        scene.third.replay(.events([Sample.stream("an")]))
        #expect(await scene.ask(stream: true).status == 200)
        #expect(scene.house.book.last?.servedBy == "third/m")
        #expect(scene.own.requests.value.isEmpty)
    }

    @Test func nothingIsAskedWithoutACaller() async {
        var policy = RoutePolicy()
        policy.keepWarm = .zero
        let scene = Scene(.json(Self.refusal, status: 404), policy: policy)
        _ = await scene.ask()
        let asked = scene.own.requests.value.count
        await scene.house.gateway.keepWarm(on: scene.house.executor)
        await scene.house.gateway.probeWhatIsDue(on: scene.house.executor)
        #expect(scene.own.requests.value.count == asked)
        #expect(!scene.second.requests.value.isEmpty)
    }

    @Test func itNeverShowsItself() throws {
        let credential = try #require(CallerCredential(HTTPFieldList(["authorization": "Bearer of-the-caller"])))
        var shown = "\(credential) \(String(reflecting: credential))"
        dump(credential, to: &shown)
        #expect(!shown.contains("of-the-caller"))
    }

    @Test func theMemoryOfThemIsBounded() {
        let known = CallerCredentials()
        let verdict = Verdict(.throttled, .credential, retryAfter: .seconds(3600), rule: "test")
        for number in 0..<20_000 {
            known.note(verdict, to: KeyDigest(of: String(number)), at: "own/m", now: .seconds(number % 3))
        }
        #expect(known.count <= 4096)
        let last = KeyDigest(of: "19999")
        #expect(known.standing(of: last, at: "own/m", now: .seconds(10)) != .free)
        #expect(known.standing(of: last, at: "own/m", now: .seconds(100)) == .free)
        #expect(known.standing(of: last, at: "other/m", now: .seconds(10)) == .free)
        known.noteAnswer(to: last, at: "own/m")
        #expect(known.standing(of: last, at: "own/m", now: .seconds(10)) == .free)
    }
}
