import Conversation
import NIOCore
import Wire

/// The end of a stream as a refusal: `stop_reason: refusal`, with its reason
/// in `stop_details` and, for people, as a text.
///
/// https://docs.anthropic.com/en/docs/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals
struct StreamClosing {
    private var hasBegun = false
    private var nextIndex = 0

    /// Takes note of `message_start`.
    mutating func begin() { hasBegun = true }

    /// Takes note of a content block.
    mutating func note(_ index: Int) { nextIndex = max(nextIndex, index + 1) }

    /// - Parameter open: The content blocks that have not ended.
    func write(_ refusal: AnswerRefusal, open: [Int]) -> ByteBuffer {
        var bytes = ByteBuffer()
        if !hasBegun {
            Self.event("message_start", to: &bytes) { json in
                json.object("message") { Self.writeMessage(to: &$0, id: "", model: "", usage: nil) }
            }
        }
        for index in open { Self.event("content_block_stop", to: &bytes) { $0.member("index", index) } }
        Self.event("content_block_start", to: &bytes) { json in
            json.member("index", nextIndex)
            json.object("content_block") { json in
                json.member("type", "text")
                json.member("text", "")
            }
        }
        Self.event("content_block_delta", to: &bytes) { json in
            json.member("index", nextIndex)
            json.object("delta") { json in
                json.member("type", "text_delta")
                json.member("text", refusal.message)
            }
        }
        Self.event("content_block_stop", to: &bytes) { $0.member("index", nextIndex) }
        Self.event("message_delta", to: &bytes) { json in
            json.object("delta") { Self.writeStop(refusal, to: &$0) }
            json.object("usage") { $0.member("output_tokens", 0) }
        }
        Self.event("message_stop", to: &bytes) { _ in }
        return bytes
    }

    private static func event(
        _ name: StaticString, to bytes: inout ByteBuffer, _ members: (inout JSONWriter) -> Void
    ) {
        var json = JSONWriter()
        json.object { json in
            json.key("type")
            json.value("\(name)")
            members(&json)
        }
        SSEWriter.write(name: name, data: json.buffer, to: &bytes)
    }

    private static func writeMessage(to json: inout JSONWriter, id: String, model: String, usage: Usage?) {
        json.member("id", id)
        json.member("type", "message")
        json.member("role", "assistant")
        json.member("model", model)
        json.array("content") { _ in }
        json.null("stop_reason")
        json.null("stop_sequence")
        json.object("usage") { UsageTally.write(usage, to: &$0) }
    }

    private static func writeStop(_ refusal: AnswerRefusal, to json: inout JSONWriter) {
        json.member("stop_reason", "refusal")
        json.null("stop_sequence")
        json.object("stop_details") { json in
            json.member("type", "refusal")
            json.null("category")
            json.member("explanation", refusal.message)
        }
    }

    /// A whole answer in place of one that was blocked, at the same cost.
    static func reply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONView?) -> ByteBuffer {
        func name(_ member: StaticString) -> String {
            withheld?[member]?.string.flatMap { AnswerForm.isName($0) ? $0 : nil } ?? ""
        }
        var json = JSONWriter()
        json.object { json in
            json.member("id", name("id"))
            json.member("type", "message")
            json.member("role", "assistant")
            json.member("model", name("model"))
            json.null("container")
            json.array("content") { json in
                json.object { json in
                    json.member("type", "text")
                    json.member("text", refusal.message)
                    json.null("citations")
                }
            }
            writeStop(refusal, to: &json)
            json.object("usage") { json in
                UsageTally.write(whole: withheld.flatMap(UsageTally.usage(inReply:)), tier: nil, to: &json)
            }
        }
        return json.buffer
    }
}
