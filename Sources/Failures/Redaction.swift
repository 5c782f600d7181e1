/// Makes a provider's words fit to be kept and shown.
enum Redaction {
    /// In characters.
    static let longest = 300

    /// One line, at most ``longest`` characters; what looks like a key, and
    /// long quotations (which could be a prompt's), left out.
    static func words(_ message: String) -> String {
        var kept: [String] = []
        var isToken = false
        // By bytes: a single character may be as long as it likes.
        let message = String(decoding: message.utf8.prefix(4000), as: UTF8.self)
        for word in message.split(whereSeparator: { $0.isWhitespace || $0.isNewline || $0.isControl }) {
            kept.append(isToken ? mark : withoutSecrets(word))
            let name = word.lowercased()
            isToken = name.hasSuffix("bearer") || name.hasSuffix("bearer:")
        }
        let line = withoutQuotations(kept.joined(separator: " "))
        return line.count > longest ? line.prefix(longest - 1) + "…" : line
    }

    private static let mark = "[…]"
    /// Runs of a key's characters, wherever they stand in the word: behind
    /// `key=`, in quotation marks, in an address.
    private static func withoutSecrets(_ word: Substring) -> String {
        var shown = ""
        var rest = word
        while let first = rest.first {
            guard KeyShape.isOfKey(first) else {
                shown.append(first)
                rest.removeFirst()
                continue
            }
            let run = rest.prefix(while: KeyShape.isOfKey)
            shown += isSecret(run) ? mark : String(run)
            rest = rest[run.endIndex...]
        }
        return shown
    }

    private static func isSecret(_ run: Substring) -> Bool {
        if KeyShape.hasPrefix(run) { return true }
        guard run.count >= 32 else { return false }
        // Names of models are long, too; they have separators.
        let longest = run.split(whereSeparator: { "-_.".contains($0) }).map(\.count).max() ?? 0
        let isHexadecimal = run.allSatisfy { $0.isHexDigit || $0 == "-" }
        return run.contains(where: \.isNumber) && (longest >= 24 || isHexadecimal) || longest >= 40
    }

    /// Quotations of more than 80 characters, in quotation marks or
    /// backticks; an apostrophe is too often one.
    private static func withoutQuotations(_ text: String) -> String {
        var result = ""
        var open: (close: Character, text: String)?
        for character in text {
            if let quotation = open {
                if character == quotation.close {
                    result += (quotation.text.count > 80 ? mark : quotation.text) + String(character)
                    open = nil
                } else {
                    open!.text.append(character)
                }
                continue
            }
            result.append(character)
            switch character {
            case "\"", "`": open = (character, "")
            case "“": open = ("”", "")
            default: break
            }
        }
        if let open { result += open.text.count > 80 ? mark : open.text }
        return result
    }
}

extension Character {
    fileprivate var isControl: Bool { unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) } }
}
