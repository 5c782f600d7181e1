import Conversation
import Wire

extension Turns.Turn {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("role", role.rawValue)
            Block.writeContent(blocks, to: &json)
        }
    }
}

extension Block {
    /// The member `content`: a string for one text, else blocks.
    static func writeContent(_ blocks: [Block], to json: inout JSONWriter) {
        if blocks.count == 1, case .text(let text) = blocks[0] {
            json.member("content", text)
        } else {
            json.array("content") { json in
                for block in blocks { block.write(to: &json) }
            }
        }
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            switch self {
            case .text(let text):
                json.member("type", "text")
                json.member("text", text)
            case .image(let source):
                json.member("type", "image")
                json.object("source") { Self.write(source, to: &$0) }
            case .toolUse(let id, let name, let input):
                json.member("type", "tool_use")
                json.member("id", id)
                json.member("name", name)
                json.member("input", input)
            case .toolResult(let callID, let content, let isError):
                json.member("type", "tool_result")
                json.member("tool_use_id", callID)
                if !content.isEmpty { Self.writeContent(content, to: &json) }
                if isError { json.member("is_error", true) }
            case .thinking(let text, let signature):
                json.member("type", "thinking")
                json.member("thinking", text)
                json.member("signature", signature)
            case .redactedThinking(let data):
                json.member("type", "redacted_thinking")
                json.member("data", data)
            }
        }
    }

    private static func write(_ source: ImageSource, to json: inout JSONWriter) {
        switch source {
        case .base64(let mediaType, let data):
            json.member("type", "base64")
            json.member("media_type", mediaType)
            json.member("data", data)
        case .url(let url, _):
            json.member("type", "url")
            json.member("url", url)
        }
    }
}
