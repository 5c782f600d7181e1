import Conversation
import Wire

/// The content of a message or a delta, in the forms that servers give it.
enum Spoken: Equatable {
    case text(String)
    case thinking(String)

    /// `content`: a string, or (Mistral's) an array of `text` and `thinking`
    /// parts. Empty strings say nothing.
    static func read(_ content: JSONView) throws(UnreadableReply) -> [Spoken] {
        switch content.kind {
        case .null: return []
        case .string:
            let text = content.string ?? ""
            return text.isEmpty ? [] : [.text(text)]
        case .array:
            var spoken: [Spoken] = []
            for part in content.elements {
                if part["type"]?.isString("text") == true, let text = part["text"]?.string {
                    if !text.isEmpty { spoken.append(.text(text)) }
                } else if part["type"]?.isString("thinking") == true, let inner = part["thinking"] {
                    for case .text(let text) in try read(inner) { spoken.append(.thinking(text)) }
                } else {
                    throw UnreadableReply("`content` holds a part of an unknown type")
                }
            }
            return spoken
        default: throw UnreadableReply("`content` is neither text nor parts")
        }
    }

    /// Reasoning beside the content: `reasoning_content` (DeepSeek, llama.cpp)
    /// or `reasoning` (OpenRouter, vLLM); some servers give both.
    static func thinking(in message: JSONView) throws(UnreadableReply) -> String? {
        for name: StaticString in ["reasoning_content", "reasoning"] {
            if let text = message[name]?.string, !text.isEmpty { return text }
        }
        return nil
    }
}
