/// The columns that a text takes on a terminal: two for the signs of East
/// Asian scripts and for emoji, none for marks that combine.
///
/// Terminals differ in what they make of emoji of several parts. In doubt this
/// is the wider count: a line may end early, and never runs over the edge.
extension Unicode.Scalar {
    /// East Asian wide and fullwidth (Unicode's UAX #11), without emoji and
    /// with unassigned places between them.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0xA4CF, 0xA960...0xA97F,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE1F, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
        0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]

    var columns: Int {
        if value < 0x300 { return 1 }
        // Asks for a picture in place of the sign before it.
        if value == 0xFE0F { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        // Vowels and finals of a Korean syllable, drawn into its first sign.
        if (0x1160...0x11FF).contains(value) { return 0 }
        if (0x1F1E6...0x1F1FF).contains(value) { return 1 }
        return properties.isEmojiPresentation || Self.wide.contains { $0.contains(value) } ? 2 : 1
    }
}

extension Character {
    var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }
}

extension StringProtocol {
    /// The columns of a line without controls: see ``Printable``.
    package var columns: Int {
        // Most texts are ASCII throughout.
        if utf8.allSatisfy({ $0 < 0x80 }) { return utf8.count }
        return unicodeScalars.reduce(0) { $0 + $1.columns }
    }
}
