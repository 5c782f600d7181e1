/// The cutting of texts into segments, each of which is judged in one step.
enum TextCutting {
    /// The bytes of a segment.
    static let segment = 4096
    /// The bytes that a segment repeats of the one before, so that nothing is
    /// split between two: more than any literal has.
    static let overlap = 512

    /// Finds the next segment of a text.
    ///
    /// Segments end between words. A long run of letters is cut at a multiple
    /// of four from its start: it may be base 64, which decodes in groups of
    /// four.
    /// - Parameter end: The end of the segment before, in bytes.
    /// - Returns: The range with its overlap, in bytes.
    static func next(of text: String, from end: Int) -> Range<Int> {
        let bytes = text.utf8
        let stop = end + segment < bytes.count ? cut(bytes, from: end, near: end + segment) : bytes.count
        return start(bytes, before: end)..<stop
    }

    private static func cut(_ bytes: String.UTF8View, from end: Int, near place: Int) -> Int {
        var index = bytes.index(bytes.startIndex, offsetBy: place)
        var back = 0
        while back < place - end {
            let before = bytes.index(before: index)
            guard isToken(bytes[before]) else {
                let wordStart = place - back
                return scalarStart(bytes, back < longWord ? wordStart : wordStart + back / 4 * 4)
            }
            index = before
            back += 1
        }
        // One run since the last cut, which lies at a multiple of four itself.
        return place
    }

    /// The place where a segment begins: at the first gap within the overlap.
    private static func start(_ bytes: String.UTF8View, before end: Int) -> Int {
        let earliest = max(0, end - overlap)
        guard earliest > 0 else { return 0 }
        var index = bytes.index(bytes.startIndex, offsetBy: earliest)
        for place in earliest..<end {
            if !isToken(bytes[index]) { return scalarStart(bytes, place) }
            index = bytes.index(after: index)
        }
        return earliest
    }

    private static let longWord = 64

    private static func scalarStart(_ bytes: String.UTF8View, _ place: Int) -> Int {
        var place = place
        while place > 0, place < bytes.count, bytes[bytes.index(bytes.startIndex, offsetBy: place)] & 0xC0 == 0x80 {
            place -= 1
        }
        return place
    }

    static func isToken(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
            || byte == 0x2B || byte == 0x2F || byte == 0x2D || byte == 0x5F || byte == 0x3D
    }

    /// The text in a range of bytes.
    static func part(_ range: Range<Int>, of text: String) -> String {
        let bytes = text.utf8
        guard range.count < bytes.count else { return text }
        let start = bytes.index(bytes.startIndex, offsetBy: range.lowerBound)
        return String(text[start..<bytes.index(start, offsetBy: range.count)])
    }

    /// The last scalars of a text.
    static func tail(_ text: String, _ count: Int) -> String {
        guard text.utf8.count > count else { return text }
        let scalars = text.unicodeScalars
        guard let start = scalars.index(scalars.endIndex, offsetBy: -count, limitedBy: scalars.startIndex) else {
            return text
        }
        return String(text[start...])
    }

    /// The last words of a text, of at most so many scalars together; all of
    /// it where it is no longer.
    static func end(of text: String, _ count: Int) -> String {
        let tail = tail(text, count)
        return tail.utf8.count == text.utf8.count ? text : fromWord(tail)
    }

    /// The first scalars of a text.
    static func head(_ text: String, _ count: Int) -> String {
        guard text.utf8.count > count else { return text }
        let scalars = text.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: count, limitedBy: scalars.endIndex) else {
            return text
        }
        return String(text[..<end])
    }

    /// Leaves out the last word of a text, which may go on; a word of more than
    /// 64 scalars stays.
    static func toWord(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let gap = scalars.suffix(longWord).lastIndex(where: \.properties.isWhitespace) else {
            return scalars.count > longWord ? text : ""
        }
        return String(text[...gap])
    }

    /// Leaves out the first word of a text, which may have begun before; a word
    /// of more than 64 scalars stays.
    static func fromWord(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let gap = scalars.prefix(longWord).firstIndex(where: \.properties.isWhitespace) else { return text }
        return String(text[gap...])
    }
}
