/// The class of a character, as far as folding and the search for hidden text
/// need it. The numbers are those of Scripts/unicode_tables.py.
enum CharacterClass: UInt8, Sendable {
    /// Unassigned, private, or a format with a glyph.
    case other
    /// Of an alphabet in which each letter stands for itself: Latin, Greek,
    /// Cyrillic and their like.
    case letter
    /// Han, kana, Hangul syllables.
    case ideograph
    /// Of a script that joins, or that is written without spaces: joiners and
    /// breaks without a width have a use in it.
    case complex
    case rightToLeft
    case mark
    case digit
    case punctuation
    case pictograph
    case space
    case control
    /// Default ignorable (Unicode), without a glyph.
    case zeroWidth
    /// An embedding, an override, an isolate, or the end of one.
    case bidi
    case directionMark
    case variation
    case tag

    /// A part of a word.
    var isOfWord: Bool { rawValue >= Self.letter.rawValue && rawValue <= Self.mark.rawValue }
    /// Not for a reader's eyes.
    var isInvisible: Bool { rawValue >= Self.zeroWidth.rawValue }
}

/// The properties of one kind of character.
struct CharacterRecord: Sendable {
    var kind: CharacterClass
    /// Canonical combining class.
    var order: UInt8 = 0
    /// A composition may have it as second character.
    var composesBack = false
    /// The folding, decomposed, as a place in the table's `parts`; none where
    /// the character stays as it is.
    var foldingStart: UInt32 = 0
    var foldingCount: UInt8 = 0
    /// The ASCII look-alike, as a place in the table's `looks`; none where the
    /// folding, if it is ASCII, is used.
    var lookStart: UInt32 = 0
    var lookCount: UInt8 = 0
}

/// Unicode's properties of all characters, in two steps from a scalar to its
/// record.
///
/// Read once from ``UnicodeTableData``, in a few milliseconds; some 250 KiB.
struct UnicodeTables: Sendable {
    static let shared = UnicodeTables()
    private static let pageBits: UInt32 = 7
    private static let pageSize = 1 << 7

    /// The start in `cells` of each page.
    private let pages: [UInt32]
    private let cells: [UInt16]
    private let records: [CharacterRecord]
    let parts: [UInt32]
    let looks: [UInt8]
    /// Sorted by pair.
    private let pairs: [UInt64]
    private let composites: [UInt32]

    @inline(__always)
    func record(_ scalar: UInt32) -> CharacterRecord {
        records[Int(cells[Int(pages[Int(scalar >> Self.pageBits)]) + Int(scalar & (1 << Self.pageBits - 1))])]
    }

