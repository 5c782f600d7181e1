/// The words of a text as a search reads them: letters and digits as they are,
/// without case in ASCII, and one space for whatever stands between.
///
/// An ASCII word and other letters beside it are two words, so that a phrase
/// is found next to a script that sets no spaces.
struct WordStream: Sendable {
    private enum Kind: Sendable { case gap, ascii, other }

    private var last = Kind.gap

    /// - Returns: The bytes of the stream for one byte of the text: none, the
    ///   byte, or a space before it.
    @inline(__always)
    mutating func read(_ byte: UInt8, _ take: (UInt8) -> Void) {
        let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
        let kind: Kind =
            (lower >= 0x61 && lower <= 0x7A) || (lower >= 0x30 && lower <= 0x39) ? .ascii : lower >= 0x80 ? .other : .gap
        if kind == .gap {
            if last != .gap { take(0x20) }
        } else {
            if last != .gap, last != kind { take(0x20) }
            take(lower)
        }
        last = kind
    }

    /// The bytes to search for a phrase, with a space where its first or last
    /// word has to end; empty for a phrase without letters.
    static func pattern(_ phrase: String) -> [UInt8] {
        var stream = WordStream()
        var bytes: [UInt8] = []
        for byte in phrase.utf8 { stream.read(byte) { bytes.append($0) } }
        while bytes.last == 0x20 { bytes.removeLast() }
        guard let first = bytes.first, let last = bytes.last else { return [] }
        return (first < 0x80 ? [0x20] : []) + bytes + (last < 0x80 ? [0x20] : [])
    }
}
