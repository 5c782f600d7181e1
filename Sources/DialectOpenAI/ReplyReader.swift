import Conversation
import NIOCore
import Wire

/// Reads a `chat.completion`, known members only.
///
/// https://platform.openai.com/docs/api-reference/chat/object
enum ReplyReader {
    static func read(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        let root = try document(body, "the answer").root
        guard root.kind == .object else { throw UnreadableReply("the answer is not a JSON object") }
        if let error = root["error"], !error.saysNothing, error.kind != .false {
            throw UnreadableReply("the answer holds an error in place of what was asked for")
        }
        guard let choices = root["choices"], choices.kind == .array else {
            throw UnreadableReply("the answer has no `choices`")
        }
        var reply = ChatReply(
            id: root["id"]?.string ?? "", model: root["model"]?.string ?? "", created: root["created"]?.int,
            choices: [])
        for (place, choice) in choices.elements.enumerated() {
            reply.choices.append(try read(choice, at: place))
        }
        guard !reply.choices.isEmpty else { throw UnreadableReply("`choices` is empty") }
        // What can't be counted is estimated; the answer is one all the same.
        if let usage = root["usage"], !usage.isNull { reply.usage = try? Usage(reading: usage) }
        reply.systemFingerprint = root["system_fingerprint"]?.string
        reply.serviceTier = root["service_tier"]?.string
        return reply
    }

    static func document(_ bytes: ByteBuffer, _ what: StaticString) throws(UnreadableReply) -> JSONDocument {
        do {
            return try JSONDocument(bytes)
        } catch {
            throw UnreadableReply("\(what) is not JSON, at byte \(error.offset)")
        }
    }

    private static func read(_ view: JSONView, at place: Int) throws(UnreadableReply) -> ChatReply.Choice {
        guard let message = view["message"], message.kind == .object else {
            throw UnreadableReply("a choice has no `message`")
        }
        var parts: [Part] = []
        var calls: [Part] = []
        for (name, value) in message.members where !value.isNull {
            switch name.string ?? "" {
            case "tool_calls": calls = try readToolCalls(value)
            case "function_call": throw UnreadableReply("a message has a `function_call`, which nobody asked for")
            default: break
            }
        }
        if let thinking = try Spoken.thinking(in: message) {
            parts.append(.thinking(text: thinking, signature: nil))
        }
        if let content = message["content"] {
            for spoken in try Spoken.read(content) {
                switch spoken {
                case .text(let text): parts.append(.text(text))
                case .thinking(let text): parts.append(.thinking(text: text, signature: nil))
                }
            }
        }
        if let refusal = message["refusal"]?.string, !refusal.isEmpty { parts.append(.refusal(refusal)) }

        let stopSequence = view["stop_reason"]?.string
        if view["finish_reason"]?.isString("error") == true {
            throw UnreadableReply("the answer ended with an error: \(ProviderError(choice: view).message)")
        }
        let finish = view["finish_reason"]?.string.map {
            FinishReason.named($0, callsTools: !calls.isEmpty, stopSequence: stopSequence)
        }
        return ChatReply.Choice(
            index: view["index"]?.int ?? place, content: parts + calls, finish: finish,
            stopSequence: finish == .stopSequence ? stopSequence : nil,
            logprobs: try view["logprobs"].flatMap(TokenLogprob.read))
    }

    private static func readToolCalls(_ view: JSONView) throws(UnreadableReply) -> [Part] {
        guard view.kind == .array else { throw UnreadableReply("`tool_calls` is not an array") }
        var calls: [Part] = []
        for (place, element) in view.elements.enumerated() {
            guard let function = element["function"], let name = function["name"]?.string, !name.isEmpty else {
                throw UnreadableReply("a tool call names no function")
            }
            let id = element["id"]?.string ?? ""
            calls.append(
                .toolCall(
                    ToolCall(
                        id: id.isEmpty ? SubstituteID.of(call: place) : id, name: name,
                        arguments: try arguments(of: function))))
        }
        return calls
    }

    /// Text, or the object itself from servers that forget to quote it.
    static func arguments(of function: JSONView) throws(UnreadableReply) -> String {
        guard let value = function["arguments"], !value.isNull else { return "" }
        if let text = value.string { return text }
        guard value.kind == .object else { throw UnreadableReply("`arguments` of a tool call is not text") }
        return value.fragment.text
    }
}

/// An id for a tool call whose server gave none: a caller needs one to
/// answer it.
enum SubstituteID {
    static func of(call: Int, choice: Int = 0) -> String {
        choice == 0 ? "call_\(call)" : "call_\(choice)_\(call)"
    }
}
