import Conversation
import DialectResponses
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Testing
import Wire

/// The request that Holdfast makes anew, to go on with a response that broke off
/// at another provider of the same API.
@Suite("A request that goes on with a response") struct MadeAnewTests {
    private static let responses = ResponsesDialect(now: { 1_700_000_000 })

    private static func event(_ type: String, _ number: Int, _ members: String) -> String {
        "event: response.\(type)\ndata: {\"type\":\"response.\(type)\",\"sequence_number\":\(number),\(members)}\n\n"
    }

    private static let begun = [
        event("created", 0, #""response":{"id":"resp_u","model":"m","created_at":1}"#),
        event("output_item.added", 1, #""output_index":0,"item":{"id":"msg_u","type":"message","content":[]}"#),
        event(
            "content_part.added", 2,
            #""item_id":"msg_u","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}"#
        ),
        event(
            "output_text.delta", 3,
            #""item_id":"msg_u","output_index":0,"content_index":0,"delta":"One two three four five six "#
                + #"seven eight ""#),
    ].joined()
    private static let rest = event(
        "completed", 0,
        #""response":{"id":"resp_v","model":"m","status":"completed","output":[{"id":"msg_v","type":"message","content":[{"type":"output_text","text":"eight nine."}]}]}"#
    )

    private let first: ReplayLane
    private let second: ReplayLane
    private let house: TestGateway

    init() {
        _ = Trio.registry
        first = ReplayLane(.breaking(.cut, after: .events([ByteBuffer(string: Self.begun)])))
        second = ReplayLane(.events([ByteBuffer(string: Self.rest)]))
        let facts = ["a", "b"].map { ProviderFacts(name: $0, dialect: .responses) }
        house = TestGateway(
            providers: [
                Provider(name: "a", dialect: Self.responses, lane: first, embeddings: .none("none")),
                Provider(name: "b", dialect: Self.responses, lane: second, embeddings: .none("none")),
            ], facts: facts, routes: [Route(name: "r", candidates: facts.map { $0.candidate(model: "m") })])
    }

    private func ask(_ members: String) async -> FinishedRecord {
        let body = #"{"model":"r","input":"Count.","stream":true\#(members)}"#
        let reply = await house.serve(house.call(body, door: Self.responses))
        #expect(reply.text.contains("response.completed") && reply.text.contains("nine."), "\(reply.text)")
        return house.book.last!
    }

    @Test func whatCantGoAlongIsNamed() async throws {
        let record = await ask(
            #","reasoning":{"summary":"auto","effort":"high","context":"all"},"text":{"verbosity":"low"},"prompt_cache_key":"k""#
        )
        let names = ["store", "reasoning.context", "text.verbosity", "reasoning_effort", "thinking"]
        #expect(Set(record.dropped) == Set(names) && record.dropped.count == names.count, "\(record.dropped)")
        // Members of their own go along as they came.
        let sent = try #require(second.requests.value.last)
        let root = try JSONDocument(sent.body).root
        #expect(root["prompt_cache_key"]?.isString("k") == true && root["store"]?.bool == false)
        #expect(root["reasoning"] == nil && root["text"] == nil)
    }

    @Test func nothingIsNamedWhereNothingIsLost() async {
        let record = await ask(#","store":false,"temperature":0.5"#)
        #expect(record.dropped.isEmpty, "\(record.dropped)")
    }
}
