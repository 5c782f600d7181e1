/// The form of API keys: Holdfast's own, and those of providers whose keys have
/// a known prefix.
package enum KeyShape {
    private static let prefixes = [
        "sk-", "sk_", "pk-", "rk-", "hf_", "hfa_", "gsk_", "AKIA", "ASIA", "AIza", "xai-", "eyJ", "ghp_", "ya29.",
        "r8_",
        "fw_", "IQoJb3JpZ2lu", "FwoGZXIvYXdz", "ABSK", "bedrock-api-key-", "pplx-", "nvapi-", "csk-", "tgp_",
    ]

    /// In characters. Names that begin like a key are shorter.
    private static let shortest = 20

    static func hasPrefix(_ run: Substring) -> Bool { prefixes.contains { run.hasPrefix($0) } }

    static func isOfKey(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "_-+.*".contains(character))
    }

    /// Removes keys from a text that a caller has sent in the place of a name.
    package static func masking(_ name: String) -> String {
        // Keys are longer than most names.
        guard name.utf8.count >= shortest else { return name }
        var shown = ""
        var rest = Substring(name)
        while let first = rest.first {
            let run = rest.prefix(while: isOfKey)
            if run.isEmpty {
                shown.append(first)
                rest.removeFirst()
            } else {
                shown += run.count >= shortest && hasPrefix(run) ? SecretMask.mark : String(run)
                rest = rest[run.endIndex...]
            }
        }
        return shown
    }

    package static func stands(in name: String) -> Bool { masking(name) != name }
}
