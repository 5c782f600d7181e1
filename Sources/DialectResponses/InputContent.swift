import Conversation
import DialectOpenAI
import Wire

/// The content of a message, or a result's output: one text, or parts.
extension RequestReader {
    /// - Parameter images: True where a picture may stand.
    mutating func readContent(_ content: JSONView, at path: String, images: Bool) throws(APIProblem) -> [Part] {
        if let text = content.string { return [.text(text)] }
        guard content.kind == .array else {
            throw .wrongType(path, wanted: "a string or an array of content parts", not: content.kind)
        }
        var parts: [Part] = []
        for (index, element) in content.elements.numbered() {
            let path = "\(path)[\(index)]"
            guard let type = try element.object(at: path)["type"] else {
                throw .missing("\(path).type", "say what the part is, e.g. `input_text`.")
            }
            switch try type.word(at: "\(path).type") {
            case "input_text", "output_text", "text", "summary_text", "reasoning_text":
                parts.append(.text(try readPart(element, "text", at: path)))
            case "refusal": parts.append(.refusal(try readPart(element, "refusal", at: path)))
            case "input_image":
                guard images else {
                    throw .invalid("\(path).type", "is `input_image`: only a user's message may show an image.")
                }
                if let image = try readImage(element, at: path) { parts.append(.image(image)) }
            case let type: leaveOver("\(path) (\(type))", isAdvisory: false)
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
            // Where the words came from, how likely they were, marks for a cache.
            default: leaveOver("\(path).\(name)", value, isAdvisory: true)
            }
        }
        guard let text else { throw .missing("\(path).\(field)", "give the part's text.") }
        return text
    }

    /// - Returns: nil where the image stands at a provider.
    private mutating func readImage(_ part: JSONView, at path: String) throws(APIProblem) -> ImageSource? {
        var url: String?
        var detail: String?
        for (name, value) in part.members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "type": break
            case "image_url": url = try value.text(at: "\(path).image_url")
            case "detail": detail = try value.word(at: "\(path).detail")
            case "file_id":
                leaveOver("\(path).file_id", isAdvisory: false)
                return nil
            default: leaveOver("\(path).\(field)", value, isAdvisory: true)
            }
        }
        guard let url else { throw .missing("\(path).image_url", "give the image's address or a `data:` URL.") }
        guard let image = DataURL(url) else {
            guard !DataURL.isOne(url) else {
                throw .invalid("\(path).image_url", "is a `data:` URL of another form than `data:image/png;base64,…`.")
            }
            return .url(url, detail: detail)
        }
        // The shared terms keep `detail` for addresses only; `auto` is what
        // leaving it out means.
        if let detail, detail != "auto" { leaveOver("\(path).detail", isAdvisory: true) }
        return .base64(mediaType: image.mediaType, data: image.data)
    }
}
