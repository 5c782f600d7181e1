extension String {
    /// The text as it may stand in a line for people: what could end the line
    /// or move a terminal's cursor is shown, not done (CWE-117).
    var harmless: String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool {
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029
        }
        // C2 leads the controls above ASCII, E2 the two separators; most text
        // has neither.
        guard utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 }),
            unicodeScalars.contains(where: isControl)
        else { return self }
        return unicodeScalars.reduce(into: "") { shown, scalar in
            if isControl(scalar) {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
    }
}
