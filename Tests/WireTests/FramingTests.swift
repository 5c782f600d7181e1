import NIOCore
import Testing
import Wire

@Suite struct FramingTests {
    @Test(arguments: [
        ("text/event-stream", true), ("text/event-stream; charset=utf-8", true), ("Text/Event-Stream", true),
        ("application/json", false), ("text/plain", false), ("", false),
    ])
    func aContentTypeNamesServerSentEvents(_ contentType: String, _ isNamed: Bool) {
        #expect(Framing.serverSentEvents.isNamed(by: contentType) == isNamed)
    }

    @Test func itsOwnContentTypeNamesIt() {
        #expect(Framing.serverSentEvents.isNamed(by: Framing.serverSentEvents.contentType))
    }

    @Test(arguments: [
        ("application/vnd.amazon.eventstream", true), ("Application/vnd.amazon.EventStream; x=y", true),
        ("application/json", false), ("text/event-stream", false),
    ])
    func aContentTypeNamesAnEventStream(_ contentType: String, _ isNamed: Bool) {
        #expect(Framing.eventStream.isNamed(by: contentType) == isNamed)
    }

    @Test func aGoodPreludeTellsAnEventStreamFromAnythingElse() {
        var message = ByteBuffer()
        EventStreamWriter.write(EventStreamHead(event: "e"), data: ByteBuffer(string: "{}"), to: &message)
        func isBegun(_ bytes: ByteBuffer) -> Bool? { Framing.eventStream.isBegun(by: bytes.readableBytesView) }
        #expect(isBegun(message) == true)
        for length in 0..<12 { #expect(isBegun(message.getSlice(at: 0, length: length)!) == nil) }
        #expect(isBegun(ByteBuffer(string: "{")) == false)
        #expect(isBegun(ByteBuffer(repeating: 0, count: 12)) == false)
    }

    @Test(
        "the first bytes tell a stream of events from anything else",
        arguments: [
            ("data: {}", true), ("event: a", true), ("id", nil), ("id: 7", true), ("retry:", true), (": hello", true),
            ("\n\n data:", true), ("\u{FEFF}data:", true), ("dat", nil), ("", nil), ("\n", nil), ("{\"a\":1}", false),
            ("database", false), ("<html>", false),
        ] as [(String, Bool?)])
    func beginnings(_ bytes: String, _ isBegun: Bool?) {
        #expect(Framing.serverSentEvents.isBegun(by: ByteBuffer(string: bytes).readableBytesView) == isBegun)
    }

    @Test(
        "what is forwarded up to the last frame, and what belongs to it, is the whole stream",
        arguments: ["\n", "\r\n", "\r"])
    func wholeFramesAreForwarded(_ end: String) throws {
        let stream = ByteBuffer(string: ["event: a", "data: x", "", "data: y", "", ""].joined(separator: end))
        var parser = FrameParser(.serverSentEvents)
        parser.feed(stream)
        #expect(try parser.next()?.name == "a")
        #expect(try parser.next()?.name == "")
        let whole = stream.readableBytes - parser.unfinishedBytes
        #expect(whole + Framing.serverSentEvents.bytesBehind(whole, in: stream) == stream.readableBytes)
    }

    @Test("nothing of the next frame counts as the end of the last one", arguments: [0, 4, 9])
    func bytesBehindNoSplitLineEnd(_ end: Int) {
        #expect(Framing.serverSentEvents.bytesBehind(end, in: ByteBuffer(string: "data\n\nxyz")) == 0)
    }

    @Test("an event without its blank line gets one", arguments: ["data: x", "data: x\n", "data: x\r", "data: x\r\n"])
    func anUnfinishedFrameIsClosed(_ stream: String) throws {
        let unfinished = ByteBuffer(string: stream)
        var parser = FrameParser(.serverSentEvents)
        parser.feed(unfinished)
        #expect(try parser.next() == nil)
        #expect(parser.finish() == Frame(data: ByteBuffer(string: "x")))
        var again = FrameParser(.serverSentEvents)
        again.feed(Framing.serverSentEvents.closing(unfinished))
        #expect(try again.next() == Frame(data: ByteBuffer(string: "x")))
        #expect(again.unfinishedBytes == 0)
    }

    @Test func aFrameOverTheLimitIsRefused() {
        var parser = FrameParser(.serverSentEvents, limit: 10)
        parser.feed(ByteBuffer(string: "data: 0123456789abcdef\n\n"))
        #expect(throws: FrameProblem.tooLarge(limit: 10)) { try parser.next() }
    }
}
