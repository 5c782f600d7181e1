import Conversation
import DialectResponses
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Testing
import Wire

/// Reasoning that another provider has made, of which Holdfast has forgotten who
/// that was.
@Suite("Items that a provider refuses") struct RefusedItemsTests {
    private static let responses = ResponsesDialect(now: { 1_700_000_000 })

    private static let refusal =
        #"{"error":{"message":"The encrypted content gAAA could not be verified. Reason: Encrypted content organization_id did not match the target organization.","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}"#
    private static let answer =
        #"{"id":"resp_u","object":"response","created_at":1,"status":"completed","model":"m","output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi!","annotations":[],"logprobs":[]}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"#
    private static let stream =
        "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":0,\"response\":\(answer)}\n\n"
    private static let thought =
        #"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAAA-of-another-provider"}"#
    private static let compaction = #"{"type":"compaction","id":"cmp_1","encrypted_content":"gAAAAA-compacted"}"#
    private static let message = #"{"role":"user","content":"Go on."}"#

    private let lane: ReplayLane
    private let spare: ReplayLane
    private let house: TestGateway

    /// A gateway that knows nothing of what it has served before.
    init() {
        _ = Trio.registry
        lane = ReplayLane(.silent)
        spare = ReplayLane(.answer([ByteBuffer(string: Self.answer)]))
        let facts = ["a", "b"].map { ProviderFacts(name: $0, dialect: .responses) }
        house = TestGateway(
            providers: [
                Provider(name: "a", dialect: Self.responses, lane: lane, embeddings: .none("none")),
                Provider(name: "b", dialect: Self.responses, lane: spare, embeddings: .none("none")),
            ], facts: facts, routes: [Route(name: "r", candidates: facts.map { $0.candidate(model: "m") })])
    }

    /// Refuses whatever holds an item of which it has not the key.
    private static let script = ReplayLane.Script.reading { request in
        let body = String(buffer: request.body)
        if body.contains("gAAAAA") { return .json(refusal, status: 400) }
        return body.contains(#""stream":true"#) ? .events([ByteBuffer(string: stream)]) : .json(answer, status: 200)
    }

    private func serve(_ items: String, stream: Bool = false) async -> CollectedReply {
        await house.serve(
            house.call(
                #"{"model":"r","store":false,"input":[\#(items)]\#(stream ? #","stream":true"# : "")}"#,
                door: Self.responses))
    }

    private var record: FinishedRecord { house.book.last! }

    @Test(arguments: [false, true]) func theSameCandidateIsAskedWithoutThem(_ stream: Bool) async {
        lane.replay(Self.script)
        let reply = await serve("\(Self.thought),\(Self.message)", stream: stream)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(lane.requests.value.count == 2 && spare.requests.value.isEmpty)
        let sent = lane.requests.value.map { String(buffer: $0.body) }
        #expect(sent.first?.contains(Self.thought) == true && sent.last?.contains(Self.message) == true)
        #expect(record.dropped == ["input[0] (reasoning)"])
        #expect(record.attempts.map(\.cause) == ["caller_fault", nil], "\(record.attempts)")
    }

    @Test func itIsNoFailureOfTheCandidates() async {
        lane.replay(Self.script)
        for _ in 0..<20 { _ = await serve("\(Self.thought),\(Self.message)") }
        let book = house.gateway.continuity.book
        #expect(book.holds.isEmpty)
        #expect(book.breakers(now: house.gateway.continuity.now).allSatisfy { $0.state == .closed })
        // And it is learnt: the next request leaves them out from the start.
        #expect(lane.requests.value.count == 21)
    }

    @Test func itHappensOnce() async {
        lane.replay(.json(Self.refusal, status: 400))
        let reply = await serve("\(Self.thought),\(Self.message)")
        #expect(reply.status == 400 && reply.text.contains("invalid_encrypted_content"))
        #expect(lane.requests.value.count == 2)
    }

    @Test func aCompactionIsNotLeftOut() async {
        lane.replay(.json(Self.refusal, status: 400))
        let reply = await serve("\(Self.compaction),\(Self.message)")
        #expect(reply.status == 400 && reply.text.contains("invalid_encrypted_content"))
        #expect(lane.requests.value.count == 1)
    }

    @Test func nothingIsAskedWhereNothingIsLeft() async {
        lane.replay(Self.script)
        let reply = await serve(Self.thought)
        #expect(reply.status == 400 && reply.text.contains("input holds nothing but reasoning"), "\(reply.text)")
        #expect(lane.requests.value.count == 1 && spare.requests.value.isEmpty)
    }

    @Test func anotherNoIsNotTakenForOne() async {
        lane.replay(
            .json(#"{"error":{"message":"Bad.","type":"invalid_request_error","code":"invalid_value"}}"#, status: 400))
        let reply = await serve("\(Self.thought),\(Self.message)")
        #expect(reply.status == 400 && lane.requests.value.count == 1)
    }
}
