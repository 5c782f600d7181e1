/// What a file says, made fit to be shown: a name that moves a terminal's
/// cursor or turns the reading direction could hide what it is.
package enum Printable {
    /// Controls, invisible and unassigned characters as `\u{…}`; cut after
    /// `most` characters.
    package static func text(_ text: String, most: Int = .max) -> String {
        var shown = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < most else { return shown + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                shown += scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// For messages.
    package static func quoted(_ text: String) -> String { "\"\(self.text(text, most: 80))\"" }

    /// Letters, digits and signs of ASCII, at least one: no space, no control,
    /// nothing that looks like another.
    package static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
