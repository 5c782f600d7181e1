import Conversation
import NIOCore
import Wire

/// Looks on while a stream passes. Of the events that bring words only the
/// first is parsed; an event is known by its name.
struct EventWatcher: StreamWatcher {
    private(set) var observation = StreamObservation()

    var isOver: Bool { observation.hasEnded || observation.failure != nil }

    mutating func observe(_ frame: Frame) {
        guard !isOver, !frame.isDone else { return }
        if frame.name.isEmpty {
            // Every event names itself once more in its data.
            guard let root = (try? JSONDocument(frame.data, limits: .skim))?.root, root.kind == .object else { return }
            let name = root["type"]?.word ?? (root["error"].map { $0.isNull } ?? true ? "" : "error")
            if !name.isEmpty { observe(frame.data, name) }
        } else {
            observe(frame.data, frame.name)
        }
    }

    private mutating func observe(_ data: ByteBuffer, _ name: String) {
        switch name {
        case "response.output_text.delta", "response.reasoning_summary_text.delta", "response.reasoning_text.delta",
            "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
            if !observation.hasContent { observation.hasContent = Self.saysMore(data) }
        case "response.refusal.delta":
            observation.hasContent = true
            observation.isRefusal = true
        case "response.output_item.added": begin(data)
        case "response.output_item.done": observation.hasOpenToolCall = false
        case "response.completed", "response.incomplete": end(data, isWhole: name == "response.completed")
        case "response.failed", "error":
            observation.failure =
                (try? JSONDocument(data)).flatMap { ProviderError(event: $0.root, name: name) }
                ?? ProviderError(status: 200, message: "The provider ended the stream with an error.")
        default: break
        }
    }

    /// An empty delta only keeps the stream alive.
    private static func saysMore(_ data: ByteBuffer) -> Bool {
        guard let delta = (try? JSONDocument(data, limits: .skim))?.root["delta"] else { return true }
        return !delta.saysNothing
    }

    /// Messages and reasoning begin empty; any other item says something.
    private mutating func begin(_ data: ByteBuffer) {
        guard let item = (try? JSONDocument(data, limits: JSONLimits(indexedDepth: 2)))?.root["item"] else { return }
        switch ItemKind(item) {
        case .message, .reasoning: observation.hasOpenToolCall = false
        case .functionCall, .customCall, .searchCall:
            (observation.hasContent, observation.hasOpenToolCall) = (true, true)
        case .other:
            observation.hasContent = true
            // A call of whatever the provider runs itself.
            observation.hasOpenToolCall = item["type"]?.word?.hasSuffix("_call") ?? false
        }
    }

    private mutating func end(_ data: ByteBuffer, isWhole: Bool) {
        observation.hasContent = true
        observation.hasFinished = true
        observation.hasEnded = true
        observation.hasOpenToolCall = false
        // The answer stands in it once more: only its top is looked at.
        guard let response = (try? JSONDocument(data, limits: JSONLimits(indexedDepth: 2)))?.root["response"] else {
            return
        }
        if let usage = response["usage"], let document = try? usage.fragment.document() {
            observation.usage = try? Usage(responses: document.root)
        }
        if !isWhole, let details = try? response["incomplete_details"]?.fragment.document() {
            observation.isRefusal =
                observation.isRefusal || details.root["reason"]?.isString("content_filter") == true
        }
    }
}
