import Conversation
import NIOCore
import Wire

/// Looks on while a stream passes. Only the few events that say what it
/// cost, or that it failed, are parsed; a delta is known by its name.
struct AnthropicStreamWatcher: StreamWatcher {
    private(set) var observation = StreamObservation()
    private var usage = UsageTally()

    init() {}

    var isOver: Bool { observation.hasEnded || observation.failure != nil }

    mutating func observe(_ event: Frame) {
        // Anthropic names every event; the type inside says the same.
        if event.name.isEmpty {
            guard let document = try? JSONDocument(event.data, limits: .skim),
                let type = document.root["type"]?.string, !type.isEmpty
            else { return }
            return observe(Frame(name: type, data: event.data))
        }
        switch event.name {
        case "content_block_delta": if !observation.hasContent { observation.hasContent = isMore(event.data) }
        case "content_block_start":
            if !observation.hasContent { observation.hasContent = isSaying(event.data) }
            observation.hasOpenToolCall = event.data.withUnsafeReadableBytes(Self.isToolUse)
        // Blocks come strictly one after the other.
        case "content_block_stop": observation.hasOpenToolCall = false
        case "message_start": cost(event.data, in: "message")
        case "message_delta": cost(event.data, in: nil)
        case "message_stop": observation.hasEnded = true
        case "error":
            let failure = (try? JSONDocument(event.data)).map { ErrorBody.decode(event: $0.root) }
            observation.failure =
                failure ?? ProviderError(status: 200, message: "The provider ended the stream with an error.")
        default: break
        }
    }

    /// Text and thinking begin empty; any other block says something.
    private func isSaying(_ data: ByteBuffer) -> Bool {
        guard let document = try? JSONDocument(data), let block = document.root["content_block"] else { return true }
        for name in ["text", "thinking"] as [StaticString] {
            if let text = block[name]?.string { return !text.isEmpty }
        }
        return true
    }

    /// An empty delta only keeps the stream alive.
    private func isMore(_ data: ByteBuffer) -> Bool {
        guard let document = try? JSONDocument(data), let delta = document.root["delta"] else { return true }
        for name in ["text", "thinking", "partial_json", "signature"] as [StaticString] {
            if let text = delta[name]?.string { return !text.isEmpty }
        }
        return true
    }

    /// Returns whether a block is a call, of the caller's tool or of one that
    /// the provider runs itself: `tool_use`, `server_tool_use`, `mcp_tool_use`.
    /// A search through the few bytes that begin a block; of these, a model
    /// writes nothing but a tool's name.
    private static func isToolUse(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.place(of: "tool_use\"") != nil }

    private mutating func cost(_ data: ByteBuffer, in member: StaticString?) {
        guard let document = try? JSONDocument(data) else { return }
        if member == nil, let reason = document.root["delta"]?["stop_reason"]?.string {
            observation.hasFinished = true
            observation.isRefusal = reason == "refusal"
        }
        let parent = member.map { document.root[$0] } ?? document.root
        guard let view = parent?["usage"] else { return }
        usage.merge(view)
        if !usage.isEmpty { observation.usage = usage.usage }
    }
}
