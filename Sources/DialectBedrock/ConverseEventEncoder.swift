import Conversation
import NIOCore
import Wire

/// Writes the events of a streamed answer.
///
/// `messageStart`, blocks one after the other, `messageStop`, and last
/// `metadata` with the cost. The shared terms may bring the reason for the end
/// and the cost in any order, so that both wait for the end.
struct ConverseEventEncoder: StreamEncoder {
    private enum Phase { case idle, started, ended }

    private var phase = Phase.idle
    private var queue = ConverseBlockQueue()
    private var usage: Usage?
    private var finish: FinishReason?
    private var refused = false
    private var called = false
    private var handOvers: [HandOver] = []
    /// The arrival of the request.
    private let arrived: NIODeadline?

    init(since arrived: NIODeadline? = nil) { self.arrived = arrived }

    mutating func encode(_ event: StreamEvent, into bytes: inout ByteBuffer) {
        guard phase != .ended else { return }
        switch event {
        case .started: start(&bytes)
        // The one choice that this door can ask for.
        case .text(0, let text):
            start(&bytes)
            queue.text(text, to: &bytes)
        case .refusal(0, let text):
            start(&bytes)
            refused = true
            queue.text(text, to: &bytes)
        case .thinking(0, let text):
            start(&bytes)
            queue.thinking(text, to: &bytes)
        case .thinkingSignature(0, let signature):
            start(&bytes)
            queue.signature(signature, to: &bytes)
        case .redactedThinking(0, let data):
            start(&bytes)
            queue.redactedThinking(data, to: &bytes)
        case .toolCallStarted(0, let call, let id, let name):
            start(&bytes)
            called = true
            queue.toolCall(call, id: id, name: name, to: &bytes)
        case .toolCallArguments(0, let call, let fragment): queue.arguments(fragment, of: call, to: &bytes)
        case .partEnded(0): queue.sealLast(to: &bytes)
        case .finished(0, let reason, _):
            start(&bytes)
            finish = reason
            queue.finish(to: &bytes)
        case .usage(let usage): self.usage = usage
        case .continued(let by, _, let cause, let at): handOvers.append(HandOver(by: by, cause: cause, at: at))
        case .ping: ConverseEventKind.write(ConverseEventKind.ping, to: &bytes) { _ in }
        case .ended:
            start(&bytes)
            end(&bytes)
        case .text, .refusal, .thinking, .thinkingSignature, .redactedThinking, .toolCallStarted, .toolCallArguments,
            .partEnded, .foreignPart, .finished, .logprobs, .failed:
            break
        }
    }

    private mutating func start(_ bytes: inout ByteBuffer) {
        guard phase == .idle else { return }
        phase = .started
        ConverseEventKind.write(ConverseEventKind.messageStart, to: &bytes) { $0.member("role", "assistant") }
    }

    private mutating func end(_ bytes: inout ByteBuffer) {
        queue.finish(to: &bytes)
        phase = .ended
        ConverseEventKind.write(ConverseEventKind.messageStop, to: &bytes) { json in
            json.member(
                "stopReason", ConverseAnswerShape.stopReason(finish, refused: refused, called: called))
            ConverseAnswerShape.write(handOvers, to: &json)
        }
        ConverseEventKind.write(ConverseEventKind.metadata, to: &bytes) {
            ConverseAnswerShape.writeCost(usage, since: arrived, to: &$0)
        }
    }
}
