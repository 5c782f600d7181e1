/// The literals of all clauses, ready to be searched for.
///
/// Three readings of a text are searched in one pass: its words (a phrase
/// begins and ends where words do, and punctuation between its words makes no
/// difference), its characters (for literals such as `<|im_start|>`), and its
/// letters alone (for views without spaces, in which long phrases only are
/// looked for).
struct LiteralSearch: Sendable {
    /// The fewest letters of a phrase that is found without regard to words:
    /// shorter ones stand inside of other words by chance.
    static let fewestLetters = 12

    private let words: ByteAutomaton
    private let marks: ByteAutomaton
    private let letters: ByteAutomaton

    init(_ clauses: [Clause]) {
        var words: [(bytes: [UInt8], number: Int)] = []
        var marks = words
        var letters = words
        for (number, clause) in clauses.enumerated() {
            for literal in Set(clause.literals.flatMap(TextViews.spellings)) {
                if Self.isPhrase(literal) {
                    words.append((WordStream.pattern(literal), number))
                    let bare = Self.letters(of: literal)
                    if bare.count >= Self.fewestLetters { letters.append((bare, number)) }
                } else {
                    marks.append((Self.folded(literal), number))
                }
            }
        }
        self.words = ByteAutomaton(words)
        self.marks = ByteAutomaton(marks)
        self.letters = ByteAutomaton(letters)
    }

    /// Adds the clauses whose literals a view holds.
    func search(_ view: TextView, _ hits: inout LiteralHits) {
        var scan = Scan(isCompact: view.isCompact)
        var text = view.text
        text.withUTF8 { bytes in
            for byte in bytes { read(byte, &scan, &hits) }
        }
        if !words.isEmpty { words.read(0x20, &scan.word, &hits) }
    }

    private struct Scan {
        var isCompact: Bool
        var stream = WordStream()
        var word = ByteAutomaton.start
        var mark = ByteAutomaton.start
        var letter = ByteAutomaton.start
        var wasBlank = false
        var isAtStart = true
    }

    @inline(__always)
    private func read(_ byte: UInt8, _ scan: inout Scan, _ hits: inout LiteralHits) {
        if scan.isAtStart {
            scan.isAtStart = false
            words.read(0x20, &scan.word, &hits)
        }
        var state = scan.word
        scan.stream.read(byte) { words.read($0, &state, &hits) }
        scan.word = state
        let lower = Self.lower(byte)
        let isBlank = lower <= 0x20
        if !(isBlank && scan.wasBlank) { marks.read(isBlank ? 0x20 : lower, &scan.mark, &hits) }
        scan.wasBlank = isBlank
        if scan.isCompact, Self.isLetter(lower) { letters.read(lower, &scan.letter, &hits) }
    }

    /// True for a literal of words; others have marks that have to be there.
    static func isPhrase(_ literal: String) -> Bool {
        let gaps: Set<UInt8> = Set(" \t\n\r'-,.".utf8)
        return literal.utf8.allSatisfy { isLetter(lower($0)) || gaps.contains($0) }
            && literal.utf8.contains { isLetter(lower($0)) }
    }

    private static func folded(_ literal: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in literal.utf8 {
            let lower = lower(byte)
            if lower > 0x20 { bytes.append(lower) } else if bytes.last != 0x20 { bytes.append(0x20) }
        }
        return bytes
    }

    private static func letters(of literal: String) -> [UInt8] { literal.utf8.map(lower).filter(isLetter) }

    @inline(__always)
    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

    @inline(__always)
    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
    }
}
