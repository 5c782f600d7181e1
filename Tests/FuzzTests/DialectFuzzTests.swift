import Conversation
import DialectAnthropic
import DialectOpenAI
import NIOCore
import Testing
import Wire

private let doors: [any CallerProtocol & ProviderProtocol] = [AnthropicDialect(), embedder]
private let embedder = OpenAIDialect(now: { 0 })

@Suite(.serialized) struct DialectFuzzTests {
    @Test func noRequestGetsTheBetterOfADialect() throws {
        try Fuzzing.run("requests", share: 0.2, inputs: Corpus.documents) { input, _ in
            guard let document = try? JSONDocument(input) else { return }
            _ = try? AnthropicDialect().decodeCountTokens(document, at: CalledPath())
            if let embeddings = try? embedder.decodeEmbeddings(document, at: CalledPath()) {
                var dropped: [String] = []
                if let body = try? embedder.encodeEmbeddings(embeddings, model: "m", dropped: &dropped) {
                    _ = try JSONDocument(body)
                }
            }
            for door in doors {
                _ = try? door.readHead(document.root, at: CalledPath())
                _ = door.mostTokens(document.root)
                _ = door.continuesThread(document.root)
                _ = door.expectsSharedTerms(document.root)
                guard let request = try? door.decodeChat(document) else { continue }
                _ = TokenEstimate(request).inputTokens
                for provider in doors { try carry(request, to: provider) }
            }
        }
    }

    /// Checks that a provider's dialect can read what it wrote itself, and that
    /// a request no longer changes after it has been read once.
    private func carry(_ request: ChatRequest, to provider: any CallerProtocol & ProviderProtocol) throws {
        for model in ["claude-opus-5", "m"] {
            var dropped: [String] = []
            guard let body = try? provider.encodeChat(request, model: model, dropped: &dropped) else { continue }
            let document = try JSONDocument(body)
            var once = try refusing("a request that \(provider.name) has written itself") {
                try provider.decodeChat(document)
            }
            guard once.leftovers.isEmpty else { throw Fault("\(provider.name) leaves over \(once.leftovers)") }
            let again = try provider.encodeChat(once, model: model, dropped: &dropped)
            let twice = try provider.decodeChat(JSONDocument(again))
            once.leftovers = []
            guard once == twice else {
                throw Fault("\(provider.name) reads what it writes otherwise:\n\(once)\n\(twice)")
            }
        }
    }

    @Test func noReplyGetsTheBetterOfADialect() throws {
        try Fuzzing.run("replies", share: 0.1, inputs: Corpus.documents) { input, _ in
            if let embeddings = try? embedder.decodeEmbeddingsReply(input) {
                let request = EmbeddingsRequest(model: "m", input: .text("a"))
                _ = try JSONDocument(embedder.encodeEmbeddingsReply(embeddings, to: request))
            }
            for provider in doors {
                _ = provider.decodeError(status: 500, body: input)
                _ = (try? JSONDocument(input, limits: .answer)).map { provider.usage(inReply: $0.root) }
                guard let reply = try? provider.decodeReply(input) else { continue }
                for door in doors {
                    let request = ChatRequest(model: "m", messages: [])
                    let once = try refusing("a reply that \(door.name) has written itself") {
                        try door.decodeReply(door.encodeReply(reply, to: request))
                    }
                    let twice = try door.decodeReply(door.encodeReply(once, to: request))
                    guard once == twice else {
                        throw Fault("\(door.name) reads what it writes otherwise:\n\(once)\n\(twice)")
                    }
                }
            }
        }
    }

    @Test func noStreamGetsTheBetterOfADialect() throws {
        try Fuzzing.run("streams", share: 0.2, inputs: Corpus.streams) { input, random in
            let pieces = Pieces.cut(input, &random)
            for provider in doors {
                let whole = decode([input], by: provider)
                guard decode(pieces, by: provider) == whole else {
                    throw Fault("\(provider.name) reads a cut stream otherwise: \(pieces.map(\.readableBytes))")
                }
                var watcher = provider.makeStreamWatcher()
                for event in (try? Pieces.events(in: pieces)) ?? [] { watcher.observe(event) }
                for door in doors {
                    var encoder = door.makeStreamEncoder(for: ChatRequest(model: "m", messages: []))
                    var bytes = ByteBuffer()
                    for event in whole { encoder.encode(event, into: &bytes) }
                    var decoder = door.makeStreamDecoder()
                    var events: [StreamEvent] = []
                    for event in try Pieces.events(in: [bytes]) {
                        try refusing("a stream that \(door.name) has written itself") {
                            try decoder.decode(event, into: &events)
                        }
                    }
                }
            }
        }
    }

    /// The events up to the first that the dialect doesn't allow.
    private func decode(_ pieces: [ByteBuffer], by dialect: any ProviderProtocol) -> [StreamEvent] {
        var decoder = dialect.makeStreamDecoder()
        var events: [StreamEvent] = []
        for event in (try? Pieces.events(in: pieces)) ?? [] {
            do { try decoder.decode(event, into: &events) } catch { break }
        }
        return events
    }

    private func refusing<T>(_ what: String, _ body: () throws -> T) throws -> T {
        do { return try body() } catch { throw Fault("\(what) is refused: \(error)") }
    }
}
