/// Text from files and callers, made safe to show: a name that contains control characters, for example to move a
/// terminal's cursor or to reverse the reading direction, could hide the true content.
package enum Printable {
    /// One line: controls, invisible and unassigned characters as `\u{…}`; cut
    /// after `most` characters.
    package static func text(_ text: String, most: Int = .max) -> String {
        // Most texts are short, and ASCII throughout.
        if text.utf8.count <= most, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        var shown = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < most else { return shown + "…" }
            append(scalar, to: &shown)
        }
        return shown
    }

    /// Returns lines with their layout: line ends and tabs remain, and everything else that a terminal would interpret
    /// is written as `\uXXXX`. That is JSON's notation, so a JSON text keeps its meaning.
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

    /// Returns the beginning of a caller's words, safe for an error, a log or a header field: limited in bytes, and
    /// without anything that a terminal would interpret.
    ///
    /// The cost depends on the part that is shown, not on the length of the text. A text is never counted or cut by
    /// characters, since a single one may be megabytes of combining marks.
    package static func excerpt(_ text: some StringProtocol, _ most: Int = mostQuoted) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            let before = shown.utf8.count
            append(scalar, to: &shown)
            guard shown.utf8.count > most else { continue }
            return String(decoding: shown.utf8.prefix(before), as: UTF8.self) + "…"
        }
        return shown
    }

    private static func append(_ scalar: Unicode.Scalar, to shown: inout String) {
        if isHarmful(scalar) {
            shown += scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            shown.unicodeScalars.append(scalar)
        }
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    /// The most bytes of a caller's word in a message, which may contain the word twice.
    package static let mostQuoted = 100

    /// For messages.
    package static func quoted(_ text: String) -> String { "\"\(self.text(text, most: 80))\"" }

    /// Letters, digits and signs of ASCII, at least one: no space, no control,
    /// nothing that looks like another.
    package static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension StringProtocol {
    /// The text's beginning, of at most so many bytes of UTF-8; no scalar is
    /// split. Costs no more than what is left.
    package func cut(toUTF8Bytes most: Int) -> String {
        var count = most
        while let end = utf8.index(utf8.startIndex, offsetBy: count, limitedBy: utf8.endIndex), end != utf8.endIndex {
            // Bytes in the middle of a scalar begin with the bits 10.
            guard count > 0, utf8[end] & 0xC0 == 0x80 else { return String(decoding: utf8[..<end], as: UTF8.self) }
            count -= 1
        }
        return String(self)
    }
}

extension StringProtocol {
    /// The text in one line, without what a terminal would obey.
    package var printable: String { Printable.text(String(self)) }
}
