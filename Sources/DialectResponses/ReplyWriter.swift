import Conversation
import NIOCore
import Wire

/// Writes a whole answer as a response.
///
/// https://platform.openai.com/docs/api-reference/responses/object
struct ReplyWriter {
    /// Stands in for a time that the provider doesn't give.
    let now: Int
    private let tools: CalledTools
    private let ids: ResponseIDs
    private let status: StaticString
    private var items: [ByteBuffer] = []
    /// The parts of the message that hasn't ended.
    private var parts: [ByteBuffer] = []
    private var logprobs: [TokenLogprob]

    static func write(_ reply: ChatReply, to request: ChatRequest, now: Int) -> ByteBuffer {
        let choice = reply.choices.first ?? ChatReply.Choice(content: [], finish: nil)
        var writer = ReplyWriter(reply, choice, request, now: now)
        for part in choice.content { writer.add(part) }
        let status = ResponseObject.Status(choice.finish)
        if choice.content.isEmpty, !status.isIncomplete { writer.parts = [OutputPart.text.encoded("")] }
        writer.endMessage(isLast: true)
        var response = ResponseObject(
            id: writer.ids.response, model: reply.model.isEmpty ? request.model : reply.model,
            created: reply.created ?? now, echoed: request.echoed)
        response.serviceTier = reply.serviceTier
        response.ended = choice.finish?.untold
        // Its members alone take more than a kilobyte.
        let size = 1536 + writer.items.reduce(0) { $0 + $1.readableBytes }
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: size))
        response.write(status, output: writer.items, usage: reply.usage, now: now, to: &json)
        return json.buffer
    }

    private init(_ reply: ChatReply, _ choice: ChatReply.Choice, _ request: ChatRequest, now: Int) {
        self.now = now
        tools = CalledTools(request)
        ids = ResponseIDs(reply.id)
        status = ResponseObject.Status(choice.finish).isIncomplete ? "incomplete" : "completed"
        logprobs = choice.logprobs ?? []
    }

    private mutating func add(_ part: Part) {
        switch part {
        case .text(let text):
            var entries = ByteBuffer()
            OutputPart.append(logprobs, to: &entries)
            logprobs = []
            parts.append(OutputPart.text.encoded(text, logprobs: entries))
        case .refusal(let text): parts.append(OutputPart.refusal.encoded(text))
        case .thinking(let text, let signature):
            endMessage()
            let encrypted = signature.map { OwnReasoning.encrypted(signature: $0) }
            items.append(
                OutputItem.reasoning(
                    id(.reasoning), text.isEmpty ? [] : [OutputPart.summary.encoded(text)], encrypted: encrypted))
        case .redactedThinking(let data):
            endMessage()
            items.append(
                OutputItem.reasoning(id(.reasoning), [], encrypted: OwnReasoning.encrypted(redacted: data)))
        case .toolCall(let call):
            endMessage()
            items.append(write(call))
        case .image, .toolResult: break
        }
    }

    private func id(_ kind: OutputItem.Kind) -> String { ids.item(kind, at: items.count) }

    private mutating func endMessage(isLast: Bool = false) {
        guard !parts.isEmpty else { return }
        items.append(OutputItem.message(id(.message), isLast ? status : "completed", parts))
        parts = []
    }

    private func write(_ call: ToolCall) -> ByteBuffer {
        let item = OutputItem.Call(id: call.id, tool: tools[call.name])
        var said = call.arguments
        if item.kind == .customCall {
            var input = CustomInputReader()
            said = input.take(call.arguments)
            said += input.end()
        } else if said.isBlank {
            said = "{}"
        }
        return OutputItem.call(item, id(item.kind), "completed", said: said)
    }
}
