extension String {
    /// True when the text holds nothing but white space.
    package var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }

    /// The text up to its last character that isn't white space.
    package var withoutTrailingSpace: String {
        guard let last = unicodeScalars.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
        return String(unicodeScalars[...last])
    }
}
