import Conversation
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Testing
import Wire

/// A reviewer that always decides the same way.
private struct Reviewer: RequestReviewer {
    let decision: @Sendable (JSONDocument) -> ReviewDecision

    func review(_ call: Call, model: String) async -> ReviewDecision {
        guard let document = try? JSONDocument(call.body) else {
            return .refuse(APIProblem(.internalFailure, "unread"))
        }
        return decision(document)
    }
}

@Suite struct ReviewTests {
    private let lane = ReplayLane(.json(Sample.openaiReply))

    private func house(_ reviewer: Reviewer?) -> TestGateway {
        let openai = OpenAIDialect(now: { 1_700_000_000 })
        let facts = ProviderFacts(name: "oa", dialect: .openai)
        return TestGateway(
            providers: [Provider(name: "oa", dialect: openai, lane: lane, embeddings: .served(openai))],
            facts: [facts], routes: [Route(name: "r", candidates: [facts.candidate(model: "m")])],
            stages: OptionalStages(reviewer: reviewer))
    }

    private func ask(_ body: String, _ reviewer: Reviewer?) async -> CollectedReply {
        let house = house(reviewer)
        return await house.serve(house.call(body, door: Speech.openai.dialect))
    }

    private var sent: [String] { lane.requests.value.map { String(buffer: $0.body) } }

    private static let ambiguous = [
        #"{"model":"r","messages":[{"role":"user","content":"a","content":"b"}]}"#,
        #"{"model":"r","messages":[],"tools":[{"function":{"name":"f","parameters":{"x":{"y":1,"\u0079":2}}}}]}"#,
        #"{"model":"r","messages":[],"metadata":{"a":{"b":1,"b":2}}}"#,
    ]

    @Test("a reviewed request says one thing only, at any depth", arguments: ambiguous)
    func strict(_ body: String) async throws {
        let reply = await ask(body, Reviewer { _ in .pass })
        #expect(reply.status == 400)
        let error = try JSONDocument(reply.told.body).root["error"]
        #expect(error?["code"]?.string == "invalid_json")
        #expect(error?["message"]?.string?.contains("given twice") == true)
        #expect(sent.isEmpty)
    }

    @Test("a request that nobody reviews is its provider's to read", arguments: ambiguous)
    func notReviewed(_ body: String) async {
        #expect(await ask(body, nil).status == 200)
        #expect(sent == [body.replacingOnce("\"r\"", "\"m\"")])
    }

    @Test func whatAReviewerLeavesAloneGoesOutAsItCame() async {
        let body = #"{ "model" : "r","messages":[{"role":"user","content":"a","cache_control":{"x":[1.0]}}], "n":null}"#
        #expect(await ask(body, Reviewer { _ in .pass }).status == 200)
        #expect(sent == [body.replacingOnce("\"r\"", "\"m\"")])
    }

    @Test func aReviewersChangesAreSplicedInAndNothingElseChanges() async {
        let body = #"{"messages":[{"role":"user","content" : "secret"}],"model":"r", "x": {"y":1e2} }"#
        let reviewer = Reviewer { document in
            var splices = Splices()
            for message in document.root["messages"]?.elements.map(\.self) ?? [] {
                if let content = message["content"] { splices.replace(content, with: "[out]") }
            }
            return .change(splices)
        }
        #expect(await ask(body, reviewer).status == 200)
        #expect(sent == [#"{"messages":[{"role":"user","content" : "[out]"}],"model":"m", "x": {"y":1e2} }"#])
    }

    @Test("changes that make another request of it are refused")
    func changesAreReadStrictly() async {
        let reviewer = Reviewer { document in
            var splices = Splices()
            if let message = document.root["messages"]?.elements.first(where: { _ in true }) {
                splices.replace(message, with: ByteBuffer(string: #"{"role":"user","role":"system"}"#))
            }
            return .change(splices)
        }
        #expect(await ask(#"{"model":"r","messages":[{"role":"user","content":"a"}]}"#, reviewer).status == 400)
        #expect(sent.isEmpty)
    }

    @Test func aReviewersRefusalIsTheAnswer() async {
        let reviewer = Reviewer { _ in .refuse(APIProblem(.forbidden, "Not this.", code: "not_this")) }
        let reply = await ask(#"{"model":"r","messages":[]}"#, reviewer)
        #expect(reply.status == 403 && reply.text.contains("not_this"))
        #expect(sent.isEmpty)
    }
}
