import Conversation
import DialectAnthropic
import Wire

// Turns and their blocks as members of `messages`.

extension Block {
    /// Stands where a text has to be and there is none.
    static let nothingSaid = "(no text)"

    /// Writes an element of `messages`.
    static func writeTurn(of role: Role, _ blocks: [Block], to json: inout JSONWriter) {
        json.object { json in
            json.member("role", role.rawValue)
            json.array("content") { json in
                for block in blocks { json.object { block.writeConverse(to: &$0) } }
            }
        }
    }

    /// Writes the one member of a content block.
    func writeConverse(to json: inout JSONWriter) {
        switch self {
        case .text(let text): json.member("text", text)
        case .image(let source): json.object("image") { Self.write(source, to: &$0) }
        case .toolUse(let id, let name, let input):
            json.object("toolUse") { json in
                json.member("toolUseId", id)
                json.member("name", name)
                json.member("input", input)
            }
        case .toolResult(let callID, let content, let isError):
            json.object("toolResult") { json in
                json.member("toolUseId", callID)
                json.array("content") { json in
                    if content.isEmpty { json.object { $0.member("text", Self.nothingSaid) } }
                    for block in content { json.object { block.writeConverse(to: &$0) } }
                }
                if isError { json.member("status", "error") }
            }
        case .thinking(let text, let signature):
            json.object("reasoningContent") { json in
                json.object("reasoningText") { json in
                    json.member("text", text)
                    json.member("signature", signature)
                }
            }
        case .redactedThinking(let data):
            json.object("reasoningContent") { json in
                json.member("redactedContent", OpaqueBlob.write(data))
            }
        }
    }

    /// Images by their address are refused before.
    private static func write(_ source: ImageSource, to json: inout JSONWriter) {
        guard case .base64(let mediaType, let data) = source else { return }
        json.member("format", String(mediaType.dropFirst("image/".count)))
        json.object("source") { $0.member("bytes", data) }
    }
}
