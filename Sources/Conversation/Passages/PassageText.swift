package import Wire

/// Texts as they are judged, of values that are more than one string.
package enum PassageText {
    /// All names and strings within a value, one a line; those that say nothing
    /// are left out.
    package static func lines(of view: JSONView) -> String {
        var lines = Lines()
        for string in view.strings { lines.add(string) }
        return lines.text
    }

    /// The arguments of a tool call that came as JSON in a string: names and
    /// strings within, one a line and without escapes, as those of a call whose
    /// arguments are an object. Anything that is no object or array of strict
    /// JSON is judged as it came.
    package static func arguments(_ text: String) -> String {
        guard let first = text.utf8.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }),
            first == UInt8(ascii: "{") || first == UInt8(ascii: "["), let document = try? JSONDocument(text)
        else { return text }
        return lines(of: document.root)
    }

    /// The tokens of an answer (`logprobs` of Chat Completions) as one text,
    /// and below it all else, one a line.
    package static func tokens(of view: JSONView) -> String {
        guard view.kind == .object else { return lines(of: view) }
        var said = ""
        var others = Lines()
        for (name, list) in view.members {
            if !name.isString("content"), !name.isString("refusal") { others.add(name) }
            guard list.kind == .array else {
                for string in list.strings { others.add(string) }
                continue
            }
            for token in list.elements {
                guard token.kind == .object else {
                    for string in token.strings { others.add(string) }
                    continue
                }
                for (name, value) in token.members {
                    if name.isString("token"), let text = value.string {
                        said += text
                    } else {
                        for string in value.strings where !isTokenMember(string) { others.add(string) }
                        if !isTokenMember(name) { others.add(name) }
                    }
                }
            }
        }
        return others.text.isEmpty ? said : said.isEmpty ? others.text : said + "\n" + others.text
    }

    private static func isTokenMember(_ name: JSONView) -> Bool {
        name.isString("token") || name.isString("logprob") || name.isString("bytes") || name.isString("top_logprobs")
    }

    struct Lines {
        private(set) var text = ""

        mutating func add(_ view: JSONView) {
            guard view.range.count > 2, let string = view.string else { return }
            if !text.isEmpty { text += "\n" }
            text += string
        }
    }
}
