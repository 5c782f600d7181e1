package import Conversation
import DialectAnthropic
package import NIOCore
package import Wire

/// InvokeModel as Amazon Bedrock speaks it for Anthropic's models: for callers
/// of InvokeModel, whose bytes are passed through. Holdfast's own requests, and
/// those of all other callers, go to Converse.
extension InvokeDialect: ProviderProtocol {
    package func chatEndpoint(model: String, isStream: Bool) -> String {
        BedrockPath.model(model) + (isStream ? "/invoke-with-response-stream" : "/invoke")
    }

    package func credential(_ key: String) -> (name: String, value: String) { ("authorization", "Bearer \(key)") }

    package var longestToolName: Int { 64 }

    package func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        Self.invoked(try messages.encodeChat(request, model: model, dropped: &dropped))
    }

    /// A request of Anthropic's Messages as a body of InvokeModel: without what
    /// the path says, and with the version that Bedrock wants.
    private static func invoked(_ body: ByteBuffer) -> ByteBuffer {
        guard let root = (try? JSONDocument(body))?.root else { return body }
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: body.readableBytes + 64))
        json.object { json in
            json.member("anthropic_version", version)
            for (name, value) in root.members where !name.isString("model") && !name.isString("stream") {
                json.key(dynamic: name.string ?? "")
                json.value(value.fragment)
            }
        }
        return json.buffer
    }

    private static let version = "bedrock-2023-05-31"

    package func repair(_ body: ByteBuffer, model: String, dropped: inout [String], into splices: inout Splices) {
        messages.repair(body, model: model, dropped: &dropped, into: &splices)
    }

    package func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        try messages.decodeReply(body)
    }

    package func makeStreamDecoder() -> any StreamDecoder { InvokeStreamReader(messages.makeStreamDecoder()) }

    package func decodeError(status: Int, body: ByteBuffer) -> ProviderError {
        BedrockException.read(status: status, body: body)
    }

    package var errorVocabulary: ErrorVocabulary { .bedrock }

    package func makeStreamWatcher() -> any StreamWatcher { InvokeStreamWatcher(messages.makeStreamWatcher()) }

    package func usage(inReply reply: JSONView) -> Usage? { messages.usage(inReply: reply) }
}

/// Reads the events of the model's own API out of a stream's messages.
struct InvokeStreamReader: StreamDecoder {
    private var messages: any StreamDecoder
    private var hasFailed = false

    init(_ messages: any StreamDecoder) { self.messages = messages }

    mutating func decode(_ frame: Frame, into events: inout [StreamEvent]) throws(UnreadableReply) {
        guard !hasFailed else { return }
        if frame.isException {
            hasFailed = true
            return events.append(.failed(BedrockException.read(frame)))
        }
        // Messages of other kinds are passed over, as in every stream of this kind.
        guard frame.name == "chunk" else { return }
        guard let event = InvokeChunks.event(in: frame) else {
            throw UnreadableReply("a chunk has no bytes in base 64")
        }
        try messages.decode(Frame(data: event), into: &events)
    }
}

/// Looks on while a stream passes.
struct InvokeStreamWatcher: StreamWatcher {
    private var messages: any StreamWatcher
    private var failure: ProviderError?

    init(_ messages: any StreamWatcher) { self.messages = messages }

    var isOver: Bool { failure != nil || messages.isOver }

    var observation: StreamObservation {
        var observation = messages.observation
        if let failure { observation.failure = failure }
        return observation
    }

    mutating func observe(_ frame: Frame) {
        if frame.isException {
            failure = BedrockException.read(frame)
        } else if let event = InvokeChunks.event(in: frame) {
            messages.observe(Frame(data: event))
        }
    }
}
