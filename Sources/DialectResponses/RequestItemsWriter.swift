import Conversation
import DialectOpenAI
import NIOCore
import Wire

/// Messages of a request, as the items that a provider gets.
///
/// A turn's texts, calls and results are items of their own, in their order.
extension RequestWriter {
    mutating func writeItems(of messages: [Message], to json: inout JSONWriter) {
        json.array("input") { json in
            for (index, message) in messages.enumerated() {
                if message.name != nil { dropped.append("messages[\(index)].name") }
                if message.role == .assistant {
                    writeAssistant(message, at: index, to: &json)
                } else {
                    writeTurn(message, at: index, to: &json)
                }
            }
        }
    }

    /// A message of the user, the system or the developer. Results of tools
    /// come before what else the user says.
    private mutating func writeTurn(_ message: Message, at index: Int, to json: inout JSONWriter) {
        var spoken: [Part] = []
        for (place, part) in message.content.enumerated() {
            let path = "messages[\(index)].content[\(place)]"
            switch part {
            case .toolResult(let result) where message.role == .user: writeResult(result, at: path, to: &json)
            case .text: spoken.append(part)
            case .image:
                if message.role != .user {
                    refuse(path, "is an image: OpenAI's API takes images in a user's message only.")
                }
                spoken.append(part)
            case .thinking, .redactedThinking: dropped.append("\(path) (thinking)")
            case .toolResult, .toolCall, .refusal:
                refuse(path, "has no place in a message of the role `\(message.role.rawValue)`.")
            }
        }
        guard !spoken.isEmpty || !message.content.contains(where: \.isToolResult) else { return }
        let role = message.role == .developer && !traits.takesDeveloperRole ? .system : message.role
        json.object { json in
            json.member("type", "message")
            json.member("role", role.rawValue)
            Self.writeContent("content", spoken, to: &json)
        }
    }

    private mutating func writeResult(_ result: ToolResult, at path: String, to json: inout JSONWriter) {
        if result.isError { dropped.append("\(path).is_error") }
        for (place, part) in result.content.enumerated() {
            switch part {
            case .text, .image: break
            default: refuse("\(path).content[\(place)]", "can't be said: a tool's result is text and images.")
            }
        }
        json.object { json in
            json.member("type", "function_call_output")
            json.member("call_id", result.callID)
            Self.writeContent("output", result.content, to: &json)
        }
    }

    private mutating func writeAssistant(_ message: Message, at index: Int, to json: inout JSONWriter) {
        var spoken: [Part] = []
        for (place, part) in message.content.enumerated() {
            let path = "messages[\(index)].content[\(place)]"
            switch part {
            case .text, .refusal: spoken.append(part)
            case .toolCall(let call):
                Self.writeSpoken(&spoken, to: &json)
                Self.write(call, to: &json)
            case .thinking, .redactedThinking: dropped.append("\(path) (thinking)")
            case .image, .toolResult: refuse(path, "has no place in a message of the role `assistant`.")
            }
        }
        Self.writeSpoken(&spoken, to: &json)
    }

    /// Words of an assistant. One text stands alone, as every server reads it.
    private static func writeSpoken(_ spoken: inout [Part], to json: inout JSONWriter) {
        guard !spoken.isEmpty else { return }
        json.object { json in
            json.member("type", "message")
            json.member("role", "assistant")
            if let text = text(of: spoken) {
                json.member("content", text)
            } else {
                json.array("content") { json in
                    for part in spoken {
                        json.object { json in
                            switch part {
                            case .refusal(let words):
                                json.member("type", "refusal")
                                json.member("refusal", words)
                            case .text(let text):
                                json.member("type", "output_text")
                                json.member("text", text)
                                json.array("annotations") { _ in }
                            default: break
                            }
                        }
                    }
                }
            }
        }
        spoken = []
    }

    private static func write(_ call: ToolCall, to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "function_call")
            json.member("call_id", call.id)
            json.member("name", call.name)
            // No arguments at all are an empty object.
            let isEmpty = call.arguments.isBlank || call.arguments == "null"
            json.member("arguments", isEmpty ? "{}" : call.arguments)
        }
    }

    /// One text stands alone, as every server reads it; anything else is a list.
    private static func writeContent(_ name: StaticString, _ parts: [Part], to json: inout JSONWriter) {
        if let text = text(of: parts) { return json.member(name, text) }
        json.array(name) { json in
            for part in parts {
                switch part {
                case .text(let text):
                    json.object { json in
                        json.member("type", "input_text")
                        json.member("text", text)
                    }
                case .image(let source): json.object { write(source, to: &$0) }
                default: break
                }
            }
        }
    }

    private static func write(_ image: ImageSource, to json: inout JSONWriter) {
        json.member("type", "input_image")
        switch image {
        case .base64(let mediaType, let data):
            json.member("image_url", "data:\(mediaType);base64,\(data)")
            json.member("detail", "auto")
        case .url(let url, let detail):
            json.member("image_url", url)
            json.member("detail", detail ?? "auto")
        }
    }

    /// Returns the only text of the parts; nil where there is more.
    private static func text(of parts: [Part]) -> String? {
        if parts.isEmpty { return "" }
        guard parts.count == 1, case .text(let text) = parts[0] else { return nil }
        return text
    }
}

extension Part {
    fileprivate var isToolResult: Bool {
        if case .toolResult = self { true } else { false }
    }
}
