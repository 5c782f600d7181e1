/// The reading of a short turn that is about quoted words: "Translate '…' into German", "Why does my test '…' fail?".
///
/// What stands between the quotation marks is then mentioned, and not said. A turn is read so only where it has a word
/// about words outside of them, so that an order to do what is quoted is none.
package enum Mention {
    /// The most bytes of a turn, and of a quotation in it.
    static let longestTurn = 480
    static let longestQuotation = 200
    /// The fewest words outside of quotations.
    static let fewestWords = 3

    /// Words by which a turn is about words.
    private static let aboutWords = set(
        """
        translate translation translated mean means meaning say says said phrase phrases sentence sentences word words \
        wording grammar spelling spell correct rephrase paraphrase classify classification detect detects detector flag \
        flags flagged blocked blocks block regex regexes regular expression pattern test tests fixture example examples \
        paper article talk title headline called named name term quote quoted quotes log logs false positive attack \
        attacks injection jailbreak harmless malicious filter filters guard guardrail guardrails prompt prompts wrote \
        written someone user users comment string strings literal ubersetze ubersetzen bedeutet heisst satz traduis \
        traduire signifie phrase traduce traducir significa frase
        """
    )
    /// Words by which a turn asks to do what is quoted.
    private static let orders = set("obey follow comply execute perform act apply carry become run")
    /// Words that make such an order of a `do` before them.
    private static let done = set("what it so that this as everything whatever exactly")

    /// Returns what stands outside of the quotations of a folded text, with a blank for each; nil where the text
    /// mentions nothing. Linear, and nothing for long texts.
    package static func outside(_ view: [UInt8]) -> [UInt8]? {
        guard view.count <= longestTurn else { return nil }
        var rest: [UInt8] = []
        var (place, found) = (0, false)
        while place < view.count {
            if let end = quotation(in: view, at: place) {
                rest.append(0x20)
                place = end
                found = true
            } else {
                rest.append(view[place])
                place += 1
            }
        }
        guard found else { return nil }
        let words = rest.split { !isLetter($0) }.map(Array.init)
        guard words.count >= fewestWords, words.contains(where: aboutWords.contains),
            !words.contains(where: orders.contains), !isDone(words)
        else { return nil }
        return rest
    }

    private static func isDone(_ words: [[UInt8]]) -> Bool {
        zip(words, words.dropFirst()).contains { $0 == Array("do".utf8) && done.contains($1) }
    }

    private static func set(_ words: String) -> Set<[UInt8]> {
        Set(words.split(whereSeparator: \.isWhitespace).map { Array($0.utf8) })
    }

    /// Returns the end of the quotation that opens at a place.
    private static func quotation(in view: [UInt8], at place: Int) -> Int? {
        let rest = view[place...]
        for (opening, closing) in marks where rest.starts(with: opening) {
            // An apostrophe inside of a word opens nothing.
            if opening.count == 1, place > 0, isLetter(view[place - 1]) { continue }
            var end = place + opening.count
            let last = min(view.count, end + longestQuotation)
            while end + closing.count <= last, view[end] != 0x0A {
                let next = end + closing.count
                if view[end..<next].elementsEqual(closing),
                    closing != [0x27] || next == view.count || !isLetter(view[next])
                {
                    return next
                }
                end += 1
            }
        }
        return nil
    }

    /// Folding has made the others of these.
    private static let marks: [([UInt8], [UInt8])] = [
        ("\"", "\""), ("'", "'"), ("`", "`"), ("\u{AB}", "\u{BB}"), ("\u{300C}", "\u{300D}"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (0x61...0x7A).contains(byte | 0x20)
    }
}
