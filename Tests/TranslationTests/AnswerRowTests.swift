import Conversation
import Encodings
import NIOCore
import Testing
import Wire

@Suite("Answers, row by row") struct AnswerRowTests {
    @Test("an answer is told otherwise than its row says", arguments: Case.all.filter { $0.kind == .answer })
    func answer(_ one: Case) throws {
        let root = try one.read()
        let (provider, door) = try Self.speakers(one)
        let reply = try provider.decodeReply(try #require(root["answer"]).fragment.bytes)
        let told = door.encodeReply(reply, to: ChatRequest(model: "route", messages: []))
        try one.check(JSONDocument(told).root, "tells")
    }

    @Test("a stream is told otherwise than its row says", arguments: Case.all.filter { $0.kind == .stream })
    func stream(_ one: Case) throws {
        let root = try one.read()
        let (provider, door) = try Self.speakers(one)
        var request = ChatRequest(model: "route", messages: [])
        request.includeUsage = root["include_usage"]?.bool == true
        var decoder = provider.makeStreamDecoder()
        var events: [StreamEvent] = []
        for event in try #require(root["stream"]).elements {
            try decoder.decode(Self.frame(event, provider.framing), into: &events)
        }
        var encoder = door.makeStreamEncoder(for: request)
        var bytes = ByteBuffer()
        for event in events { encoder.encode(event, into: &bytes) }
        var parser = FrameParser(door.framing)
        parser.feed(bytes)
        var told: [String] = []
        while let event = try parser.next() { told.append(Self.line(event, door.framing)) }
        try one.check(JSONDocument("[\(told.joined(separator: ","))]").root, "tells")
    }

    private static func frame(_ event: JSONView, _ framing: Framing) throws -> Frame {
        switch framing {
        case .serverSentEvents:
            // Anthropic's events have their type as their name, OpenAI's last one is no JSON.
            let name = event["type"]?.string ?? ""
            return Frame(name: name, data: event.string.map { ByteBuffer(string: $0) } ?? event.fragment.bytes)
        case .eventStream:
            let (name, payload) = try #require(event.members.first { _ in true })
            return Frame(name: name.string ?? "", data: payload.fragment.bytes)
        }
    }

    private static func line(_ frame: Frame, _ framing: Framing) -> String {
        let data = String(buffer: frame.data)
        guard framing == .eventStream else { return data == "[DONE]" ? "\"[DONE]\"" : data }
        let chunk = (try? JSONDocument(data))?.root["bytes"]?.string.flatMap { Base64.decode($0) }
        return "{\"\(frame.name)\":\(chunk.map { String(decoding: $0, as: UTF8.self) } ?? data)}"
    }

    @Test("an error is told otherwise than the page says", arguments: Case.all.filter { $0.kind == .error })
    func error(_ one: Case) throws {
        let root = try one.read()
        let (provider, door) = try Self.speakers(one)
        let status = try #require(root["status"]?.int)
        let error = provider.decodeError(status: status, body: try #require(root["error"]).fragment.bytes)
        #expect(door.status(for: error) == root["told"]?.int)
        try one.check(JSONDocument(door.encodeProviderError(error, requestID: "r")).root, "tells")
    }

    private static func speakers(_ one: Case) throws -> (provider: any ProviderProtocol, door: any CallerProtocol) {
        (try #require(Speakers.provider(one.from), "\(one.from)"), try #require(Speakers.door(one.to), "\(one.to)"))
    }
}
