/// The words of a command line, as a POSIX shell would divide them: quotes and
/// backslashes count, and nothing is expanded.
package enum CommandWords {
    /// - Returns: Nil for a quote that doesn't end, and for a backslash with
    ///   nothing behind it.
    package static func split(_ line: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = Substring(line)
        while let character = rest.popFirst() {
            switch (character, quote) {
            case ("\\", nil):
                guard let next = rest.popFirst() else { return nil }
                word = (word ?? "") + String(next)
            case ("\\", "\""):
                guard let next = rest.popFirst() else { return nil }
                // Within these quotes a backslash counts before few characters.
                word = (word ?? "") + ("\"\\$`".contains(next) ? String(next) : "\\" + String(next))
            case ("\"", nil), ("'", nil):
                quote = character
                word = word ?? ""
            case _ where character == quote: quote = nil
            case _ where quote == nil && character.isWhitespace:
                if let done = word { words.append(done) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        if let word { words.append(word) }
        return words
    }
}
