import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite struct RequestRepairTests {
    private func repaired(_ body: String, without foreign: [Int] = []) throws -> (body: String, dropped: [String]) {
        let bytes = ByteBuffer(string: body)
        var splices = Splices()
        var dropped: [String] = []
        try responses.repair(
            try JSONDocument(bytes, limits: .skim).root, leavingOut: foreign, model: "m", dropped: &dropped,
            into: &splices)
        let result = splices.apply(to: bytes)
        _ = try JSONDocument(result)
        return (String(buffer: result), dropped)
    }

    @Test(arguments: [
        (#"{"model":"m","store":false}"#, #"{"model":"m","store":false}"#, []),
        (#"{"model":"m", "store" : true}"#, #"{"model":"m", "store" : false}"#, ["store"]),
        (#"{"model":"m","store":null}"#, #"{"model":"m","store":false}"#, ["store"]),
        (#"  {"model":"m"}"#, #"  {"store":false,"model":"m"}"#, ["store"]),
        (#"{}"#, #"{"store":false}"#, ["store"]),
        // A member of that name inside says nothing.
        (
            #"{"model":"m","tools":[{"store":false}]}"#, #"{"store":false,"model":"m","tools":[{"store":false}]}"#,
            ["store"]
        ),
    ]) func nothingIsKeptAtTheProvider(_ body: String, _ expected: String, _ dropped: [String]) throws {
        let result = try repaired(body)
        #expect(result.body == expected && result.dropped == dropped)
    }

    private static let user = #"{"role":"user","content":"Hi"}"#
    private static func reasoning(_ encrypted: String, id: String = "rs_1") -> String {
        #"{"type":"reasoning","id":"\#(id)","summary":[],"encrypted_content":\#(encrypted)}"#
    }
    private static let call = #"{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"}"#

    private func input(_ items: [String]) -> String { #"{"store":false,"input":[\#(items.joined(separator: ","))]}"# }

    @Test func itemsStayByteForByte() throws {
        let body = input([Self.user, Self.reasoning(#""gAAAAA""#), Self.call]).replacing(":", with: " : ")
        let result = try repaired(body)
        #expect(result.body == body && result.dropped.isEmpty)
    }

    @Test func foreignItemsAreLeftOutWithTheIDsThatNameThem() throws {
        let result = try repaired(input([Self.user, Self.reasoning(#""gAAAAA""#), Self.call]), without: [1])
        #expect(
            result.body
                == input([Self.user, #"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#]))
        #expect(result.dropped == ["input[1] (reasoning)"])
    }

    @Test(arguments: [
        (reasoning("null"), true), (#"{"type":"reasoning","id":"rs_1","summary":[]}"#, true), (reasoning(#""""#), true),
        (reasoning(#""holdfast_signature_abc""#), true), (reasoning(#""gAAAAA""#), false),
        (#"{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"x"}]}"#, false),
        (#"{"type":"reasoning","id":"rs_1","summary":[],"content":[]}"#, true),
    ]) func reasoningThatNobodyCanReadIsLeftOut(_ item: String, _ isLeftOut: Bool) throws {
        let result = try repaired(input([Self.user, item]))
        #expect(result.dropped == (isLeftOut ? ["input[1] (reasoning)"] : []))
        #expect(result.body == input(isLeftOut ? [Self.user] : [Self.user, item]))
    }

    @Test(arguments: [reasoning(#""gAAAAA""#), reasoning("null")]) func aRequestOfNothingElseIsRefused(_ item: String) {
        let refusal = CannotCarry(
            "input", "holds nothing but reasoning that only another provider can read. Send a message, too")
        #expect(throws: refusal) { try repaired(input([item]), without: [0]) }
    }

    @Test func aPromptThatIsKeptAtTheProviderNeedsNoItems() throws {
        let body = #"{"store":false,"prompt":{"id":"pmpt_1"},"input":[\#(Self.reasoning("null"))]}"#
        #expect(try repaired(body).body == #"{"store":false,"prompt":{"id":"pmpt_1"},"input":[]}"#)
    }

    @Test(arguments: ["7", "null", "\"Hi \\\"reasoning\\\"\"", "{\"reasoning\":1}", "[]", "[7,\"reasoning\",null]"])
    func anyInputIsTaken(_ input: String) throws {
        let body = #"{"store":false,"input":\#(input)}"#
        #expect(try repaired(body, without: [5]).body == body)
    }

    @Test func aCompactionsRequestHasNoStore() throws {
        let bytes = ByteBuffer(string: #"{"model":"m","input":"Hi"}"#)
        var splices = Splices()
        var dropped: [String] = []
        try responses.repairCompaction(
            try JSONDocument(bytes, limits: .skim).root, leavingOut: [], dropped: &dropped, into: &splices)
        #expect(splices.isEmpty && dropped.isEmpty)
    }
}
