import Conversation
import DialectOpenAI
import FoundationEssentials
import NIOCore
import Wire

/// Bytes as they were recorded.
enum Fixture {
    static func bytes(_ name: String, of folder: String = "openai") throws -> ByteBuffer {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: tests.appending(path: "Fixtures/\(folder)/\(name)"))
        return ByteBuffer(bytes: data)
    }

    static func document(_ name: String, of folder: String = "openai") throws -> JSONDocument {
        try JSONDocument(bytes(name, of: folder))
    }
}

let openai = OpenAIDialect(now: { 1_700_000_000 })
let engine = EngineDialect(now: { 1_700_000_000 })

extension CallerProtocol {
    func decodeChat(_ text: String) throws -> ChatRequest { try decodeChat(JSONDocument(text)) }

    func encode(_ events: [StreamEvent], for request: ChatRequest) -> String {
        var encoder = makeStreamEncoder(for: request)
        var bytes = ByteBuffer()
        for event in events { encoder.encode(event, into: &bytes) }
        return String(buffer: bytes)
    }
}

extension EmbeddingsCaller {
    func decodeEmbeddings(_ document: JSONDocument) throws -> EmbeddingsRequest {
        try decodeEmbeddings(document, at: CalledPath())
    }
}

extension ProviderProtocol {
    func encoded(_ request: ChatRequest, model: String = "m") throws -> (body: String, dropped: [String]) {
        var dropped: [String] = []
        let body = try encodeChat(request, model: model, dropped: &dropped)
        return (String(buffer: body), dropped)
    }

    /// Returns the events of a stream whose bytes are cut as given.
    func decode(stream pieces: some Sequence<ByteBuffer>) throws -> [StreamEvent] {
        var parser = SSEParser()
        var decoder = makeStreamDecoder()
        var events: [StreamEvent] = []
        for piece in pieces {
            parser.feed(piece)
            while let event = try parser.next() { try decoder.decode(event, into: &events) }
        }
        return events
    }

    func decode(stream text: String) throws -> [StreamEvent] { try decode(stream: [ByteBuffer(string: text)]) }
}

extension ChatRequest {
    static func saying(_ text: String = "Hi") -> ChatRequest { ChatRequest(model: "m", messages: [.user(text)]) }

    func with(_ change: (inout ChatRequest) -> Void) -> ChatRequest {
        var copy = self
        change(&copy)
        return copy
    }
}

extension Message {
    static func user(_ text: String) -> Message { Message(.user, [.text(text)]) }
}
