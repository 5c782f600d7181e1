import Conversation
import DialectAnthropic
import Encodings
import Wire

/// Reads one content block of a known kind each.
enum ConverseBlockReader {
    // MARK: Pictures and documents

    static func image(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> ImageSource? {
        var format: String?
        var source: Field?
        for (name, value) in try field.members() {
            switch name {
            case "format": format = try imageFormat(field.member("format", value))
            case "source": source = field.member("source", value)
            default: leftovers.unknown(name, value, in: field)
            }
        }
        guard let format else { throw field.missing("format") }
        guard let source else { throw field.missing("source") }
        let (kind, data) = try source.onlyMember(of: "bytes or s3Location")
        guard kind == "bytes" else {
            // The image lies in a bucket of Amazon S3.
            leftovers.essential(data)
            return nil
        }
        return .base64(mediaType: "image/\(format)", data: try data.nonEmptyText())
    }

    /// One of Converse's formats (API reference, `ImageBlock`), or `jpg`, which
    /// many programs write.
    private static func imageFormat(_ field: Field) throws(APIProblem) -> String {
        switch try field.identifier() {
        case "jpg": return "jpeg"
        case let format where ["png", "jpeg", "gif", "webp"].contains(format): return format
        default: throw field.problem("Must be png, jpeg, gif or webp.")
        }
    }

    /// A document as text, where it is one.
    static func document(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> Part? {
        var format = "txt"
        var words: [String] = []
        var source: Field?
        for (name, value) in try field.members() {
            switch name {
            case "format": format = try field.member("format", value).identifier()
            case "name": words.insert("[Document: \(try field.member("name", value).text())]", at: 0)
            case "context": words.append(try field.member("context", value).text())
            case "source": source = field.member("source", value)
            // The sources of the words only: the words themselves stay.
            case "citations": leftovers.advisory(field.member("citations", value))
            default: leftovers.unknown(name, value, in: field)
            }
        }
        guard let source else { throw field.missing("source") }
        guard let text = try text(source, format) else {
            leftovers.essential(source)
            return nil
        }
        return .text((words + [text]).joined(separator: "\n"))
    }

    /// - Returns: nil for a document that is no text, or lies with Amazon.
    private static func text(_ source: Field, _ format: String) throws(APIProblem) -> String? {
        let (kind, field) = try source.onlyMember(of: "bytes, s3Location, text or content")
        switch kind {
        case "text": return try field.text()
        case "content":
            var texts: [String] = []
            for element in try field.elements() {
                let (kind, text) = try element.onlyMember(of: "text")
                guard kind == "text" else { return nil }
                texts.append(try text.text())
            }
            return texts.joined(separator: "\n")
        case "bytes":
            guard ["txt", "md", "csv", "html"].contains(format) else { return nil }
            guard let bytes = Base64.decode(try field.text()) else { throw field.problem("Must be base 64.") }
            return String(validating: bytes, as: UTF8.self)
        default: return nil
        }
    }

    /// Text or a picture that is marked for a guardrail: without one, what it is.
    static func guarded(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> Part? {
        let (kind, content) = try field.onlyMember(of: "text or image")
        switch kind {
        case "text":
            guard let text = content.view["text"], !text.isNull else { throw content.missing("text") }
            if let qualifiers = content.view["qualifiers"], !qualifiers.saysNothing {
                leftovers.advisory(content.member("qualifiers", qualifiers))
            }
            return .text(try content.member("text", text).text())
        case "image": return try image(content, &leftovers).map(Part.image)
        default:
            leftovers.essential(content)
            return nil
        }
    }

    // MARK: Tools

    static func toolCall(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> ToolCall? {
        var id: String?
        var name: String?
        var input: String?
        for (member, value) in try field.members() {
            switch member {
            case "toolUseId": id = try field.member("toolUseId", value).identifier()
            case "name": name = try field.member("name", value).identifier()
            case "input": input = Self.input(value)
            // The call of a tool that ran at Amazon.
            case "type":
                leftovers.advisory(field)
                return nil
            default: leftovers.wish(member, value, in: field)
            }
        }
        guard let id else { throw field.missing("toolUseId") }
        guard let name else { throw field.missing("name") }
        return ToolCall(id: CallIDForm.read(id), name: name, arguments: input ?? "{}")
    }

    /// The model's words, an object or not: what was wrapped for being broken is
    /// unwrapped.
    private static func input(_ value: JSONView) -> String {
        if value.kind == .object, let broken = ToolInput.wrapped(in: value) { return broken }
        return value.string ?? value.fragment.text
    }

    static func toolResult(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> ToolResult {
        var id: String?
        var content: [Part] = []
        var isError = false
        for (name, value) in try field.members() {
            switch name {
            case "toolUseId": id = CallIDForm.read(try field.member("toolUseId", value).identifier())
            case "content": content = try resultContent(field.member("content", value), &leftovers)
            case "status":
                let status = field.member("status", value)
                switch try status.word() {
                case "success": isError = false
                case "error": isError = true
                default: throw status.problem("Must be \"success\" or \"error\".")
                }
            default: leftovers.wish(name, value, in: field)
            }
        }
        guard let id else { throw field.missing("toolUseId") }
        return ToolResult(callID: id, content: content, isError: isError)
    }

    private static func resultContent(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> [Part] {
        var parts: [Part] = []
        for element in try field.elements() {
            let (kind, block) = try element.onlyMember(of: "text, json, image or document")
            switch kind {
            case "text": parts.append(.text(try block.text()))
            case "json": parts.append(.text(block.view.fragment.text))
            case "image": if let image = try image(block, &leftovers) { parts.append(.image(image)) }
            case "document": if let text = try document(block, &leftovers) { parts.append(text) }
            default: leftovers.essential(block)
            }
        }
        return parts
    }

    // MARK: Thinking

    static func thinking(_ field: Field) throws(APIProblem) -> Part {
        let (kind, content) = try field.onlyMember(of: "reasoningText or redactedContent")
        switch kind {
        case "redactedContent": return .redactedThinking(OpaqueBlob.read(try content.text()))
        case "reasoningText":
            guard let text = content.view["text"], !text.isNull else { throw content.missing("text") }
            var signature: String?
            if let value = content.view["signature"], !value.isNull {
                signature = try content.member("signature", value).text()
            }
            return .thinking(
                text: try content.member("text", text).text(), signature: signature?.isEmpty == true ? nil : signature)
        default: throw content.problem("Must be \"reasoningText\" or \"redactedContent\".")
        }
    }
}

/// Text of a model's maker that nobody else reads, as the API's blobs carry it:
/// base 64. What is base 64 already goes as it is.
enum OpaqueBlob {
    /// The beginning of what was no base 64.
    private static let mark = "holdfast:"

    static func write(_ text: String) -> String {
        if let bytes = Base64.decode(text), !bytes.starts(with: mark.utf8) { return text }
        return Base64.encode(Array((mark + text).utf8))
    }

    static func read(_ blob: String) -> String {
        guard let bytes = Base64.decode(blob), bytes.starts(with: mark.utf8),
            let text = String(validating: bytes.dropFirst(mark.utf8.count), as: UTF8.self)
        else { return blob }
        return text
    }
}
