import Conversation
import Wire

/// Reads one content block of a known type each.
enum BlockDecoder {
    static func text(_ block: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> String {
        var text: String?
        for (name, value) in try block.members() {
            switch name {
            case "type": break
            case "text": text = try block.member("text", value).text()
            // Where an earlier answer's words came from; the words stay.
            case "citations":
                if value.kind == .array, value.elements.first(where: { _ in true }) == nil { break }
                leftovers.advisory(block.member("citations", value))
            default: leftovers.unknown(name, value, in: block)
            }
        }
        guard let text else { throw block.missing("text") }
        return text
    }

    static func image(_ block: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> ImageSource? {
        var source: Field?
        for (name, value) in try block.members() {
            switch name {
            case "type": break
            case "source": source = block.member("source", value)
            default: leftovers.unknown(name, value, in: block)
            }
        }
        guard let source else { throw block.missing("source") }
        let (word, type) = try source.type()
        var mediaType: String?
        var data: String?
        var url: String?
        for (name, value) in try source.members() {
            switch (name, word) {
            case ("type", _): break
            case ("media_type", "base64"):
                let field = source.member("media_type", value)
                let named = try field.identifier()
                guard ImageSource.isMediaType(named) else {
                    throw field.problem("Must be a media type, such as `image/png`.")
                }
                mediaType = named
            case ("data", "base64"): data = try source.member("data", value).nonEmptyText()
            case ("url", "url"): url = try source.member("url", value).nonEmptyText()
            // Said by the type already.
            case (_, let word) where word != "base64" && word != "url": break
            default: leftovers.unknown(name, value, in: source)
            }
        }
        switch word {
        case "base64":
            guard let mediaType else { throw source.missing("media_type") }
            guard let data else { throw source.missing("data") }
            return .base64(mediaType: mediaType, data: data)
        case "url":
            guard let url else { throw source.missing("url") }
            return .url(url, detail: nil)
        default:
            // `file`: it lies with Anthropic.
            leftovers.essential(type)
            return nil
        }
    }

    static func toolCall(_ block: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> ToolCall {
        var id: String?
        var name: String?
        var input: String?
        for (member, value) in try block.members() {
            switch member {
            case "type": break
            case "id": id = try block.member("id", value).identifier()
            case "name": name = try block.member("name", value).identifier()
            case "input": input = Self.input(value)
            // Called by the model itself, as every other API has it.
            case "caller" where value["type"]?.isString("direct") == true: break
            // Of a call that has been made.
            default: leftovers.wish(member, value, in: block)
            }
        }
        guard let id else { throw block.missing("id") }
        guard let name else { throw block.missing("name") }
        return ToolCall(id: CallIDForm.read(id), name: name, arguments: input ?? "{}")
    }

    /// The model's words, an object or not: a text is the arguments
    /// themselves, and what was wrapped for being broken is unwrapped.
    private static func input(_ value: JSONView) -> String {
        if let text = value.string { return text }
        if value.kind == .object, let broken = ToolInput.wrapped(in: value) { return broken }
        return value.fragment.text
    }

    static func toolResult(_ block: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> ToolResult {
        var id: String?
        var content: [Part] = []
        var isError = false
        for (name, value) in try block.members() {
            switch name {
            case "type": break
            case "tool_use_id": id = CallIDForm.read(try block.member("tool_use_id", value).identifier())
            case "is_error": isError = try block.member("is_error", value).bool()
            case "content": content = try resultContent(block.member("content", value), &leftovers)
            // Of a result that the model has seen.
            default: leftovers.wish(name, value, in: block)
            }
        }
        guard let id else { throw block.missing("tool_use_id") }
        return ToolResult(callID: id, content: content, isError: isError)
    }

    private static func resultContent(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> [Part] {
        if let text = field.view.string { return [.text(text)] }
        guard field.view.kind == .array else { throw field.problem("Must be a string or an array of content blocks.") }
        var parts: [Part] = []
        for block in try field.elements() {
            let (word, type) = try block.type()
            if let text = PlainBlock.text(block.view, word) {
                parts.append(.text(text))
                continue
            }
            switch word {
            case "text": parts.append(.text(try text(block, &leftovers)))
            case "image": if let image = try image(block, &leftovers) { parts.append(.image(image)) }
            default: leftovers.essential(type)
            }
        }
        return parts
    }

    static func thinking(_ block: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> Part {
        var text: String?
        var signature: String?
        for (name, value) in try block.members() {
            switch name {
            case "type": break
            case "thinking": text = try block.member("thinking", value).text()
            case "signature": signature = try block.member("signature", value).text()
            default: leftovers.wish(name, value, in: block)
            }
        }
        guard let text else { throw block.missing("thinking") }
        // An empty signature is what this door wrote for thinking that came
        // without one.
        return .thinking(text: text, signature: signature?.isEmpty == true ? nil : signature)
    }

    static func redactedThinking(_ block: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> Part {
        var data: String?
        for (name, value) in try block.members() {
            switch name {
            case "type": break
            case "data": data = try block.member("data", value).text()
            default: leftovers.unknown(name, value, in: block)
            }
        }
        guard let data else { throw block.missing("data") }
        return .redactedThinking(data)
    }
}
