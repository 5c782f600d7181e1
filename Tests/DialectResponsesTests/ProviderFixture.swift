import Conversation
import DialectResponses
import FoundationEssentials
import NIOCore
import Wire

/// Bytes as they were recorded.
enum Recorded {
    static func bytes(_ name: String) throws -> ByteBuffer {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return ByteBuffer(bytes: try Data(contentsOf: tests.appending(path: "Fixtures/responses/\(name)")))
    }
}

let responses = ResponsesDialect(now: { 1_700_000_000 })

extension ProviderProtocol {
    func encoded(_ request: ChatRequest, model: String = "m") throws -> (body: JSONDocument, dropped: [String]) {
        var dropped: [String] = []
        return (try JSONDocument(encodeChat(request, model: model, dropped: &dropped)), dropped)
    }

    /// Returns the events of a stream whose bytes are cut as given.
    func decode(stream pieces: some Sequence<ByteBuffer>) throws -> [StreamEvent] {
        try decoding(pieces).events
    }

    /// Returns the events of a stream, and the place behind them.
    func decoding(_ pieces: some Sequence<ByteBuffer>) throws -> (events: [StreamEvent], place: StreamPlace?) {
        var parser = SSEParser()
        var decoder = makeStreamDecoder()
        var events: [StreamEvent] = []
        for piece in pieces {
            parser.feed(piece)
            while let event = try parser.next() { try decoder.decode(event, into: &events) }
        }
        return (events, decoder.place)
    }

    /// Returns the events of frames of these data, which name themselves.
    func decode(_ data: [String]) throws -> [StreamEvent] {
        try decode(stream: data.map { ByteBuffer(string: "data: \($0)\n\n") })
    }

    func watch(_ bytes: ByteBuffer) throws -> StreamObservation {
        var parser = SSEParser()
        parser.feed(bytes)
        var watcher = makeStreamWatcher()
        while let event = try parser.next() { watcher.observe(event) }
        return watcher.observation
    }
}

extension ByteBuffer {
    /// Returns the bytes in two pieces.
    func cut(at place: Int) -> [ByteBuffer] {
        [getSlice(at: 0, length: place)!, getSlice(at: place, length: readableBytes - place)!]
    }
}

extension ChatRequest {
    static func saying(_ text: String = "Hi") -> ChatRequest {
        ChatRequest(model: "m", messages: [Message(.user, [.text(text)])])
    }

    func with(_ change: (inout ChatRequest) throws -> Void) rethrows -> ChatRequest {
        var copy = self
        try change(&copy)
        return copy
    }
}
