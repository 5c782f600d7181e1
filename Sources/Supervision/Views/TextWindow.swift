/// A piece of a view's text, short enough for a detector that reads best in
/// short pieces.
///
/// Windows are cut relative to the text's start, overlap, and begin and end
/// between words where there is a space nearby. Text that is added behind
/// changes no window that ended 256 bytes before the old end: its
/// verdict can be cached.
package struct TextWindow: Sendable, Hashable {
    /// The most bytes of a window. Bytes, and not characters: scripts with
    /// more bytes a character also have more tokens a character, so that all
    /// windows are near each other in tokens (some 100 to 130).
    package static let length = 384
    /// The bytes that neighbours share at least: a passage of up to so many
    /// bytes stands whole in one window.
    package static let overlap = 96
    /// The most bytes by which a window's end is moved to a space.
    static let slack = 24

    /// The place in the view's text.
    package var range: Range<Int>
    package var text: [UInt8]

    package init(range: Range<Int>, text: [UInt8]) {
        self.range = range
        self.text = text
    }

    package static func all(of text: [UInt8]) -> [TextWindow] {
        var windows: [TextWindow] = []
        var start = 0
        while start < text.count {
            let end = end(from: start, in: text)
            windows.append(TextWindow(range: start..<end, text: Array(text[start..<end])))
            if end == text.count { break }
            start = next(after: start..<end, in: text)
        }
        return windows
    }

    private static func end(from start: Int, in text: [UInt8]) -> Int {
        let end = start + length
        if end >= text.count { return text.count }
        for place in stride(from: end, to: end - slack, by: -1) where text[place] == UInt8(ascii: " ") { return place }
        return scalarStart(atOrBefore: end, in: text)
    }

    private static func next(after window: Range<Int>, in text: [UInt8]) -> Int {
        let start = window.upperBound - overlap
        for place in stride(from: start, to: start - slack, by: -1) where text[place] == UInt8(ascii: " ") {
            return place + 1
        }
        return scalarStart(atOrBefore: start, in: text)
    }

    private static func scalarStart(atOrBefore place: Int, in text: [UInt8]) -> Int {
        var place = place
        while text[place] & 0xC0 == 0x80 { place -= 1 }
        return place
    }
}
