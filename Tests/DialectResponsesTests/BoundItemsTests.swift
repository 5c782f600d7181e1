import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite struct BoundItemsTests {
    private let items = BoundItems()

    @Test func theIDIsTheRequests() {
        #expect(items.answerID(requestID: "req_0123") == "resp_0123" && items.answerID(requestID: "x") == "resp_x")
    }

    @Test func aWholeAnswerGetsTheIDAndNothingElse() throws {
        let bytes = try Recorded.bytes("tools.response.json")
        let named = items.naming(bytes, "resp_ours") ?? ByteBuffer()
        #expect(String(buffer: named) == String(buffer: bytes).replacing("resp_up1", with: "resp_ours"))
    }

    @Test(arguments: ["[]", "nonsense", "{}", #"{"id":7}"#, #"{"error":{"id":"x"}}"#])
    func whatHasNoIDGetsNone(_ body: String) {
        #expect(items.naming(ByteBuffer(string: body), "resp_ours") == nil)
    }

    @Test(arguments: EventReaderTests.streams) func everyEventOfAStreamNamesTheSameAnswer(_ name: String) throws {
        var parser = SSEParser()
        parser.feed(try Recorded.bytes("\(name).stream.sse"))
        var named = 0
        while let frame = try parser.next() {
            let isNaming = frame.data.withUnsafeReadableBytes { $0.place(of: "resp_up1") != nil }
            let bytes = items.naming(frame, "resp_ours")
            #expect((bytes != nil) == isNaming, "\(frame.name)")
            guard let bytes else { continue }
            named += 1
            let text = String(buffer: bytes)
            let data = String(buffer: frame.data).replacing("resp_up1", with: "resp_ours")
            let isLast = ["response.completed", "response.incomplete", "response.failed"].contains(frame.name)
            #expect(text == "event: \(frame.name)\ndata: \(data)\n\n" + (isLast ? "data: [DONE]\n\n" : ""))
        }
        #expect(named == 3)
    }

    @Test func anItemIsKnownAgain() throws {
        let answer = try Recorded.bytes("tools.response.json")
        let marks = items.marks(inAnswer: answer)
        #expect(marks.count == 1)
        var parser = SSEParser()
        parser.feed(try Recorded.bytes("tools.stream.sse"))
        var streamed: [UInt64] = []
        while let frame = try parser.next() { streamed += items.marks(in: frame) }
        #expect(streamed == marks)
        let output = try #require(try JSONDocument(answer).root["output"]).fragment.text
        let request = try JSONDocument(#"{"model":"m","input":\#(output)}"#, limits: .skim)
        #expect(items.boundItems(in: request.root) == [BoundItem(index: 0, mark: marks[0], isRecord: false)])
    }

    @Test(arguments: [
        (#"{"input":[{"type":"compaction","id":"c","encrypted_content":"abc"}]}"#, true),
        (#"{"input":[{"type":"compaction_summary","encrypted_content":"abc"}]}"#, true),
        (#"{"input":[{"type":"reasoning","encrypted_content":"abc"}]}"#, false),
    ]) func aCompactionIsTheOnlyRecord(_ body: String, _ isRecord: Bool) throws {
        let found = items.boundItems(in: try JSONDocument(body, limits: .skim).root)
        #expect(found.map { $0.isRecord } == [isRecord] && found.allSatisfy { $0.mark != nil })
    }

    @Test(arguments: [
        (
            #"{"error":{"message":"The encrypted content gAAA could not be verified.","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}"#,
            true
        ),
        (
            #"{"error":{"message":"invalid_encrypted_content","type":"invalid_request_error","code":"invalid_value"}}"#,
            false
        ),
        ("invalid_encrypted_content", false),
    ]) func aNoToAnItemIsKnownByItsCode(_ body: String, _ isOne: Bool) {
        let error = responses.decodeError(status: 400, body: ByteBuffer(string: body))
        #expect(items.refusesItem(error) == isOne)
    }

    @Test(arguments: [
        #"{"input":"reasoning"}"#, #"{"input":[{"type":"reasoning","encrypted_content":null}]}"#,
        #"{"input":[{"type":"reasoning","encrypted_content":"holdfast_signature_x"}]}"#,
        #"{"input":[{"type":"reasoning"}]}"#,
        #"{"input":[7,"reasoning"]}"#, "{}",
    ]) func whatAnyProviderCanReadIsNotBound(_ body: String) throws {
        #expect(items.boundItems(in: try JSONDocument(body, limits: .skim).root).isEmpty)
    }
}
