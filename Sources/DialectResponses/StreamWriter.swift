import Conversation
import NIOCore
import Wire

/// Turns shared events into the events of a streamed response.
///
/// Items come one after the other: a message or a reasoning ends where anything
/// else begins, a call when its arguments are whole and something else begins.
/// Calls whose fragments are mixed are open beside one another. The last event
/// has the whole answer and what it has cost, and the shared terms may bring that
/// in any order, so that it waits for the end.
///
/// Where another candidate goes on, the items go on; the last event says so in
/// `metadata`. Strict clients refuse events that they don't know.
///
/// https://platform.openai.com/docs/api-reference/responses-streaming
struct StreamWriter: StreamEncoder {
    private enum Phase { case idle, started, ended }

    private var response: ResponseObject
    private let tools: CalledTools
    private let now: @Sendable () -> Int
    private var phase = Phase.idle
    private var lines = EventLines()
    private var items = ItemQueue()
    private var usage: Usage?
    private var finish: FinishReason?
    /// Wait for the text that says these tokens.
    private var logprobs: [TokenLogprob] = []

    init(for request: ChatRequest, now: @escaping @Sendable () -> Int) {
        response = ResponseObject(id: "", model: request.model, created: 0, echoed: request.echoed ?? [])
        tools = CalledTools(request)
        self.now = now
        items.tellsReasoning = EchoedRequest.asksForSummary(request.echoed)
    }

    mutating func encode(_ event: StreamEvent, into bytes: inout ByteBuffer) {
        guard phase != .ended else { return }
        switch event {
        case .started(let id, let model, let created): start(id: id, model: model, created, to: &bytes)
        case .text(0, let text): say(text, as: .text, to: &bytes)
        case .refusal(0, let text): say(text, as: .refusal, to: &bytes)
        case .thinking(0, let text): say(text, as: .summary, to: &bytes)
        case .thinkingSignature(0, let signature):
            ensureStarted(&bytes)
            items.encrypt(OwnReasoning.encrypted(signature: signature), isWhole: false, &lines, to: &bytes)
        case .redactedThinking(0, let data):
            ensureStarted(&bytes)
            items.encrypt(OwnReasoning.encrypted(redacted: data), isWhole: true, &lines, to: &bytes)
        case .toolCallStarted(0, let call, let id, let name):
            ensureStarted(&bytes)
            items.call(OutputItem.Call(id: id, tool: tools[name]), number: call, &lines, to: &bytes)
        case .toolCallArguments(0, let call, let fragment): items.argue(fragment, of: call, &lines, to: &bytes)
        case .partEnded(0): items.endPart(&lines, to: &bytes)
        case .logprobs(0, let logprobs): self.logprobs += logprobs
        case .finished(0, let reason, _):
            ensureStarted(&bytes)
            finish = reason
            items.finish(reason, &lines, to: &bytes)
        case .usage(let usage): self.usage = usage
        case .continued(let by, let model, let cause, let at):
            response.handOvers.append(HandOver(by: by, cause: cause, at: at))
            if !model.isEmpty { response.model = model }
        case .ping: bytes.writeStaticString(": ping\n\n")
        case .ended: end(&bytes)
        // The one choice that this door can ask for.
        case .text, .refusal, .thinking, .thinkingSignature, .redactedThinking, .toolCallStarted, .toolCallArguments,
            .partEnded, .foreignPart, .finished, .logprobs, .failed:
            break
        }
    }

    mutating func goOn(from place: StreamPlace) {
        lines = EventLines(from: place.sequence + 1)
        items.goOn(from: place)
    }

    private mutating func say(_ text: String, as part: OutputPart, to bytes: inout ByteBuffer) {
        ensureStarted(&bytes)
        let tokens = part == .text ? logprobs : []
        if part == .text, !logprobs.isEmpty { logprobs = [] }
        items.say(text, as: part, logprobs: tokens, &lines, to: &bytes)
    }

    private mutating func ensureStarted(_ bytes: inout ByteBuffer) {
        if phase == .idle { start(id: "", model: "", nil, to: &bytes) }
    }

    private mutating func start(id: String, model: String, _ created: Int?, to bytes: inout ByteBuffer) {
        guard phase == .idle else { return }
        phase = .started
        let ids = ResponseIDs(id)
        response.id = ids.response
        if !model.isEmpty { response.model = model }
        response.created = created ?? now()
        items.ids = ids
        // The same but for its type and number.
        let begun = OutputItem.encoded { response.write(.inProgress, output: [], usage: nil, now: 0, to: &$0) }
        for type in ["response.created", "response.in_progress"] as [StaticString] {
            lines.write(type, to: &bytes) { json in
                json.key("response")
                json.value(encoded: begun)
            }
        }
    }

    private mutating func end(_ bytes: inout ByteBuffer) {
        ensureStarted(&bytes)
        items.finish(finish, &lines, to: &bytes)
        phase = .ended
        let status = ResponseObject.Status(finish)
        response.ended = finish?.untold
        let (output, usage, time) = (items.output, usage, now())
        lines.write(status.isIncomplete ? "response.incomplete" : "response.completed", to: &bytes) { json in
            json.key("response")
            response.write(status, output: output, usage: usage, now: time, to: &json)
        }
        bytes.writeStaticString("data: [DONE]\n\n")
    }
}
