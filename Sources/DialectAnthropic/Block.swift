package import Conversation
package import Wire

/// A content block, checked and ready to be written.
package enum Block {
    case text(String)
    case image(ImageSource)
    case toolUse(id: String, name: String, input: JSONFragment)
    case toolResult(callID: String, content: [Block], isError: Bool)
    case thinking(text: String, signature: String)
    case redactedThinking(String)

    package var isToolResult: Bool {
        if case .toolResult = self { true } else { false }
    }
}

/// Turns one message's parts into blocks.
struct BlockBuilder {
    let message: Int
    let role: Role
    /// The name of the API, for what it refuses.
    let host: String

    private var isEmpty: String { "is empty, which \(host) refuses" }

    /// Text that says nothing, or white space alone, is left out: Anthropic
    /// refuses such blocks.
    func blocks(_ content: [Part], dropped: inout [String]) throws(CannotCarry) -> [Block] {
        var blocks: [Block] = []
        var calls = 0
        for (index, part) in content.enumerated() {
            let path = "messages[\(message)].content[\(index)]"
            switch part {
            case .text(let text):
                if !text.isBlank { blocks.append(.text(text)) }
            // Anthropic keeps no refusal apart from other text.
            case .refusal(let text):
                if !text.isBlank { blocks.append(.text(text)) }
            case .image(let source):
                guard role == .user else {
                    throw CannotCarry(path, "is an image, which \(host) takes from the user only")
                }
                blocks.append(.image(try image(source, path, dropped: &dropped)))
            case .toolCall(let call):
                defer { calls += 1 }
                let path = "messages[\(message)].tool_calls[\(calls)]"
                guard role == .assistant else {
                    throw CannotCarry(path, "stands in a message that is not the assistant's")
                }
                guard !call.id.isEmpty else { throw CannotCarry("\(path).id", isEmpty) }
                guard !call.name.isEmpty else { throw CannotCarry("\(path).function.name", isEmpty) }
                // What a model left unfinished must not end the conversation.
                blocks.append(
                    .toolUse(id: call.id, name: call.name, input: ToolInput.objectOrWrapped(call.arguments)))
            case .toolResult(let result):
                guard role == .user else { throw CannotCarry(path, "is a tool's result in a message of the assistant") }
                guard !result.callID.isEmpty else {
                    throw CannotCarry("messages[\(message)].tool_call_id", isEmpty)
                }
                var inner: [Block] = []
                for (position, part) in result.content.enumerated() {
                    switch part {
                    case .text(let text):
                        if !text.isBlank { inner.append(.text(text)) }
                    case .image(let source):
                        inner.append(.image(try image(source, "\(path).content[\(position)]", dropped: &dropped)))
                    default:
                        throw CannotCarry(
                            "\(path).content[\(position)]",
                            "is neither text nor an image; \(host) takes nothing else as a tool's result")
                    }
                }
                blocks.append(.toolResult(callID: result.callID, content: inner, isError: result.isError))
            case .thinking(let text, let signature):
                // Anthropic takes back only thinking that it has signed.
                if let signature, !signature.isEmpty, role == .assistant {
                    blocks.append(.thinking(text: text, signature: signature))
                } else {
                    dropped.append("messages[\(message)].thinking")
                }
            case .redactedThinking(let data):
                if role == .assistant {
                    blocks.append(.redactedThinking(data))
                } else {
                    dropped.append("messages[\(message)].thinking")
                }
            }
        }
        return blocks
    }

    /// https://docs.anthropic.com/en/docs/build-with-claude/vision
    private func image(
        _ source: ImageSource, _ path: String, dropped: inout [String]
    ) throws(CannotCarry) -> ImageSource {
        switch source {
        case .base64(let mediaType, let data):
            guard !data.isEmpty else { throw CannotCarry(path, isEmpty) }
            switch mediaType.lowercased() {
            case "image/jpeg", "image/png", "image/gif", "image/webp":
                return .base64(mediaType: mediaType.lowercased(), data: data)
            // What browsers and older tools call them.
            case "image/jpg", "image/pjpeg", "image/jfif": return .base64(mediaType: "image/jpeg", data: data)
            case "image/x-png", "image/apng": return .base64(mediaType: "image/png", data: data)
            default:
                throw CannotCarry(
                    path, "is of type \(mediaType); \(host) takes image/jpeg, image/png, image/gif and image/webp")
            }
        case .url(let url, let detail):
            guard !url.isEmpty else { throw CannotCarry(path, isEmpty) }
            if let detail, detail != "auto" { dropped.append("\(path).image_url.detail") }
        }
        return source
    }
}
