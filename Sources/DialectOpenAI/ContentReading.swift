import Conversation
import Wire

/// The content of a message: one text, or parts.
///
/// https://platform.openai.com/docs/guides/images-vision
extension ChatRequestReader {
    mutating func readContent(
        _ content: JSONView, of message: String, images: Bool
    ) throws(APIProblem) -> [Part] {
        if let text = content.string { return [.text(text)] }
        guard content.kind == .array else {
            throw .wrongType("\(message).content", wanted: "a string or an array of content parts", not: content.kind)
        }
        var parts: [Part] = []
        for (index, element) in content.elements.numbered() {
            let path = "\(message).content[\(index)]"
            guard let type = try element.object(at: path)["type"] else {
                throw .missing("\(path).type", "say what the part is, e.g. `text`.")
            }
            switch try type.word(at: "\(path).type") {
            // The last two are what Responses calls it.
            case "text", "input_text", "output_text": parts.append(.text(try readPart(element, "text", at: path)))
            case "refusal": parts.append(.refusal(try readPart(element, "refusal", at: path)))
            case "image_url":
                guard images else {
                    throw .invalid("\(path).type", "is `image_url`: only a user's message may show an image.")
                }
                parts.append(.image(try readImage(element, at: path)))
            case "input_audio": leaveOver("\(path).input_audio", isAdvisory: false)
            case "file": leaveOver("\(path).file", isAdvisory: false)
            // A reasoning part that an earlier answer had (Mistral's).
            case "thinking", "reasoning": leaveOver("\(path).type", isAdvisory: true)
            default: leaveOver("\(path).type", isAdvisory: false)
            }
        }
        return parts
    }

    private mutating func readPart(_ part: JSONView, _ field: String, at path: String) throws(APIProblem) -> String {
        var text: String?
        for (name, value) in part.members where !value.isNull {
            let name = name.word ?? ""
            switch name {
            case "type": break
            case field: text = try value.text(at: "\(path).\(field)")
            // Where the words came from, and marks for a cache.
            default: leaveOver("\(path).\(name)", value, isAdvisory: true)
            }
        }
        guard let text else { throw .missing("\(path).\(field)", "give the part's text.") }
        return text
    }

    private mutating func readImage(_ part: JSONView, at path: String) throws(APIProblem) -> ImageSource {
        var url: String?
        var detail: String?
        for (name, value) in part.members where !value.isNull {
            switch name.word ?? "" {
            case "type": break
            case "image_url":
                for (name, value) in try value.object(at: "\(path).image_url").members where !value.isNull {
                    switch name.word ?? "" {
                    case "url": url = try value.text(at: "\(path).image_url.url")
                    case "detail": detail = try value.word(at: "\(path).image_url.detail")
                    // What the picture is like: it speaks for itself.
                    case let field: leaveOver("\(path).image_url.\(field)", value, isAdvisory: true)
                    }
                }
            case let field: leaveOver("\(path).\(field)", value, isAdvisory: true)
            }
        }
        guard let url else { throw .missing("\(path).image_url.url", "give the image's address or a `data:` URL.") }
        guard let image = DataURL(url) else {
            guard !DataURL.isOne(url) else {
                throw .invalid(
                    "\(path).image_url.url", "is a `data:` URL of another form than `data:image/png;base64,…`.")
            }
            return .url(url, detail: detail)
        }
        // The shared terms keep `detail` for addresses only; `auto` is what
        // leaving it out means.
        if let detail, detail != "auto" { leaveOver("\(path).image_url.detail", isAdvisory: true) }
        return .base64(mediaType: image.mediaType, data: image.data)
    }
}
