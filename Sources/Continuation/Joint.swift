/// Finds where a candidate's text goes on from what was sent, and drops what
/// it tells again.
///
/// Holds text back only while it can still turn out to be a repetition.
struct Joint {
    enum Finding: Equatable {
        /// More is needed.
        case open
        /// Joined: this is new.
        case new(Scalars)
        /// The candidate writes another word than was sent.
        case diverged
    }

    /// From this length on, text equal to all that a candidate was given is
    /// a repetition of it and not its continuation; in scalars.
    static let shortestEcho = 24
    /// The shortest end of the text, from a word's start, that counts as
    /// repeated; in scalars.
    static let shortestTail = 16

    /// The longest end of a text, short of all of it, that counts as
    /// repeated; in scalars.
    static let longestTail = 4096

    private let isInstructed: Bool
    /// The texts that the candidate may repeat before it writes anything new.
    private let echoes: [ArraySlice<Unicode.Scalar>]
    /// The last word sent beyond what was given; empty if there is none.
    private let word: Scalars
    /// White space that was sent after it.
    private let space: Scalars
    private var held: Scalars = []

    /// - Parameters:
    ///   - text: all that was sent.
    ///   - given: the part of it that the candidate was given.
    init(text: Scalars, given: Scalars, mode: ContinuationMode) {
        isInstructed = mode == .instruction
        if isInstructed {
            let end = text.trailingSpace
            word = Self.lastWord(of: text) ?? []
            space = Scalars(text[end...])
            echoes = Self.tails(of: text, shortest: Self.shortestTail, atWords: true, wholeCounts: true)
        } else {
            let tail = text.dropFirst(given.count)
            let lead = Scalars(tail).leadingSpace
            word = Scalars(tail.dropFirst(lead))
            space = word.isEmpty ? Scalars(tail) : []
            // Asked with all of the text, a candidate that goes back may begin
            // anywhere.
            echoes = Self.tails(
                of: given, shortest: Self.shortestEcho, atWords: mode == .prefill,
                wholeCounts: given.count >= Self.shortestEcho)
        }
    }

    /// The last word of a text, which may be incomplete; nil where it is too
    /// long to be asked for.
    static func lastWord(of text: Scalars) -> Scalars? {
        let end = text.trailingSpace
        let start = text.wordStart(before: end)
        return end > start && end - start <= Cut.longestWord ? Scalars(text[start..<end]) : nil
    }

    /// The ends of a text that count as repeated, without the white space
    /// around them: all of it, and the long ones.
    /// - Parameters:
    ///   - atWords: only those that begin at a word.
    ///   - wholeCounts: all of it counts, however short it is.
    private static func tails(
        of text: Scalars, shortest: Int, atWords: Bool, wholeCounts: Bool
    ) -> [ArraySlice<Unicode.Scalar>] {
        let end = text.trailingSpace
        let begin = text.leadingSpace
        guard begin < end else { return [] }
        var tails = wholeCounts ? [text[begin..<end]] : []
        // Nobody goes back farther than that, unless it is to the beginning.
        var start = max(begin + 1, end - longestTail)
        while end - start >= shortest {
            if !atWords || isWordStart(text, start) { tails.append(text[start..<end]) }
            start += 1
        }
        return tails
    }

    private static func isWordStart(_ text: Scalars, _ place: Int) -> Bool {
        place > 0 && text[place - 1].properties.isWhitespace && !text[place].properties.isWhitespace
    }

    mutating func take(_ text: Scalars) -> Finding {
        held += text
        return find(isLast: false)
    }

    /// Nothing more comes.
    mutating func end() -> Finding { find(isLast: true) }

    /// The text that came and is not judged yet.
    var pending: Scalars { held }
    /// The text with which the candidate must begin if it repeats the last
    /// word.
    var expected: Scalars { word }

    private func find(isLast: Bool) -> Finding { isInstructed ? instructed(isLast) : prefilled(isLast) }

    // MARK: After a prefill

    private func prefilled(_ isLast: Bool) -> Finding {
        var rest = held
        let begun = Scalars(rest.dropFirst(rest.leadingSpace))
        if !echoes.isEmpty, begun.isEmpty, !isLast { return .open }
        var repeated = 0
        for echo in echoes where echo.count > repeated {
            if begun.starts(with: echo) {
                if !Scalars(echo).isLooping { repeated = echo.count }
            } else if !isLast, echo.starts(with: begun) {
                return .open
            }
        }
        if repeated > 0 { rest = Scalars(begun.dropFirst(repeated)) }
        if word.isEmpty { return afterSpace(rest, isLast) }
        let spoken = rest.dropFirst(rest.leadingSpace)
        if spoken.starts(with: word) { return .new(Scalars(spoken.dropFirst(word.count))) }
        return !isLast && word.starts(with: spoken) ? .open : .diverged
    }

    // MARK: After an instruction

    private func instructed(_ isLast: Bool) -> Finding {
        let spoken = Scalars(held.dropFirst(held.leadingSpace))
        if spoken.isEmpty, !isLast { return .open }
        var repeated = 0
        for echo in echoes where echo.count > repeated {
            if spoken.starts(with: echo) {
                if tellsAgain(echo) { repeated = echo.count }
            } else if !isLast, echo.starts(with: spoken) {
                return .open
            }
        }
        if repeated == 0, !word.isEmpty {
            if spoken.starts(with: word) {
                // Before white space that was sent, the word was whole:
                // what begins like it is another one.
                let next = spoken.count > word.count ? spoken[word.count] : nil
                if space.isEmpty || next?.properties.isWhitespace != false { repeated = word.count }
            } else if !isLast, word.starts(with: spoken) {
                return .open
            }
        }
        // Nothing is repeated: it goes on to the letter, white space included.
        if repeated == 0 { return .new(held) }
        return afterSpace(Scalars(spoken.dropFirst(repeated)), isLast)
    }

    /// Returns whether text that begins like this end of what was sent is a
    /// repetition. A periodic pattern may simply continue, and so may a few
    /// words that begin with the last word: the candidate was asked for that.
    private func tellsAgain(_ echo: ArraySlice<Unicode.Scalar>) -> Bool {
        if echo.count < Self.shortestTail, echo.count > word.count, echo.starts(with: word) { return false }
        return !Scalars(echo).isLooping
    }

    // MARK: White space at the seam

    /// Joins text to the white space that was sent: what was sent is not
    /// doubled, what is new is not lost.
    private func afterSpace(_ rest: Scalars, _ isLast: Bool) -> Finding {
        guard !space.isEmpty else { return .new(rest) }
        let lead = rest.leadingSpace
        let common = zip(rest[..<lead], space).prefix { $0 == $1 }.count
        // The sent goes on as the new does.
        if common == space.count { return .new(Scalars(rest.dropFirst(common))) }
        guard lead < rest.count || isLast else { return .open }
        // It differs: a line break that wasn't sent is worth keeping, and so
        // is an indentation; the width of a gap isn't.
        if space.last == "\n", !rest[..<lead].contains("\n") { return .new(rest) }
        if !space.contains("\n"), let line = rest[..<lead].firstIndex(of: "\n") {
            return .new(Scalars(rest[line...]))
        }
        return .new(Scalars(rest[lead...]))
    }
}
