import Conversation
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import NIOCore
import Seeded
import Wire

/// The checks that hold for a dialect on any input.
enum DialectChecks {
    typealias Both = any CallerProtocol & ProviderProtocol

    static let openai = OpenAIDialect(now: { 0 })
    static let anthropic = AnthropicDialect()
    static let responses = ResponsesDialect(now: { 0 })
    static let converse = ConverseDialect()
    static let all: [Both] = [anthropic, openai, responses, converse]

    // MARK: Requests

    /// - Parameter doors: The dialects that read it.
    static func request(_ document: JSONDocument, by doors: [Both] = all) throws {
        for door in doors {
            let path = path(of: door)
            _ = try? door.readHead(document.root, at: path)
            _ = door.mostTokens(document.root)
            _ = door.continuesThread(document.root)
            _ = door.expectsSharedTerms(document.root)
            var splices = Splices()
            var dropped: [String] = []
            try? door.repair(document.bytes, model: "m", dropped: &dropped, into: &splices)
            // What is spliced into JSON is JSON.
            _ = try JSONDocument(splices.apply(to: document.bytes))
            guard let request = try? door.decodeChat(document, at: path) else { continue }
            _ = TokenEstimate(request).inputTokens
            for provider in all { try carry(request, to: provider) }
        }
    }

    /// Checks that a provider's dialect can read what it wrote itself, and that
    /// a request no longer changes after it has been read once.
    private static func carry(_ request: ChatRequest, to provider: Both) throws {
        let path = path(of: provider)
        for model in ["claude-opus-5", "m"] {
            var dropped: [String] = []
            guard let body = try? provider.encodeChat(request, model: model, dropped: &dropped) else { continue }
            let document = try JSONDocument(body)
            var once = try refusing("a request that \(provider.name) has written itself") {
                try provider.decodeChat(document, at: path)
            }
            // What Holdfast wants to know of every answer of Bedrock's, and tells no caller.
            once.leftovers.removeAll { $0.field == "additionalModelResponseFieldPaths" }
            guard once.leftovers.isEmpty else { throw Fault("\(provider.name) leaves over \(once.leftovers)") }
            let again = try provider.encodeChat(once, model: model, dropped: &dropped)
            var twice = try provider.decodeChat(JSONDocument(again), at: path)
            twice.leftovers.removeAll { $0.field == "additionalModelResponseFieldPaths" }
            guard once == twice else {
                throw Fault("\(provider.name) reads what it writes otherwise:\n\(once)\n\(twice)")
            }
        }
    }

    /// The part that the path says, of an API that names the model there.
    static func path(of dialect: Both) -> CalledPath {
        let namesModel = dialect.chatAddresses.contains { $0.pattern.contains("{model") }
        return namesModel ? CalledPath(model: "m", isStream: false) : CalledPath()
    }

    // MARK: Replies

    /// - Parameter providers: The dialects that read it.
    static func reply(_ body: ByteBuffer, by providers: [Both] = all) throws {
        for provider in providers {
            _ = provider.decodeError(status: 500, body: body)
            _ = (try? JSONDocument(body, limits: .answer)).map { provider.usage(inReply: $0.root) }
            guard let reply = try? provider.decodeReply(body) else { continue }
            for door in all {
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

    // MARK: Streams

    /// - Parameters:
    ///   - text: A stream of the corpus (``Pieces/bytes(of:in:)``).
    ///   - providers: The dialects that read it.
    static func stream(_ text: ByteBuffer, by providers: [Both] = all, _ random: inout SplitMix) throws {
        for provider in providers {
            let input = Pieces.bytes(of: text, in: provider.framing)
            let pieces = Pieces.cut(input, &random)
            let whole = decode([input], by: provider)
            guard decode(pieces, by: provider) == whole else {
                throw Fault("\(provider.name) reads a cut stream otherwise: \(pieces.map(\.readableBytes))")
            }
            var watcher = provider.makeStreamWatcher()
            for frame in (try? Pieces.frames(in: pieces, provider.framing)) ?? [] { watcher.observe(frame) }
            for door in all { try tell(whole, by: door) }
        }
    }

    private static func tell(_ events: [StreamEvent], by door: Both) throws {
        var encoder = door.makeStreamEncoder(for: ChatRequest(model: "m", messages: []))
        var bytes = ByteBuffer()
        for event in events { encoder.encode(event, into: &bytes) }
        var decoder = door.makeStreamDecoder()
        var heard: [StreamEvent] = []
        for frame in try Pieces.frames(in: [bytes], door.framing) {
            try refusing("a stream that \(door.name) has written itself") { try decoder.decode(frame, into: &heard) }
        }
    }

    /// The events up to the first that the dialect doesn't allow.
    private static func decode(_ pieces: [ByteBuffer], by dialect: any ProviderProtocol) -> [StreamEvent] {
        var decoder = dialect.makeStreamDecoder()
        var events: [StreamEvent] = []
        for frame in (try? Pieces.frames(in: pieces, dialect.framing)) ?? [] {
            do { try decoder.decode(frame, into: &events) } catch { break }
        }
        return events
    }

    private static func refusing<T>(_ what: String, _ body: () throws -> T) throws -> T {
        do { return try body() } catch { throw Fault("\(what) is refused: \(error)") }
    }
}
