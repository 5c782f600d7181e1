import Conversation
import NIOCore
import Wire

/// Writes an answer as a `chat.completion`.
///
/// https://platform.openai.com/docs/api-reference/chat/object
struct ReplyWriter {
    /// Stands in for a time that the provider doesn't give.
    var now: Int

    func write(_ reply: ChatReply) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("id", reply.id)
            json.member("object", "chat.completion")
            json.member("created", reply.created ?? now)
            json.member("model", reply.model)
            json.array("choices") { json in for choice in reply.choices { write(choice, to: &json) } }
            if let usage = reply.usage { json.object("usage") { json in usage.write(to: &json) } }
            json.member("service_tier", ifPresent: reply.serviceTier)
            json.member("system_fingerprint", ifPresent: reply.systemFingerprint)
        }
        return json.buffer
    }

    private func write(_ choice: ChatReply.Choice, to json: inout JSONWriter) {
        var said = Said()
        for part in choice.content { said.add(part) }
        json.object { json in
            json.member("index", choice.index)
            json.object("message") { json in said.write(to: &json) }
            json.key("logprobs")
            if let logprobs = choice.logprobs {
                TokenLogprob.write(logprobs, ofRefusal: said.text == nil && said.refusal != nil, to: &json)
            } else {
                json.null()
            }
            json.key("finish_reason")
            if let finish = choice.finish { json.value(finish.word) } else { json.null() }
        }
    }
}

/// A message as this dialect keeps it: one string of each kind. The order
/// between kinds has no words here, signatures of thinking neither.
private struct Said {
    var text: String?
    var refusal: String?
    var thinking: String?
    var calls: [ToolCall] = []

    mutating func add(_ part: Part) {
        switch part {
        case .text(let more): text = (text ?? "") + more
        case .refusal(let more): refusal = (refusal ?? "") + more
        case .thinking(let more, _): thinking = (thinking ?? "") + more
        case .toolCall(let call): calls.append(call)
        case .redactedThinking, .image, .toolResult: break
        }
    }

    func write(to json: inout JSONWriter) {
        json.member("role", "assistant")
        json.key("content")
        if let text {
            json.value(text)
        } else if calls.isEmpty, refusal == nil {
            json.value("")
        } else {
            json.null()
        }
        json.key("refusal")
        if let refusal { json.value(refusal) } else { json.null() }
        // Not OpenAI's own: the name that DeepSeek gave it and that most
        // clients look for.
        json.member("reasoning_content", ifPresent: thinking)
        guard !calls.isEmpty else { return }
        json.array("tool_calls") { json in
            for call in calls {
                json.object { json in
                    json.member("id", call.id)
                    json.member("type", "function")
                    json.object("function") { json in
                        json.member("name", call.name)
                        json.member("arguments", call.arguments)
                    }
                }
            }
        }
    }
}
