/// Characters without a glyph that stand in a row.
struct InvisibleRun: Sendable {
    private(set) var tags = 0
    /// The ASCII text that tag characters spell.
    private(set) var tagged: [UInt8] = []
    /// A tag that ends a sequence is the last character.
    private var endsTags = false
    private(set) var variations = 0
    private(set) var longestVariations = 0
    private(set) var isIdeographicVariation = false
    private var inRow = 0
    private var varied: [UInt8] = []
    private(set) var widthless = 0
    private(set) var softHyphens = 0

    /// The tags are those of a region's flag, as of England's (UTS #51).
    var isRegion: Bool {
        endsTags && tags <= 7 && !tagged.isEmpty
            && tagged.allSatisfy { Characters.isLetter($0) || Characters.isDigit($0) }
    }

    /// The words that the variation selectors spell, a byte each: VS1 is 0.
    var variedWords: [UInt8] {
        let count = Characters.readablePrefix(varied)
        return count >= 4 || count == varied.count ? Array(varied[..<count]) : []
    }

    mutating func add(_ scalar: UInt32, _ kind: CharacterClass) {
        endsTags = scalar == 0xE007F
        inRow = kind == .variation ? inRow + 1 : 0
        switch kind {
        case .tag:
            tags += 1
            if scalar >= 0xE0020, scalar < 0xE007F { tagged.append(UInt8(truncatingIfNeeded: scalar)) }
        case .variation:
            variations += 1
            longestVariations = max(longestVariations, inRow)
            isIdeographicVariation = scalar >= 0xE0100
            varied.append(UInt8(truncatingIfNeeded: isIdeographicVariation ? scalar - 0xE0100 + 16 : scalar - 0xFE00))
        case .zeroWidth, .directionMark:
            widthless += 1
            if scalar == 0xAD { softHyphens += 1 }
        default: break
        }
    }
}

/// The soft hyphens of a word: a writer's stand apart, those that hide the word
/// from a program stand between single letters.
struct SoftHyphens: Sendable {
    private var letters = 2
    private var close = 0

    mutating func pass(letters count: Int) { letters = min(2, letters + count) }

    /// Reads a hyphen within a word.
    /// - Returns: true where it is the third in a row that follows a single letter.
    mutating func hyphen() -> Bool {
        close = letters < 2 ? close + 1 : 0
        letters = 0
        return close >= 3
    }
}

/// The bidirectional controls of one line (UAX #9).
struct BidiLine: Sendable {
    /// The line has a letter that runs from right to left.
    var hasRightToLeft = false
    private var range: Range<Int>?
    private var depth = 0
    private var turnsRight = false

    var isOpen: Bool { range != nil }

    /// Reads a control.
    /// - Returns: A finding for an override, which no honest text needs.
    mutating func read(_ scalar: UInt32, at place: Range<Int>) -> HiddenText.Kind? {
        switch scalar {
        case 0x202D, 0x202E: return .bidiControls
        case 0x202C, 0x2069: depth -= 1
        default:
            depth += 1
            if scalar == 0x202B || scalar == 0x2067 { turnsRight = true }
        }
        range = (range?.lowerBound ?? place.lowerBound)..<place.upperBound
        return nil
    }

    /// Ends the line.
    mutating func end() -> HiddenText? {
        defer { self = BidiLine() }
        guard let range, !hasRightToLeft, turnsRight || depth != 0 else { return nil }
        return HiddenText(.bidiControls, range: range)
    }
}
