import Conversation
import DialectResponses
import NIOCore
import Testing
import Wire

@Suite struct EventWatcherTests {
    @Test(arguments: EventReaderTests.streams.filter { $0 != "failed" })
    func costAndEndAreSeen(_ name: String) throws {
        let observation = try responses.watch(Recorded.bytes("\(name).stream.sse"))
        #expect(
            observation.hasEnded && observation.hasFinished && observation.hasContent && !observation.hasOpenToolCall)
        #expect(observation.usage == Usage(input: 1210, output: 33, cacheRead: 1152, cacheWrite: 0, reasoning: 7))
        #expect(observation.failure == nil && observation.isRefusal == (name == "refusal"))
    }

    @Test func aFailedResponseIsAFailure() throws {
        let observation = try responses.watch(Recorded.bytes("failed.stream.sse"))
        #expect(!observation.hasEnded && observation.hasContent)
        #expect(observation.failure?.code == "rate_limit_exceeded" && observation.failure?.status == 429)
    }

    /// The watcher looks at names, the reader at everything: they must agree on
    /// the moment from which a caller has heard something.
    @Test(arguments: EventReaderTests.streams) func contentBeginsWhereTheReaderSaysSo(_ name: String) throws {
        let bytes = try Recorded.bytes("\(name).stream.sse")
        var parser = SSEParser()
        parser.feed(bytes)
        var watcher = responses.makeStreamWatcher()
        var decoder = responses.makeStreamDecoder()
        var hasContent = false
        while let frame = try parser.next() {
            var events: [StreamEvent] = []
            try decoder.decode(frame, into: &events)
            watcher.observe(frame)
            for event in events {
                switch event {
                case .ping, .started, .partEnded, .usage, .failed, .ended: break
                default: hasContent = true
                }
            }
            #expect(watcher.observation.hasContent == hasContent, "at \(frame.name)")
        }
    }

    @Test(arguments: [
        ("response.output_text.delta", #"{"delta":""}"#, false),
        ("response.output_text.delta", #"{"delta":" "}"#, true),
        ("response.output_item.added", #"{"item":{"type":"message"}}"#, false),
        ("response.output_item.added", #"{"item":{"type":"reasoning"}}"#, false),
        ("response.output_item.added", #"{"item":{"type":"function_call"}}"#, true),
        ("response.output_item.added", #"{"item":{"type":"web_search_call"}}"#, true),
        ("response.created", #"{"response":{}}"#, false), ("response.output_text.delta", "nonsense", true),
        ("", #"{"type":"response.output_text.delta","delta":"x"}"#, true), ("", "nonsense", false), ("", "{}", false),
    ]) func contentIsWhatACallerWouldRead(_ name: String, _ data: String, _ hasContent: Bool) throws {
        let line = name.isEmpty ? "" : "event: \(name)\n"
        #expect(try responses.watch(ByteBuffer(string: "\(line)data: \(data)\n\n")).hasContent == hasContent)
    }

    @Test func aCallIsOpenUntilItsItemEnds() throws {
        let bytes = try Recorded.bytes("tools.stream.sse")
        let delta = try #require(
            bytes.withUnsafeReadableBytes { $0.place(of: "event: response.function_call_arguments.done") })
        #expect(try responses.watch(bytes.getSlice(at: 0, length: delta)!).hasOpenToolCall)
    }

    @Test(arguments: [
        (
            #"{"type":"error","code":"server_is_overloaded","message":"Slow down","param":null}"#,
            "server_is_overloaded", 503
        ),
        (
            #"{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"x"}}"#,
            "context_length_exceeded", 400
        ),
        (#"{"error":{"message":"x","type":"server_error","code":null}}"#, nil, 500),
        (#"{"type":"error","status":502,"error":{"message":"x"}}"#, nil, 502), (#"{"type":"error"}"#, nil, 200),
    ]) func errorsAreReadInAllTheirForms(_ data: String, _ code: String?, _ status: Int) throws {
        let watched = try responses.watch(ByteBuffer(string: "data: \(data)\n\n")).failure
        #expect(watched?.code == code && watched?.status == status && watched?.message.isEmpty == false)
        #expect(try responses.decode([data]) == [.failed(try #require(watched))])
    }
}
