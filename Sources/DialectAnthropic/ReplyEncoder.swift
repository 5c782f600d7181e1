import Conversation
import NIOCore
import Wire

/// Writes the answer to `POST /v1/messages`, with every member that the API's
/// schema requires: null where the provider says nothing of it.
enum ReplyEncoder {
    /// - Precondition: the reply has at most one choice; this door can't ask
    ///   for more.
    static func encode(_ reply: ChatReply) -> ByteBuffer {
        let choice = reply.choices.first ?? ChatReply.Choice(content: [], finish: nil)
        var json = JSONWriter()
        json.object { json in
            json.member("id", reply.id)
            json.member("type", "message")
            json.member("role", "assistant")
            json.member("model", reply.model)
            json.null("container")
            json.array("content") { json in
                for part in choice.content { write(part, to: &json) }
            }
            if let finish = choice.finish {
                json.member(
                    "stop_reason", StopReason.encode(finish, refused: isRefusal(choice), called: isCall(choice)))
            } else {
                json.null("stop_reason")
            }
            if let sequence = choice.stopSequence {
                json.member("stop_sequence", sequence)
            } else {
                json.null("stop_sequence")
            }
            json.null("stop_details")
            json.object("usage") { UsageTally.write(whole: reply.usage, tier: reply.serviceTier, to: &$0) }
        }
        return json.buffer
    }

    private static func isRefusal(_ choice: ChatReply.Choice) -> Bool {
        choice.content.contains { if case .refusal = $0 { true } else { false } }
    }

    private static func isCall(_ choice: ChatReply.Choice) -> Bool {
        choice.content.contains { if case .toolCall = $0 { true } else { false } }
    }

    private static func write(_ part: Part, to json: inout JSONWriter) {
        switch part {
        case .text(let text), .refusal(let text):
            // Anthropic refuses white space alone when it comes back.
            guard !text.isBlank else { return }
            json.object { json in
                json.member("type", "text")
                json.member("text", text)
                json.null("citations")
            }
        case .toolCall(let call):
            json.object { json in
                json.member("type", "tool_use")
                json.member("id", CallIDForm.anthropic.write(call.id))
                json.member("name", call.name)
                json.member("input", ToolInput.objectOrWrapped(call.arguments))
                json.object("caller") { $0.member("type", "direct") }
            }
        case .thinking(let text, let signature):
            json.object { json in
                json.member("type", "thinking")
                json.member("thinking", text)
                json.member("signature", signature ?? "")
            }
        case .redactedThinking(let data):
            json.object { json in
                json.member("type", "redacted_thinking")
                json.member("data", data)
            }
        // Only a caller sends these.
        case .image, .toolResult: break
        }
    }
}
