import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

private func repaired(_ body: String) -> (body: String?, dropped: [String]) {
    var dropped: [String] = []
    var splices = Splices()
    let bytes = ByteBuffer(string: body)
    dialect.repair(bytes, model: "m", dropped: &dropped, into: &splices)
    return (splices.isEmpty ? nil : String(buffer: splices.apply(to: bytes)), dropped)
}

private let unsigned = #"{"type":"thinking","thinking":"hm","signature":""}"#
private let signed = #"{"type":"thinking","thinking":"hm","signature":"Eq"}"#
private let call = #"{"type":"tool_use","id":"c","name":"f","input":{}}"#
private let result = #"{"type":"tool_result","tool_use_id":"c","content":"r"}"#

@Suite struct HistoryRepairTests {
    @Test(arguments: [
        #"{"model":"m","messages":[{"role":"user","content":"thinking"}]}"#,
        #"{"model":"m","thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"a"}]}"#,
        #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[\#(signed),\#(call)]},{"role":"user","content":[\#(result)]}],"thinking":{"type":"enabled","budget_tokens":1024}}"#,
        #"{"messages":[{"role":"assistant","content":[\#(call)]},{"role":"user","content":[\#(result)]}],"thinking":{"type":"adaptive"}}"#,
        #"{"messages":[{"role":"user","content":"{\"type\":\"thinking\",\"signature\":\"\"}"}]}"#,
        "not JSON", #"{"thinking":7,"messages":7}"#, #"{"messages":[{"content":[{"thinking":1}]},7,null]}"#,
    ])
    func whatIsRightPassesAsItCame(_ body: String) {
        let outcome = repaired(body)
        #expect(outcome.body == nil && outcome.dropped.isEmpty)
    }

    @Test func unsignedThinkingIsCutOutAndNothingElse() {
        let body =
            #"{ "model" : "m", "messages":[ {"role":"assistant", "content":[\#(unsigned), {"type":"text","text":"x"}]} , {"role":"user","content":"b"}], "x": 1.0 }"#
        let outcome = repaired(body)
        #expect(
            outcome.body
                == #"{ "model" : "m", "messages":[ {"role":"assistant", "content":[{"type":"text","text":"x"}]} , {"role":"user","content":"b"}], "x": 1.0 }"#
        )
        #expect(outcome.dropped == ["messages[0].content (unsigned thinking)"])
        let bare = repaired(
            #"{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"x"}]}]}"#
        )
        #expect(bare.body == #"{"messages":[{"role":"assistant","content":[{"type":"text","text":"x"}]}]}"#)
    }

    @Test func aTurnOfNothingElseGoesWithIt() {
        let outcome = repaired(
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[\#(unsigned)]},{"role":"assistant","content":[\#(unsigned),\#(signed)]},{"role":"user","content":"b"}]}"#
        )
        #expect(
            outcome.body
                == #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[\#(signed)]},{"role":"user","content":"b"}]}"#
        )
    }

    @Test func aBudgetInTheMiddleOfAnothersTurnIsSwitchedOff() {
        let outcome = repaired(
            #"{"thinking":{"type":"enabled","budget_tokens":1024},"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"},{"type":"clear_tool_uses_20250919"}]},"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[\#(unsigned),\#(call)]},{"role":"user","content":[\#(result)]}]}"#
        )
        #expect(
            outcome.body
                == #"{"thinking":{"type":"disabled"},"context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]},"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[\#(call)]},{"role":"user","content":[\#(result)]}]}"#
        )
        #expect(
            outcome.dropped == [
                "messages[1].content (unsigned thinking)", "thinking", "context_management.edits",
            ])
    }
}
