/// The literals of all clauses, ready to be searched for.
///
/// Three readings of a view are searched in one pass: its words (a phrase
/// begins and ends where words do, and punctuation between its words makes no
/// difference), its characters (for literals such as `<|im_start|>`), and its
/// letters alone (for views in which words are joined, where long phrases only
/// are looked for).
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
            for literal in clause.literals {
                let folded = CanonicalText.fold(literal)
                if Self.isPhrase(folded) {
                    words.append((PhraseStream.pattern(folded), number))
                    let bare = folded.filter(Self.isLetter)
                    if bare.count >= Self.fewestLetters { letters.append((bare, number)) }
                } else {
                    marks.append((folded, number))
                }
            }
        }
        self.words = ByteAutomaton(words)
        self.marks = ByteAutomaton(marks)
        self.letters = ByteAutomaton(letters)
    }

    /// Adds the clauses whose literals a view holds.
    /// - Parameter isWhole: False where the text goes on behind the view, so
    ///   that its last word has no end.
    func search(_ view: View, isWhole: Bool = true, _ hits: inout LiteralHits) {
        let isJoined = view.kind == .joined
        var stream = PhraseStream()
        var word = ByteAutomaton.start
        var mark = ByteAutomaton.start
        var letter = ByteAutomaton.start
        words.read(0x20, &word, &hits)
        for byte in view.text {
            stream.read(byte) { words.read($0, &word, &hits) }
            marks.read(byte, &mark, &hits)
            if isJoined, Self.isLetter(byte) { letters.read(byte, &letter, &hits) }
        }
        if isWhole { words.read(0x20, &word, &hits) }
    }

    /// True for a folded literal of words; others have marks that have to be
    /// there.
    static func isPhrase(_ folded: [UInt8]) -> Bool {
        let gaps = Set(" '-,.".utf8)
        return folded.contains(where: isLetter) && folded.allSatisfy { isLetter($0) || gaps.contains($0) }
    }

    @inline(__always)
    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
    }
}
