import Conversation

/// The judgement of one block of an answer while its text comes.
///
/// Text is judged twice. At once, and again at each 128 characters, together
/// with the 320 before; and in segments of 4 KiB, as a request's text is, so
/// that longer passages and encodings are read whole. Neither depends on the
/// pieces in which the text came: a word that has no end yet is left for later.
/// Only literals are looked for in it, too, before it goes out.
struct AnswerBlock: Sendable {
    /// Scalars.
    private static let stride = 128
    private static let context = 320
    /// A word of more scalars is not waited for.
    private static let longestWord = 64

    private(set) var judged: JudgedBlock
    private(set) var isBroken = false
    /// The highest scores since a second stage last saw the block.
    private(set) var doubt = RelativeScores()
    /// The scalars of the block that no second stage has been given.
    private(set) var unseenCount = 0
    private(set) var isEnded = false

    private var before = ""
    /// The end of the block before, of which this one may be the rest; empty
    /// behind the first cell.
    private var seam: String
    private var cell = ""
    private var cellCount = 0
    private var segment = AnswerSegment()
    private var unseen = ""
    private var words: Int

    /// - Parameters:
    ///   - before: The end of the text of the same scope that stands before.
    ///   - words: The words of the answer so far.
    init(_ number: Int, _ scope: PassageScope, after before: String, words: Int) {
        judged = JudgedBlock(
            block: PassageBlock(number: number, scope: scope, turn: nil, path: nil, text: "", isLive: true))
        seam = before
        self.words = words
    }

    /// The end of the text, which the next block of the scope may go on.
    var tail: String { TextCutting.end(of: seam + before + cell, Self.context) }

    /// The words of the answer up to here.
    var wordsSoFar: Int { words }

    /// Takes more text, and judges it unless the block is a tool call's.
    /// - Parameter isLast: True where the block ends with it: then ``end(by:)``
    ///   judges what is left, and all of it.
    mutating func take(_ text: String, isLast: Bool = false, by cascade: Cascade) {
        // A text that goes on behind its end has another one.
        isEnded = false
        if judged.block.text.unicodeScalars.count < Self.longestWord {
            judged.block.text += TextCutting.head(text, Self.longestWord)
        }
        let scalars = text.unicodeScalars
        var (taken, next) = (text.startIndex, text.startIndex)
        while next < text.endIndex {
            let isCut = segment.note(scalars[next])
            next = scalars.index(after: next)
            cellCount += 1
            guard isCut || cellCount == Self.stride || next == text.endIndex else { continue }
            // A run at once: the texts that are held grow slowly by scalars.
            let run = text[taken..<next]
            taken = next
            cell += run
            segment.append(run)
            if cascade.hasSecondStage {
                unseen += run
                unseenCount += run.unicodeScalars.count
            }
            if isCut {
                judge(segment.text, isWhole: true, by: cascade)
                segment.goOn()
            }
            if cellCount == Self.stride { closeCell(by: cascade) }
        }
        if judged.block.scope != .toolCall, cellCount > 0, !isLast {
            // A part of a cell has to score at least as much as the whole cell
            // will have to, or the verdict would depend on where pieces end.
            judgeEnd(isWhole: false, after: words + Self.stride, by: cascade)
        }
    }

    /// Judges all that is left: nothing more comes.
    mutating func end(by cascade: Cascade) {
        guard !isEnded else { return }
        isEnded = true
        judgeEnd(isWhole: true, by: cascade)
        judge(segment.text, isWhole: true, by: cascade)
        segment = AnswerSegment()
    }

    /// Looks for literals as if nothing more came: all of the text goes out
    /// once it is cleared, the word at its end included, which may be whole.
    mutating func lookAtEnd(by cascade: Cascade) {
        guard judged.block.scope != .toolCall else { return }
        var literals = LiteralHits()
        for text in end {
            for view in CanonicalText(text).views { cascade.parts.literals.search(view, isWhole: true, &literals) }
        }
        judged.add(cascade.parts.rules.hits(literals, in: judged.block.scope))
    }

    /// The text for a second stage in windows, with some that it has seen.
    mutating func takeUnseen() -> [TextWindow] {
        guard unseenCount > 0 else { return [] }
        let windows = CanonicalText(unseen).plain.windows
        unseen = TextCutting.tail(unseen, TextWindow.overlap)
        unseenCount = 0
        doubt = RelativeScores()
        return windows
    }

    mutating func add(_ scores: RelativeScores, by cascade: Cascade) {
        guard scores.areSound else {
            isBroken = true
            return
        }
        judged.add(cascade.parts.rules.hits(scores, in: judged.block.scope, isSecond: true))
    }

    private mutating func closeCell(by cascade: Cascade) {
        if judged.block.scope != .toolCall { judgeEnd(isWhole: false, by: cascade) }
        let text = before + cell
        words += cell.utf8.count { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        before = TextCutting.end(of: text, Self.context)
        cell = ""
        cellCount = 0
        seam = ""
    }

    /// The end of the text: by itself, and behind the block before, since a
    /// phrase may begin with the block, or go on in it.
    private var end: [String] {
        let text = before + cell
        return text.isEmpty ? [] : seam.isEmpty ? [text] : [text, seam + text]
    }

    private mutating func judgeEnd(isWhole: Bool, after: Int? = nil, by cascade: Cascade) {
        for text in end { judge(text, isWhole: isWhole, after: after, by: cascade) }
    }

    private mutating func judge(_ text: String, isWhole: Bool, after: Int? = nil, by cascade: Cascade) {
        let readable = isWhole ? text : TextCutting.toWord(text)
        guard !readable.isEmpty else { return }
        let scope = judged.block.scope
        let found = cascade.assess(AssessedText(readable, scope, after: after ?? words, isWhole: isWhole))
        isBroken = isBroken || found.isBroken
        doubt.add(found.highest)
        judged.add(cascade.parts.rules.hits(found.literals, in: scope))
        if found.hides { judged.add(cascade.parts.rules.hitsOfHiding(in: scope)) }
        judged.add(cascade.parts.rules.hits(found.highest, in: scope, isSecond: false))
    }
}

/// A segment of an answer's text, which is cut where
/// ``TextCutting/next(of:from:)`` would cut.
private struct AnswerSegment: Sendable {
    private(set) var text = ""
    private var bytes = 0
    /// The letters of the run at its end.
    private var run = 0

    /// Takes note of the next scalar, which ``append(_:)`` adds.
    /// - Returns: True where the segment is full and can be cut behind it.
    mutating func note(_ scalar: UnicodeScalar) -> Bool {
        bytes += UTF8.width(scalar)
        run = scalar.isASCII && TextCutting.isToken(UInt8(truncatingIfNeeded: scalar.value)) ? run + 1 : 0
        return bytes >= TextCutting.segment && run % 4 == 0
    }

    mutating func append(_ run: Substring) { text += run }

    /// Begins the next segment, which repeats the end of this one.
    mutating func goOn() {
        text = TextCutting.fromWord(TextCutting.tail(text, TextCutting.overlap))
        bytes = text.utf8.count
    }
}
