/// The words of a view as a search for phrases reads them: letters and digits
/// as they are, and one space for whatever stands between.
///
/// An ASCII word and other letters beside it are two words, so that a phrase
/// is found next to a script that sets no spaces.
struct PhraseStream: Sendable {
    private enum Kind: Sendable { case gap, ascii, other }

    private var last = Kind.gap

    /// Gives the bytes of the stream for one byte of the view: none, the byte,
    /// or a space before it.
    @inline(__always)
    mutating func read(_ byte: UInt8, _ take: (UInt8) -> Void) {
        let kind: Kind =
            (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39) ? .ascii : byte >= 0x80 ? .other : .gap
        if kind == .gap {
            if last != .gap { take(0x20) }
        } else {
            if last != .gap, last != kind { take(0x20) }
            take(byte)
        }
        last = kind
    }

    /// The bytes to search for a folded phrase, with a space where its first or
    /// last word has to end; empty for a phrase without letters.
    static func pattern(_ phrase: [UInt8]) -> [UInt8] {
        var stream = PhraseStream()
        var bytes: [UInt8] = []
        for byte in phrase { stream.read(byte) { bytes.append($0) } }
        while bytes.last == 0x20 { bytes.removeLast() }
        guard let first = bytes.first, let last = bytes.last else { return [] }
        return (first < 0x80 ? [0x20] : []) + bytes + (last < 0x80 ? [0x20] : [])
    }
}
