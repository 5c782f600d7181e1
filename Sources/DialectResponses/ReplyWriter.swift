import Conversation
import NIOCore
import Wire

/// Writes a whole answer as a response.
///
/// https://platform.openai.com/docs/api-reference/responses/object
struct ReplyWriter {
    private let tools: CalledTools
    private let ids: ResponseIDs
    private let status: ResponseObject.Status
    /// Belong to the first text.
    private var logprobs: [TokenLogprob]
    /// The number of items so far.
    private var count = 0

    /// - Parameter now: Stands in for a time that the provider doesn't give, in
    ///   seconds since 1970.
    static func write(_ reply: ChatReply, to request: ChatRequest, now: Int) -> ByteBuffer {
        let choice = reply.choices.first ?? ChatReply.Choice(content: [], finish: nil)
        var writer = ReplyWriter(reply, choice, request)
        var response = ResponseObject(
            id: writer.ids.response, model: reply.model.isEmpty ? request.model : reply.model,
            created: reply.created ?? now, echoed: request.echoed ?? [])
        response.serviceTier = reply.serviceTier
        response.ended = choice.finish?.untold
        // Its members alone take more than a kilobyte.
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: 2048))
        let isEmpty = choice.content.isEmpty && !writer.status.isIncomplete
        response.write(writer.status, usage: reply.usage, now: now, to: &json) { json in
            writer.write(isEmpty ? [.text("")] : choice.content, to: &json)
        }
        return json.buffer
    }

    private init(_ reply: ChatReply, _ choice: ChatReply.Choice, _ request: ChatRequest) {
        tools = CalledTools(request)
        ids = ResponseIDs(reply.id)
        status = ResponseObject.Status(choice.finish)
        logprobs = choice.logprobs ?? []
    }

    /// Texts and refusals that follow one another are one message; all other
    /// parts are items by themselves.
    private mutating func write(_ content: [Part], to json: inout JSONWriter) {
        var rest = content[...]
        while let part = rest.first {
            let message = rest.prefix { $0.isOfMessage }
            rest = rest.dropFirst(max(1, message.count))
            if message.isEmpty {
                write(item: part, to: &json)
            } else {
                write(message: message, isLast: rest.isEmpty, to: &json)
            }
        }
    }

    private mutating func write(message parts: ArraySlice<Part>, isLast: Bool, to json: inout JSONWriter) {
        let word = isLast && status.isIncomplete ? "incomplete" : "completed"
        OutputItem.writeMessage(nextID(.message), word, to: &json) { json in
            for part in parts {
                switch part {
                case .text(let text):
                    var entries = ByteBuffer()
                    OutputPart.append(logprobs, to: &entries)
                    logprobs = []
                    OutputPart.text.write(text, logprobs: entries, to: &json)
                case .refusal(let text): OutputPart.refusal.write(text, to: &json)
                case .thinking, .redactedThinking, .toolCall, .image, .toolResult: break
                }
            }
        }
    }

    private mutating func write(item part: Part, to json: inout JSONWriter) {
        switch part {
        case .thinking(let text, let signature):
            let encrypted = signature.map { OwnReasoning.encrypted(signature: $0) }
            let summary = text.isEmpty ? [] : [OutputPart.summary.encoded(text)]
            json.value(encoded: OutputItem.reasoning(nextID(.reasoning), summary, encrypted: encrypted))
        case .redactedThinking(let data):
            let encrypted = OwnReasoning.encrypted(redacted: data)
            json.value(encoded: OutputItem.reasoning(nextID(.reasoning), [], encrypted: encrypted))
        case .toolCall(let call): write(call, to: &json)
        case .text, .refusal, .image, .toolResult: break
        }
    }

    private mutating func write(_ call: ToolCall, to json: inout JSONWriter) {
        let item = OutputItem.Call(id: call.id, tool: tools[call.name])
        var said = call.arguments
        if item.kind == .customCall {
            var input = CustomInputReader()
            said = input.take(call.arguments)
            said += input.end()
        } else if said.isBlank {
            said = "{}"
        }
        item.write(id: nextID(item.kind), "completed", said: said, to: &json)
    }

    private mutating func nextID(_ kind: OutputItem.Kind) -> String {
        defer { count += 1 }
        return ids.item(kind, at: count)
    }
}

extension Part {
    /// True for the parts of which messages are made.
    fileprivate var isOfMessage: Bool {
        switch self {
        case .text, .refusal: true
        case .thinking, .redactedThinking, .toolCall, .image, .toolResult: false
        }
    }
}
