import Conversation
import NIOCore
import Wire

/// Writes the events of a streamed answer.
///
/// `message_start`, blocks one after the other, then `message_delta` and
/// `message_stop`. The stop reason and the usage stand together in
/// `message_delta`, and the shared terms may bring them in any order, so that
/// it waits for the end. What the prompt cost is often unknown at the start:
/// `message_start` then says 0, and `message_delta` says the truth, which
/// the official client takes over.
///
/// Where another candidate goes on, `message_start` stands as it was sent,
/// and `message_delta` tells of it in `holdfast`.
///
/// https://docs.anthropic.com/en/docs/build-with-claude/streaming
struct AnthropicStreamEncoder: StreamEncoder {
    private enum Phase { case idle, started, ended }

    private let requestedModel: String
    private var phase = Phase.idle
    private var queue = BlockQueue()
    private var usage: Usage?
    private var finish: (reason: FinishReason, sequence: String?)?
    private var refused = false
    private var called = false
    private var handOvers: [HandOver] = []

    /// - Parameter requestedModel: stands in where the answer names none.
    init(requestedModel: String) { self.requestedModel = requestedModel }

    mutating func encode(_ event: StreamEvent, into bytes: inout ByteBuffer) {
        guard phase != .ended else { return }
        switch event {
        case .started(let id, let model, _): start(id: id, model: model, to: &bytes)
        // The one choice that this door can ask for.
        case .text(0, let text):
            ensureStarted(&bytes)
            queue.text(text, to: &bytes)
        case .refusal(0, let text):
            ensureStarted(&bytes)
            refused = true
            queue.text(text, to: &bytes)
        case .thinking(0, let text):
            ensureStarted(&bytes)
            queue.thinking(text, to: &bytes)
        case .thinkingSignature(0, let signature):
            ensureStarted(&bytes)
            queue.signature(signature, to: &bytes)
        case .redactedThinking(0, let data):
            ensureStarted(&bytes)
            queue.redactedThinking(data, to: &bytes)
        case .toolCallStarted(0, let call, let id, let name):
            ensureStarted(&bytes)
            called = true
            queue.toolCall(call, id: id, name: name, to: &bytes)
        case .toolCallArguments(0, let call, let fragment): queue.arguments(fragment, of: call, to: &bytes)
        case .partEnded(0): queue.sealLast(to: &bytes)
        case .finished(0, let reason, let sequence):
            ensureStarted(&bytes)
            finish = (reason, sequence)
            queue.finish(to: &bytes)
        case .usage(let usage): self.usage = usage
        case .continued(let by, _, let cause, let at): handOvers.append(HandOver(by: by, cause: cause, at: at))
        case .ping: bytes.writeStaticString("event: ping\ndata: {\"type\":\"ping\"}\n\n")
        case .ended:
            ensureStarted(&bytes)
            end(&bytes)
        case .text, .refusal, .thinking, .thinkingSignature, .redactedThinking, .toolCallStarted, .toolCallArguments,
            .partEnded, .foreignPart, .finished, .logprobs, .failed:
            break
        }
    }

    private mutating func ensureStarted(_ bytes: inout ByteBuffer) {
        if phase == .idle { start(id: "", model: "", to: &bytes) }
    }

    private mutating func start(id: String, model: String, to bytes: inout ByteBuffer) {
        guard phase == .idle else { return }
        phase = .started
        var json = JSONWriter(bytes)
        json.buffer.writeStaticString("event: message_start\ndata: ")
        json.object { json in
            json.member("type", "message_start")
            json.object("message") { json in
                json.member("id", id)
                json.member("type", "message")
                json.member("role", "assistant")
                json.member("model", model.isEmpty ? requestedModel : model)
                json.array("content") { _ in }
                json.null("stop_reason")
                json.null("stop_sequence")
                json.object("usage") { UsageTally.write(usage, to: &$0) }
            }
        }
        json.buffer.writeStaticString("\n\n")
        bytes = json.buffer
    }

    private mutating func end(_ bytes: inout ByteBuffer) {
        queue.finish(to: &bytes)
        phase = .ended
        var json = JSONWriter(bytes)
        json.buffer.writeStaticString("event: message_delta\ndata: ")
        json.object { json in
            json.member("type", "message_delta")
            json.object("delta") { json in
                if let finish {
                    json.member("stop_reason", StopReason.encode(finish.reason, refused: refused, called: called))
                } else {
                    json.null("stop_reason")
                }
                if let sequence = finish?.sequence {
                    json.member("stop_sequence", sequence)
                } else {
                    json.null("stop_sequence")
                }
            }
            json.object("usage") { UsageTally.write(usage, to: &$0) }
            if !handOvers.isEmpty { HandOver.write(handOvers, to: &json) }
        }
        json.buffer.writeStaticString("\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
        bytes = json.buffer
    }
}