    /// The composite of two characters by Unicode's canonical composition;
    /// Hangul, which is computed, included.
    func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if let syllable = Hangul.composite(first, second) { return syllable }
        let pair = UInt64(first) << 32 | UInt64(second)
        var low = 0
        var high = pairs.count
        while low < high {
            let middle = (low + high) / 2
            if pairs[middle] < pair { low = middle + 1 } else { high = middle }
        }
        return low < pairs.count && pairs[low] == pair ? composites[low] : nil
    }

    private init() {
        var builder = Builder()
        builder.readClasses()
        builder.readCombining()
        builder.readCompositions()
        builder.readFoldings()
        builder.readLooks()
        pages = builder.pages
        cells = builder.cells
        records = builder.records
        parts = builder.parts
        looks = builder.looks
        pairs = builder.compositions.map(\.pair)
        composites = builder.compositions.map(\.composite)
    }

    /// Reads the tables' text.
    private struct Builder {
        var pages = [UInt32](repeating: 0, count: 0x110000 >> 7)
        var cells: [UInt16] = []
        var records: [CharacterRecord] = []
        var parts: [UInt32] = []
        var looks: [UInt8] = []
        var compositions: [(pair: UInt64, composite: UInt32)] = []
        /// Pages that many blocks share, and may not be written to.
        private var shared: Set<UInt32> = []

        mutating func readClasses() {
            var numbers = Numbers(UnicodeTableData.classes)
            var uniform: [UInt32] = []
            for kind in 0...CharacterClass.tag.rawValue {
                records.append(CharacterRecord(kind: CharacterClass(rawValue: kind) ?? .other))
                uniform.append(UInt32(cells.count))
                shared.insert(UInt32(cells.count))
                cells.append(contentsOf: repeatElement(UInt16(kind), count: pageSize))
            }
            var scalar: UInt32 = 0
            while let kind = numbers.next(), var left = numbers.next() {
                while left > 0 {
                    let offset = scalar & UInt32(pageSize - 1)
                    let count = min(left, UInt32(pageSize) - offset)
                    if offset == 0, count == pageSize {
                        pages[Int(scalar >> pageBits)] = uniform[Int(kind)]
                    } else {
                        for place in scalar..<scalar + count { set(place, UInt16(kind)) }
                    }
                    scalar += count
                    left -= count
                }
            }
        }

        mutating func readCombining() {
            var numbers = Numbers(UnicodeTableData.combining)
            var scalar: UInt32 = 0
            while let distance = numbers.next(), let order = numbers.next() {
                scalar += distance
                change(scalar) { $0.order = UInt8(truncatingIfNeeded: order) }
            }
        }

        mutating func readCompositions() {
            var numbers = Numbers(UnicodeTableData.compositions)
            var first: UInt32 = 0
            while let distance = numbers.next(), let second = numbers.next(),
                let composite = numbers.signed(from: first + distance)
            {
                first += distance
                compositions.append((UInt64(first) << 32 | UInt64(second), composite))
                change(second) { $0.composesBack = true }
            }
            for second in Array(Hangul.vowels) + Array(Hangul.trails) { change(second) { $0.composesBack = true } }
        }

        mutating func readFoldings() {
            var numbers = Numbers(UnicodeTableData.foldings)
            var scalar: UInt32 = 0
            while let distance = numbers.next(), let count = numbers.next() {
                scalar += distance
                let start = UInt32(parts.count)
                var part = scalar
                for _ in 0..<count {
                    part = numbers.signed(from: part) ?? part
                    parts.append(part)
                }
                change(scalar) {
                    $0.foldingStart = start
                    $0.foldingCount = UInt8(truncatingIfNeeded: count)
                }
            }
        }

        mutating func readLooks() {
            var numbers = Numbers(UnicodeTableData.looks)
            var scalar: UInt32 = 0
            while let distance = numbers.next(), let count = numbers.next() {
                scalar += distance
                let start = UInt32(looks.count)
                for _ in 0..<count { looks.append(UInt8(truncatingIfNeeded: numbers.next() ?? 0)) }
                change(scalar) {
                    $0.lookStart = start
                    $0.lookCount = UInt8(truncatingIfNeeded: count)
                }
            }
        }

        private mutating func change(_ scalar: UInt32, _ edit: (inout CharacterRecord) -> Void) {
            var record = records[Int(cells[Int(pages[Int(scalar >> pageBits)]) + Int(scalar & UInt32(pageSize - 1))])]
            edit(&record)
            set(scalar, UInt16(records.count))
            records.append(record)
        }

        private mutating func set(_ scalar: UInt32, _ record: UInt16) {
            let page = Int(scalar >> pageBits)
            // Pages that nothing was written to are those of the first class.
            if shared.contains(pages[page]) {
                let start = Int(pages[page])
                pages[page] = UInt32(cells.count)
                cells.append(contentsOf: cells[start..<start + pageSize])
            }
            cells[Int(pages[page]) + Int(scalar & UInt32(pageSize - 1))] = record
        }
    }

    /// Reads the numbers of a table's text.
    private struct Numbers {
        private let text: StaticString
        private var place = 0

        init(_ text: StaticString) { self.text = text }

        mutating func next() -> UInt32? {
            var value: UInt32 = 0
            var shift: UInt32 = 0
            while place < text.utf8CodeUnitCount {
                let digit = UInt32(Self.value(text.utf8Start[place]))
                place += 1
                value |= (digit & 31) << shift
                if digit < 32 { return value }
                shift += 5
            }
            return nil
        }

        mutating func signed(from base: UInt32) -> UInt32? {
            guard let value = next() else { return nil }
            return value & 1 == 0 ? base &+ value >> 1 : base &- (value >> 1 + 1)
        }

        private static func value(_ digit: UInt8) -> UInt8 {
            switch digit {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): 62
            default: 63
            }
        }
    }
}

/// Hangul syllables, computed as in chapter 3.12 of the Unicode standard.
enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    static let leads: Range<UInt32> = 0x1100..<0x1113
    static let vowels: Range<UInt32> = 0x1161..<0x1176
    /// Without 0x11A7, which stands for no trail in the computation.
    static let trails: Range<UInt32> = 0x11A8..<0x11C3
    private static let trailCount: UInt32 = 28

    static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leads.contains(first), vowels.contains(second) {
            return syllables.lowerBound + ((first - 0x1100) * 21 + second - 0x1161) * trailCount
        }
        if syllables.contains(first), (first - syllables.lowerBound) % trailCount == 0, trails.contains(second) {
            return first + second - 0x11A7
        }
        return nil
    }

    /// Calls `take` with the two or three parts of a syllable.
    @inline(__always)
    static func decompose(_ syllable: UInt32, _ take: (UInt32) -> Void) {
        let place = syllable - syllables.lowerBound
        take(0x1100 + place / (21 * trailCount))
        take(0x1161 + place % (21 * trailCount) / trailCount)
        if place % trailCount != 0 { take(0x11A7 + place % trailCount) }
    }
}
