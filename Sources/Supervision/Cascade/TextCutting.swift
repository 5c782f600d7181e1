/// The cutting of texts into segments, each of which is judged in one step,
/// and into windows.
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

    private static func isToken(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
            || byte == 0x2B || byte == 0x2F || byte == 0x2D || byte == 0x5F || byte == 0x3D
    }

    /// The windows of a text: each ``JudgedWindow/length`` scalars, and each
    /// begins `stride` behind the one before.
    static func windows(of text: String, stride: Int = 320) -> [String] {
        let length = JudgedWindow.length
        let scalars = text.unicodeScalars
        guard scalars.count > length else { return text.isEmpty ? [] : [text] }
        var windows: [String] = []
        var start = scalars.startIndex
        while true {
            guard let end = scalars.index(start, offsetBy: length, limitedBy: scalars.endIndex), end < scalars.endIndex
            else {
                windows.append(String(scalars[start...]))
                return windows
            }
            windows.append(String(scalars[start..<end]))
            start = scalars.index(start, offsetBy: stride)
        }
    }

    /// The last scalars of a text.
    static func tail(_ text: some StringProtocol, _ count: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.suffix(count)))
    }

    /// The first scalars of a text.
    static func head(_ text: some StringProtocol, _ count: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(count)))
    }
}
