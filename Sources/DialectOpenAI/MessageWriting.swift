import Conversation
import NIOCore
import Wire

/// Messages of a request, as a provider gets them.
///
/// Between text and tool calls of one turn this format knows no order: the
/// text comes first.
extension ChatRequestWriter {
    mutating func write(_ messages: [Message], to json: inout JSONWriter) {
        json.array("messages") { json in
            for (index, message) in messages.enumerated() {
                if message.role == .assistant {
                    writeAssistant(message, at: index, to: &json)
                } else {
                    writeTurn(message, at: index, to: &json)
                }
            }
        }
    }

    /// A message of the user, the system or the developer. Results of tools
    /// become messages of their own, before what else the user says.
    private mutating func writeTurn(_ message: Message, at index: Int, to json: inout JSONWriter) {
        var spoken: [Part] = []
        for (place, part) in message.content.enumerated() {
            let path = "messages[\(index)].content[\(place)]"
            switch part {
            case .toolResult(let result) where message.role == .user: writeResult(result, at: path, to: &json)
            case .text: spoken.append(part)
            case .image:
                if form.engine?.takesImages == false {
                    refuse(path, "is an image: `\(model)` takes text only.")
                } else if message.role != .user {
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
            json.member("role", role.rawValue)
            writeName(of: message, at: index, to: &json)
            writeContent(spoken, to: &json)
        }
    }

    private mutating func writeResult(_ result: ToolResult, at path: String, to json: inout JSONWriter) {
        if result.isError { dropped.append("\(path).is_error") }
        for (place, part) in result.content.enumerated() {
            guard case .text = part else {
                refuse(
                    "\(path).content[\(place)]", "can't be said: a tool's result is text only in OpenAI's API.")
                continue
            }
        }
        json.object { json in
            json.member("role", "tool")
            json.member("tool_call_id", result.callID)
            writeContent(result.content, to: &json)
        }
    }

    private mutating func writeAssistant(_ message: Message, at index: Int, to json: inout JSONWriter) {
        var texts: [Part] = []
        var calls: [ToolCall] = []
        var refusals: [String] = []
        var thinking = ""
        for (place, part) in message.content.enumerated() {
            let path = "messages[\(index)].content[\(place)]"
            switch part {
            case .text: texts.append(part)
            case .toolCall(let call): calls.append(readable(call))
            case .refusal(let words):
                // An engine's template knows text only: the model sees what it said.
                if form.isEngine { texts.append(.text(words)) } else { refusals.append(words) }
            case .thinking(let text, _) where traits.takesThinkingBack: thinking += text
            case .thinking, .redactedThinking: dropped.append("\(path) (thinking)")
            case .image, .toolResult:
                refuse(path, "has no place in a message of the role `assistant`.")
            }
        }
        json.object { json in
            json.member("role", "assistant")
            writeName(of: message, at: index, to: &json)
            if texts.isEmpty, !calls.isEmpty || !refusals.isEmpty {
                json.null("content")
            } else {
                writeContent(texts, to: &json)
            }
            if !refusals.isEmpty { json.member("refusal", refusals.joined()) }
            if !thinking.isEmpty { json.member("reasoning_content", thinking) }
            if !calls.isEmpty {
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
    }

    /// A call as the server can read it: no arguments at all are an empty
    /// object; an engine parses them, so that broken ones are wrapped.
    private func readable(_ call: ToolCall) -> ToolCall {
        var call = call
        if call.arguments.isBlank || call.arguments == "null" {
            call.arguments = "{}"
        } else if form.isEngine, (try? JSONDocument(call.arguments))?.root.kind != .object {
            var json = JSONWriter()
            json.object { $0.member("INVALID_JSON", call.arguments) }
            call.arguments = String(buffer: json.buffer)
        }
        return call
    }

    private mutating func writeName(of message: Message, at index: Int, to json: inout JSONWriter) {
        guard let name = message.name else { return }
        if !form.isEngine, takes("name") {
            json.member("name", name)
        } else {
            dropped.append("messages[\(index)].name")
        }
    }

    /// Text stands alone, as every server reads it, paragraph by paragraph;
    /// with a picture beside it, it is an array.
    private func writeContent(_ parts: [Part], to json: inout JSONWriter) {
        var text = ""
        for case .text(let more) in parts {
            if !text.isEmpty, !more.isEmpty { text += text.utf8.last == UInt8(ascii: "\n") ? "\n" : "\n\n" }
            text += more
        }
        if parts.allSatisfy({ if case .text = $0 { true } else { false } }) { return json.member("content", text) }
        json.array("content") { json in
            for part in parts {
                switch part {
                case .text(let text):
                    json.object { json in
                        json.member("type", "text")
                        json.member("text", text)
                    }
                case .image(let source):
                    json.object { json in
                        json.member("type", "image_url")
                        json.object("image_url") { json in writeImage(source, to: &json) }
                    }
                default: break
                }
            }
        }
    }

    private func writeImage(_ source: ImageSource, to json: inout JSONWriter) {
        switch source {
        case .base64(let mediaType, let data):
            json.member("url", DataURL.write(mediaType: mediaType, data: data))
        case .url(let url, let detail):
            json.member("url", url)
            json.member("detail", ifPresent: detail)
        }
    }
}

extension Part {
    fileprivate var isToolResult: Bool {
        if case .toolResult = self { true } else { false }
    }
}
