package import Conversation
package import NIOCore
package import Wire

/// A small API that no one speaks, as a caller's and as a provider's: what
/// another dialect has to bring, in one file.
///
/// The path names the model and says whether a stream is wanted; errors have a
/// header field of their own.
///
///     POST /mini/{model}/ask   {"say": [{"me": "Hello"}], "most": 5}
///     {"words": "Hi!", "usage": {"in": 3, "out": 1}}
package struct MiniDialect: CallerProtocol, ProviderProtocol {
    package init() {}

    package var name: DialectName { DialectName(rawValue: "mini") }
    package var framing: Framing { .serverSentEvents }

    // MARK: As a door

    package var chatAddresses: [CallerAddress] {
        [
            CallerAddress("/mini/{model}/ask", isStream: false),
            CallerAddress("/mini/{model}/ask-stream", isStream: true),
        ]
    }

    package func decodeChat(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        guard let say = document.root["say"], say.kind == .array else {
            throw APIProblem(.invalidRequest, "say something", field: "say")
        }
        var request = ChatRequest(model: path.model ?? "", messages: [])
        request.stream = path.isStream ?? false
        request.maxTokens = document.root["most"]?.int
        for turn in say.elements {
            if let words = turn["me"]?.string { request.messages.append(Message(.user, [.text(words)])) }
            if let words = turn["you"]?.string { request.messages.append(Message(.assistant, [.text(words)])) }
        }
        return request
    }

    package func mostTokens(_ body: JSONView) -> Int? { body["most"]?.int }

    package func addAnswerFields(requestID: String, to fields: inout HTTPFieldList) {
        fields.append("x-mini-id", requestID)
    }

    package func encodeReply(_ reply: ChatReply, to request: ChatRequest) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            var words = ""
            for case .text(let text) in reply.choices.first?.content ?? [] { words += text }
            json.member("words", words)
            if let usage = reply.usage { json.object("usage") { Self.write(usage, to: &$0) } }
        }
        return json.buffer
    }

    private static func write(_ usage: Usage, to json: inout JSONWriter) {
        json.member("in", usage.input)
        json.member("out", usage.output)
    }

    package func makeStreamEncoder(for request: ChatRequest) -> any StreamEncoder { Encoder() }
    package func encodeStreamEnd() -> ByteBuffer { Self.event("done") { _ in } }

    package func encodeProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer { Self.oops(problem.message) }
    package func encodeProviderError(_ error: ProviderError, requestID: String) -> ByteBuffer {
        Self.oops(error.message)
    }
    package func status(for error: ProviderError) -> Int { error.status == 429 ? 420 : error.status }
    package func encodeStreamProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        Self.event("oops") { $0.member("oops", problem.message) }
    }
    package func addErrorFields(of problem: APIProblem, to fields: inout HTTPFieldList) {
        fields.append("x-mini-error", problem.code ?? "none")
    }
    package func addErrorFields(of error: ProviderError, to fields: inout HTTPFieldList) {
        fields.append("x-mini-error", error.code ?? "none")
    }

    private static func oops(_ message: String) -> ByteBuffer {
        var json = JSONWriter()
        json.object { $0.member("oops", message) }
        return json.buffer
    }

    private static func event(_ name: StaticString, _ members: (inout JSONWriter) -> Void) -> ByteBuffer {
        var json = JSONWriter()
        json.object { members(&$0) }
        var bytes = ByteBuffer()
        SSEWriter.write(name: name, data: json.buffer, to: &bytes)
        return bytes
    }

    private struct Encoder: StreamEncoder {
        private var usage: Usage?

        mutating func encode(_ event: StreamEvent, into bytes: inout ByteBuffer) {
            switch event {
            case .text(_, let words):
                bytes.writeImmutableBuffer(MiniDialect.event("words") { $0.member("words", words) })
            case .usage(let cost): usage = cost
            case .ended:
                if let usage {
                    bytes.writeImmutableBuffer(MiniDialect.event("cost") { MiniDialect.write(usage, to: &$0) })
                }
                bytes.writeImmutableBuffer(MiniDialect.event("done") { _ in })
            default: break
            }
        }
    }

    // MARK: Before a supervisor

    package func makeAnswerReader() -> any AnswerReader { Reader() }

    package func encodeBlockedReply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONDocument?) -> ByteBuffer {
        var json = JSONWriter()
        json.object { $0.member("words", refusal.message) }
        return json.buffer
    }

    private struct Reader: AnswerReader {
        var isFinishing: Bool { false }
        var keepAlive: ByteBuffer { MiniDialect.event("wait") { _ in } }

        mutating func read(_ frame: Frame, into pieces: inout [AnswerPiece]) throws(UnreadableReply) {
            guard let root = (try? JSONDocument(frame.data))?.root else { throw UnreadableReply("an event is no JSON") }
            switch frame.name {
            case "words": pieces.append(.text(block: 0, .answer, root["words"]?.string ?? ""))
            case "oops": pieces.append(.text(block: 1, .answer, root["oops"]?.string ?? ""))
            case "done": pieces += [.blockEnded(0), .ended]
            default: break
            }
        }

        func refuse(_ refusal: AnswerRefusal) -> ByteBuffer {
            var bytes = MiniDialect.event("words") { $0.member("words", refusal.message) }
            bytes.writeImmutableBuffer(MiniDialect.event("done") { _ in })
            return bytes
        }
    }

    // MARK: As a provider

    package func chatEndpoint(model: String, isStream: Bool) -> String {
        "/mini/\(model)/ask\(isStream ? "-stream" : "")"
    }
    package func credential(_ key: String) -> (name: String, value: String) { ("x-mini-key", key) }
    package var longestToolName: Int { 64 }

    package func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        guard request.tools.isEmpty else { throw CannotCarry("tools", "are unknown to mini") }
        var json = JSONWriter()
        json.object { json in
            json.array("say") { json in
                for message in request.messages {
                    for case .text(let words) in message.content {
                        json.object { $0.member(message.role == .assistant ? "you" : "me", words) }
                    }
                }
            }
            json.member("most", ifPresent: request.maxTokens)
        }
        return json.buffer
    }

    package func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        guard let root = (try? JSONDocument(body))?.root, let words = root["words"]?.string else {
            throw UnreadableReply("it has no words")
        }
        return ChatReply(
            id: "mini", model: "mini", choices: [.init(content: [.text(words)], finish: .endTurn)],
            usage: usage(inReply: root))
    }

    package func decodeError(status: Int, body: ByteBuffer) -> ProviderError {
        let message = (try? JSONDocument(body))?.root["oops"]?.string
        return ProviderError(status: status, message: message ?? "mini said no")
    }

    package var errorVocabulary: ErrorVocabulary { .openai }

    package func usage(inReply reply: JSONView) -> Usage? { reply["usage"].flatMap(Self.usage) }

    private static func usage(_ view: JSONView) -> Usage? {
        guard let input = view["in"]?.int, let output = view["out"]?.int else { return nil }
        return Usage(input: input, output: output)
    }

    package func makeStreamDecoder() -> any StreamDecoder { Decoder() }
    package func makeStreamWatcher() -> any StreamWatcher { Watcher() }

    private struct Decoder: StreamDecoder {
        private var hasStarted = false

        mutating func decode(_ frame: Frame, into events: inout [StreamEvent]) throws(UnreadableReply) {
            guard let root = (try? JSONDocument(frame.data))?.root else { throw UnreadableReply("an event is no JSON") }
            if !hasStarted { events.append(.started(id: "mini", model: "mini", created: nil)) }
            hasStarted = true
            switch frame.name {
            case "words": events.append(.text(choice: 0, root["words"]?.string ?? ""))
            case "cost": if let usage = MiniDialect.usage(root) { events.append(.usage(usage)) }
            case "done": events += [.finished(choice: 0, .endTurn, stopSequence: nil), .ended]
            case "oops": events.append(.failed(ProviderError(status: 500, message: root["oops"]?.string ?? "")))
            default: break
            }
        }
    }

    private struct Watcher: StreamWatcher {
        private(set) var observation = StreamObservation()
        var isOver: Bool { observation.hasEnded || observation.failure != nil }

        mutating func observe(_ frame: Frame) {
            switch frame.name {
            case "words": observation.hasContent = true
            case "cost":
                observation.usage = (try? JSONDocument(frame.data)).flatMap { MiniDialect.usage($0.root) }
                observation.hasFinished = true
            case "done": observation.hasEnded = true
            case "oops": observation.failure = ProviderError(status: 500, message: "oops")
            default: break
            }
        }
    }
}
