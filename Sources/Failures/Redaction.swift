/// Makes a provider's words fit to be kept and shown.
enum Redaction {
    static let longest = 300

    /// One line, at most ``longest`` characters; what looks like a key, and
    /// long quotations (which could be a prompt's), left out.
    static func words(_ message: String) -> String {
        var kept: [String] = []
        var length = 0
        for word in message.prefix(4000).split(whereSeparator: { $0.isWhitespace || $0.isNewline }) {
            let shown = isSecret(word) ? "[…]" : String(word.filter { !$0.isControl })
            length += shown.count + 1
            guard length <= longest - 2 else {
                kept.append("…")
                break
            }
            kept.append(shown)
        }
        return shortenQuotations(kept.joined(separator: " "))
    }

    private static let prefixes = [
        "sk-", "sk_", "pk-", "rk-", "hf_", "gsk_", "AKIA", "ASIA", "AIza", "xai-", "eyJ", "ghp_",
    ]

    private static func isSecret(_ word: Substring) -> Bool {
        let bare = word.drop { !$0.isLetter && !$0.isNumber }
        if prefixes.contains(where: { bare.hasPrefix($0) }) { return true }
        guard bare.count >= 32 else { return false }
        // Names of models and addresses are long, too; they have separators.
        let letters = bare.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_-+/=".contains($0)) }
        let hasDigit = letters.contains(where: \.isNumber)
        let hasUpper = letters.contains(where: \.isUppercase)
        return letters.count >= 32 && hasDigit && (hasUpper || letters.allSatisfy(\.isHexDigit))
            && !letters.contains("/")
    }

    private static func shortenQuotations(_ text: String) -> String {
        var result = ""
        var quotation: String?
        for character in text {
            guard character == "\"" else {
                if quotation == nil { result.append(character) } else { quotation!.append(character) }
                continue
            }
            if let quoted = quotation {
                result += quoted.count > 80 ? "\"[…]\"" : "\"\(quoted)\""
                quotation = nil
            } else {
                quotation = ""
            }
        }
        if let quotation { result += "\"" + (quotation.count > 80 ? "[…]" : quotation) }
        return result
    }
}

extension Character {
    fileprivate var isControl: Bool { unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } }
}
