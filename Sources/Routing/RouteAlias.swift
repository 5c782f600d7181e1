/// Another name of a route, or a pattern of names: agents ask for models of
/// their own choice (`claude-haiku-4-5` beside `claude-opus-5`).
package struct RouteAlias: Sendable, Hashable {
    /// `*` stands for any characters, or none.
    package let pattern: String
    /// The route that serves.
    package let route: String
    /// The pattern's texts between its stars.
    private let texts: [String]

    /// - Returns: nil for a pattern that is empty, or longer than any name.
    package init?(_ pattern: String, route: String) {
        guard !pattern.isEmpty, pattern.utf8.count <= 256, pattern.unicodeScalars.allSatisfy({ $0.value > 0x20 }) else {
            return nil
        }
        self.pattern = pattern
        self.route = route
        texts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    }

    /// The name that it gives the route; nil for a pattern of many names.
    package var name: String? { texts.count == 1 ? pattern : nil }

    /// Returns whether a request that names `model` means the route. Compares
    /// bytes.
    package func matches(_ model: String) -> Bool {
        var rest = model.utf8[...]
        guard rest.starts(with: texts[0].utf8) else { return false }
        rest = rest.dropFirst(texts[0].utf8.count)
        guard texts.count > 1 else { return rest.isEmpty }
        for text in texts[1..<(texts.count - 1)] {
            guard let end = rest.end(of: text) else { return false }
            rest = rest[end...]
        }
        let last = texts[texts.count - 1].utf8
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }
}

extension Substring.UTF8View {
    /// The place behind the first occurrence.
    fileprivate func end(of text: String) -> Index? {
        var place = startIndex
        while true {
            if self[place...].starts(with: text.utf8) { return index(place, offsetBy: text.utf8.count) }
            guard place < endIndex else { return nil }
            place = index(after: place)
        }
    }
}
