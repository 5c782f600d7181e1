/// What a file says, made fit to be shown: a name that moves a terminal's
/// cursor or turns the reading direction could hide what it is.
package enum Printable {
    /// One line: controls, invisible and unassigned characters as `\u{…}`; cut
    /// after `most` characters.
    package static func text(_ text: String, most: Int = .max) -> String {
        // Most texts are short, and ASCII throughout.
        if text.utf8.count <= most, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        var shown = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < most else { return shown + "…" }
            if isHarmful(scalar) {
                shown += scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// Lines as they are laid out: line ends and tabs stay, whatever else a
    /// terminal would obey is spelt `\uXXXX`, as JSON has it: a JSON text
    /// means what it meant.
    package static func lines(_ text: String) -> String {
        func isPlain(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) || byte == 0x0A || byte == 0x09 }
        if text.utf8.allSatisfy(isPlain) { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            guard isHarmful(scalar), scalar != "\n", scalar != "\t" else {
                shown.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                shown += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
        return shown
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    /// For messages.
    package static func quoted(_ text: String) -> String { "\"\(self.text(text, most: 80))\"" }

    /// Letters, digits and signs of ASCII, at least one: no space, no control,
    /// nothing that looks like another.
    package static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
