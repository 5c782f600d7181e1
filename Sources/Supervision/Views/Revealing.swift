/// The removal of everything that no reader can see, and the decoding of the
/// words that were written in it.
///
/// Tag characters and runs of variation selectors are replaced by the words
/// that they spell; other characters without a glyph are taken out. A finding
/// is made where honest writing has no use for them.
struct Revealing: Sendable {
    /// The most bytes of invisible characters that are looked at together.
    private static let runLength = 16384
    /// Characters without a width that are a finding wherever they stand.
    private static let longRun = 4

    private let tables: UnicodeTables
    private(set) var output: [UInt8] = []
    private(set) var findings: [HiddenText] = []
    private(set) var offsets = OffsetMap()
    private(set) var place = 0
    /// The input up to here is in the output; all of it where nothing has
    /// been changed yet.
    private var copied = 0
    private var before = Neighbour.none
    private var line = BidiLine()
    private var hyphens = SoftHyphens()

    init(_ tables: UnicodeTables = .shared) { self.tables = tables }

    /// A visible character beside invisible ones.
    private enum Neighbour: Sendable {
        case none
        /// Between two of these no character without a width has a use.
        case letter
        case ideograph, complex, other
        /// A black flag, which tags can make that of a region.
        case flag
    }

    /// Goes on, up to a place or a little further.
    mutating func advance(_ input: [UInt8], until limit: Int) {
        input.withUnsafeBufferPointer { input in
            let limit = min(limit, input.count)
            while place < limit {
                let byte = input[place]
                if byte < 0x80 {
                    skipASCII(input, until: limit)
                    continue
                }
                let (scalar, length) = Characters.scalar(at: place, in: input)
                let kind = tables.record(scalar).kind
                if kind.isInvisible {
                    reveal(input)
                } else {
                    place += length
                    note(scalar, kind)
                }
            }
        }
    }

    /// - Returns: The text without what was hidden in it; `input` itself where
    ///   nothing was.
    mutating func finish(_ input: [UInt8]) -> [UInt8] {
        if let finding = line.end() { findings.append(finding) }
        guard copied > 0 || !output.isEmpty else { return input }
        output.append(contentsOf: input[copied...])
        return output
    }

    /// Skips ASCII, eight bytes at a time.
    @inline(__always)
    private mutating func skipASCII(_ input: Bytes, until limit: Int) {
        let start = place
        while place + 8 <= limit {
            let word = UnsafeRawPointer(input.baseAddress! + place).loadUnaligned(as: UInt64.self)
            if word & 0x8080_8080_8080_8080 != 0 { break }
            place += 8
        }
        while place < limit, input[place] < 0x80 { place += 1 }
        let last = input[place - 1]
        before = Characters.isLetter(last) ? .letter : .other
        hyphens.pass(letters: before == .letter ? place - start : 2)
        if line.isOpen, input[start..<place].contains(where: Characters.isBreak), let finding = line.end() {
            findings.append(finding)
        } else if line.hasRightToLeft, input[start..<place].contains(where: Characters.isBreak) {
            _ = line.end()
        }
    }

    /// Remembers a visible character.
    @inline(__always)
    private mutating func note(_ scalar: UInt32, _ kind: CharacterClass) {
        switch kind {
        // Emoji of letters are no letters.
        case .letter: before = scalar < 0x2100 ? .letter : .other
        case .ideograph: before = .ideograph
        case .complex: before = .complex
        case .rightToLeft:
            before = .complex
            line.hasRightToLeft = true
        // A mark on a letter leaves it a letter.
        case .mark: if scalar > 0x36F { before = .complex }
        default: before = scalar == 0x1F3F4 ? .flag : .other
        }
        hyphens.pass(letters: kind == .letter ? 1 : 2)
    }

    /// Reads one run of invisible characters.
    private mutating func reveal(_ input: Bytes) {
        var run = InvisibleRun()
        let start = place
        while place < input.count, place - start < Self.runLength {
            if input[place] < 0x80 { break }
            let (scalar, length) = Characters.scalar(at: place, in: input)
            let kind = tables.record(scalar).kind
            guard kind.isInvisible else { break }
            if kind == .bidi, let kind = line.read(scalar, at: place..<place + length) {
                findings.append(HiddenText(kind, range: place..<place + length))
            }
            run.add(scalar, kind)
            place += length
        }
        let range = start..<place
        output.append(contentsOf: input[copied..<start])
        let words = judge(run, range, after: neighbour(at: place, in: input))
        if !words.isEmpty {
            output.append(UInt8(ascii: " "))
            output.append(contentsOf: words)
            output.append(UInt8(ascii: " "))
            before = .other
        }
        copied = place
        offsets.add(output.count, original: place)
    }

    private func neighbour(at place: Int, in input: Bytes) -> Neighbour {
        guard place < input.count else { return .none }
        let (scalar, _) = Characters.scalar(at: place, in: input)
        if scalar < 0x80 { return Characters.isLetter(UInt8(scalar)) ? .letter : .other }
        switch tables.record(scalar).kind {
        case .letter: return scalar < 0x2100 ? .letter : .other
        case .ideograph: return .ideograph
        case .complex, .rightToLeft, .mark: return .complex
        default: return .other
        }
    }

    /// Makes the findings of a run.
    /// - Returns: The words that it spells.
    private mutating func judge(_ run: InvisibleRun, _ range: Range<Int>, after: Neighbour) -> [UInt8] {
        var words: [UInt8] = []
        if run.tags > 0, !(before == .flag && run.isRegion) {
            findings.append(HiddenText(.tags, range: range))
            words = run.tagged
        }
        let isLone = run.variations == 1 && run.longestVariations == 1
        if run.variations > 0, !(isLone && mayVary(run.isIdeographicVariation)) {
            findings.append(HiddenText(.variationSelectors, range: range))
            words += run.variedWords
        }
        let isInWord = before == .letter && after == .letter
        if run.widthless >= Self.longRun || run.widthless > run.softHyphens && isInWord {
            findings.append(HiddenText(.zeroWidth, range: range))
        } else if run.softHyphens > 0, isInWord, hyphens.hyphen() {
            findings.append(HiddenText(.zeroWidth, range: range))
        }
        return words
    }

    /// Says whether one selector may stand behind the character before it.
    private func mayVary(_ isIdeographic: Bool) -> Bool {
        switch before {
        case .letter, .none: false
        case .ideograph: true
        case .complex, .other, .flag: !isIdeographic
        }
    }
}

/// The places of a text in the text that it was made of.
struct OffsetMap: Sendable {
    private var made: [Int] = []
    private var originals: [Int] = []

    /// Notes that the text goes on from another place of the original.
    mutating func add(_ offset: Int, original: Int) {
        made.append(offset)
        originals.append(original)
    }

    func original(_ offset: Int) -> Int {
        var low = 0
        var high = made.count
        while low < high {
            let middle = (low + high) / 2
            if made[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? offset : originals[low - 1] + offset - made[low - 1]
    }

    func original(_ range: Range<Int>) -> Range<Int> {
        let start = original(range.lowerBound)
        return start..<max(start, range.upperBound == 0 ? 0 : original(range.upperBound - 1) + 1)
    }
}
