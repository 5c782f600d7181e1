import Conversation
import DialectAnthropic
import NIOCore
import Wire

/// Writes the answer to `POST /model/{model}/converse`.
enum ConverseReplyWriter {
    /// - Precondition: the reply has at most one choice; this door can't ask
    ///   for more.
    static func write(_ reply: ChatReply, since arrived: NIODeadline?) -> ByteBuffer {
        let choice = reply.choices.first ?? ChatReply.Choice(content: [], finish: nil)
        return write(
            stopReason: ConverseAnswerShape.stopReason(
                choice.finish, refused: choice.content.contains(where: \.isRefusal),
                called: choice.content.contains(where: \.isCall)),
            usage: reply.usage, since: arrived
        ) { json in
            for part in choice.content { write(part, to: &json) }
        }
    }

    static func write(
        stopReason: String, usage: Usage?, since arrived: NIODeadline?, content: (inout JSONWriter) -> Void
    ) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.object("output") { json in
                json.object("message") { json in
                    json.member("role", "assistant")
                    json.array("content", content)
                }
            }
            json.member("stopReason", stopReason)
            ConverseAnswerShape.writeCost(usage, since: arrived, to: &json)
        }
        return json.buffer
    }

    private static func write(_ part: Part, to json: inout JSONWriter) {
        switch part {
        case .text(let text), .refusal(let text):
            // Bedrock refuses white space alone when it comes back.
            guard !text.isBlank else { return }
            json.object { $0.member("text", text) }
        case .toolCall(let call):
            json.object { json in
                json.object("toolUse") { json in
                    json.member("toolUseId", CallIDForm.anthropic.write(call.id))
                    json.member("name", call.name)
                    json.member("input", ToolInput.objectOrWrapped(call.arguments))
                }
            }
        case .thinking(let text, let signature):
            json.object { json in
                json.object("reasoningContent") { json in
                    json.object("reasoningText") { json in
                        json.member("text", text)
                        json.member("signature", ifPresent: signature)
                    }
                }
            }
        case .redactedThinking(let data):
            json.object { json in
                json.object("reasoningContent") { $0.member("redactedContent", OpaqueBlob.write(data)) }
            }
        // Only a caller sends these.
        case .image, .toolResult: break
        }
    }
}

extension Part {
    fileprivate var isRefusal: Bool { if case .refusal = self { true } else { false } }
    fileprivate var isCall: Bool { if case .toolCall = self { true } else { false } }
}
