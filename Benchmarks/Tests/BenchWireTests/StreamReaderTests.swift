import NIOCore
import Testing

@testable import BenchWire

/// The list of ways a stream can be wrong without the load generator noticing.
@Suite struct StreamReaderTests {
    private func event(_ text: String) -> String {
        #"data: {"choices":[{"index":0,"delta":{"content":"\#(text)"},"finish_reason":null}]}"# + "\n\n"
    }

    private func read(_ pieces: [String], expecting: Int) throws -> StreamReader.Progress {
        var reader = StreamReader(.openai, expecting: expecting)
        var total = StreamReader.Progress()
        for piece in pieces {
            let progress = try reader.consume(ByteBuffer(string: piece))
            total.events += progress.events
            total.numbers += progress.numbers
        }
        try reader.finish()
        return total
    }

    private let done = "data: [DONE]\n\n"

    @Test func wholeStreamCutAtEveryByte() throws {
        let stream = event("") + event("word #0;") + event(" #1;") + done
        let whole = try read([stream], expecting: 2)
        #expect(whole == .init(events: 4, numbers: 2))
        #expect(try read(stream.map(String.init), expecting: 2) == whole)
    }

    @Test func textJoinedOrSplitByTheGateway() throws {
        #expect(try read([event("#0;#1;#"), event("2;"), done], expecting: 3).numbers == 3)
    }

    @Test func eventLost() {
        #expect(throws: StreamReader.Flaw.outOfOrder) { try read([event("#0;"), event("#2;")], expecting: 3) }
    }

    @Test func lastEventLost() {
        #expect(throws: StreamReader.Flaw.missing) { try read([event("#0;"), done], expecting: 2) }
    }

    @Test func terminalLost() {
        #expect(throws: StreamReader.Flaw.noTerminal) { try read([event("#0;")], expecting: 1) }
    }

    @Test func eventTwice() {
        #expect(throws: StreamReader.Flaw.outOfOrder) { try read([event("#0;"), event("#0;")], expecting: 2) }
    }

    @Test func terminalTwice() {
        #expect(throws: StreamReader.Flaw.afterTerminal) { try read([event("#0;"), done, done], expecting: 1) }
    }

    @Test func anthropicTextAfterTheTypeOfTheSameName() throws {
        var reader = StreamReader(.anthropic, expecting: 1)
        let stream = """
            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"#0;"}}

            event: message_stop
            data: {"type":"message_stop"}


            """
        #expect(try reader.consume(ByteBuffer(string: stream)) == .init(events: 3, numbers: 1))
        try reader.finish()
    }
}
