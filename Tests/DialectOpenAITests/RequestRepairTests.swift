import Conversation
import DialectOpenAI
import NIOCore
import Testing
import Wire

@Suite("A request at its own provider") struct RequestRepairTests {
    private func repaired(_ body: String, _ flavour: Flavour, model: String = "m", isKnown: Bool = true) -> String? {
        var dropped: [String] = []
        let dialect = OpenAIDialect(traits: flavour.traits, isKnown: isKnown, now: { 0 })
        var splices = Splices()
        let bytes = ByteBuffer(string: body)
        dialect.repair(bytes, model: model, dropped: &dropped, into: &splices)
        return splices.isEmpty ? nil : String(buffer: splices.apply(to: bytes))
    }

    @Test(
        "the token limit keeps a name that the server refuses",
        arguments: [
            (Flavour.mistral, "m", #"{"max_completion_tokens": 9}"#, #"{"max_tokens": 9}"# as String?),
            (.mistral, "m", #"{"max_tokens": 9}"#, nil),
            (.openai, "gpt-5-mini", #"{"max_tokens":9}"#, #"{"max_completion_tokens":9}"#),
            (.openai, "gpt-4o", #"{"max_tokens":9}"#, nil),
            (.vllm, "m", #"{"max_tokens":9,"max_completion_tokens":9}"#, nil),
            (.vllm, "m", #"{"messages":[{"content":"max_completion_tokens\""}]}"#, nil),
            (.mistral, "m", "not JSON", nil),
        ])
    func limits(flavour: Flavour, model: String, body: String, expected: String?) {
        #expect(repaired(body, flavour, model: model) == expected)
        #expect(repaired(body, flavour, model: model, isKnown: false) == nil)
    }

    @Test("ids that the server refuses stay, or no longer agree") func ids() throws {
        let body =
            #"{"messages":[{"role":"assistant","tool_calls":[{"id":"functions.f:0","x":1.0},{"id":"D681PevKs"}]},{"role":"tool","tool_call_id":"D681PevKs"},{"role":"tool","tool_call_id":"functions.f:0"}]}"#
        let written = try #require(repaired(body, .mistral))
        let id = CallIDForm.mistral.write("functions.f:0")
        #expect(
            written == body.split(separator: "functions.f:0", omittingEmptySubsequences: false).joined(separator: id))
        #expect(repaired(body, .openai) == nil && repaired(body, .kimi) == nil)
        // Equal ids of one turn are answered in their order.
        let twice =
            #"{"messages":[{"role":"assistant","tool_calls":[{"id":"x"},{"id":"x"}]},{"role":"tool","tool_call_id":"x","n":1},{"role":"tool","tool_call_id":"x","n":2}]}"#
        let told = try #require(repaired(twice, .mistral)).split(separator: "\"").filter {
            $0.count == 9 && $0 != "assistant"
        }
        #expect(told.count == 4 && Array(told[..<2]) == Array(told[2...]) && told[0] != told[1])
        let long = String(repeating: "i", count: 50)
        let other =
            #"{"messages":[{"role":"assistant","tool_calls":[{"id":"\#(long)"}]},{"role":"tool","tool_call_id":"\#(long)"}]}"#
        #expect(repaired(other, .openai)?.contains(long) == false)
    }
}
