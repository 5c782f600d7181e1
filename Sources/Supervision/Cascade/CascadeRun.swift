import Conversation

/// The judgement of one request in bounded steps.
///
/// A block's hits depend on the block and on what stands before it, and never
/// on what follows: they are the same on every later turn. Text that is
/// replaced has no part in them, neither by its words nor by its length.
package struct CascadeRun: Sendable {
    private let cascade: Cascade
    private let blocks: [PassageBlock]
    private let unseen: Set<UnseenPart>
    /// The block that is judged, and the end of what was judged of it in bytes.
    private var cursor = (block: 0, byte: 0)
    private var judged: [JudgedBlock] = []
    private var current = BlockScan()
    private var seams = Seams()
    /// The words so far that count for thresholds.
    private var words = 0
    private var windows: [JudgedWindow] = []
    private var windowCount = 0
    private var isBroken = false

    /// The bytes of text that are still to be judged: of many, a caller lets a
    /// worker take the steps.
    package private(set) var remaining: Int

    init(_ passages: RequestPassages, of cascade: Cascade) {
        self.cascade = cascade
        unseen = passages.unseen
        blocks = PassageBlock.all(of: passages, notes: cascade.parts.notes)
        remaining = blocks.reduce(0) { $0 + $1.text.utf8.count }
    }

    /// Judges the next few kilobytes.
    /// - Returns: False once all is judged.
    package mutating func step() -> Bool {
        var budget = TextCutting.segment
        while cursor.block < blocks.count, budget > 0 {
            let block = blocks[cursor.block]
            let length = block.text.utf8.count
            if block.isNote {
                seams.breakOff(block.scope)
                remaining -= length
                budget -= 64
                pass(with: [])
                continue
            }
            if cursor.byte == 0, let carried = seams.due(before: block) {
                readSeam(after: carried, of: block)
                budget -= 1024
            }
            let range = TextCutting.next(of: block.text, from: cursor.byte)
            read(block, range)
            budget -= max(64, range.upperBound - range.lowerBound)
            remaining -= range.upperBound - cursor.byte
            cursor.byte = range.upperBound
            if cursor.byte >= length { close(block) }
        }
        return cursor.block < blocks.count
    }

    /// Returns the result; steps that are left are taken first.
    package mutating func finish() -> Judgement {
        while step() {}
        var coverage = Coverage()
        coverage.windows = windowCount
        coverage.unseen = unseen
        return Judgement(
            judged, windows: windows, coverage: coverage, rules: cascade.parts.rules, isBroken: isBroken)
    }

    // MARK: One block

    private mutating func read(_ block: PassageBlock, _ range: Range<Int>) {
        // The overlap was counted with the segment before.
        let isNew = Double(range.upperBound - cursor.byte) / Double(max(1, range.count))
        let found = cascade.assess(
            AssessedText(
                TextCutting.part(range, of: block.text), block.scope, after: words + current.words, share: isNew,
                windows: cascade.hasSecondStage ? .cut : .none))
        note(found)
        // What a seam hides is hidden in one of its texts.
        current.hides = current.hides || found.hides
        current.words += found.words
        for window in found.windows { offer(window.text, of: block, window.scores) }
    }

    /// Reads the characters around the seam between two texts: an attack may
    /// be split over both, between words or within one.
    private mutating func readSeam(after carried: Carried, of block: PassageBlock) {
        let head = TextCutting.head(block.text, Carried.length)
        let room = Carried.length - min(Carried.length / 2, head.unicodeScalars.count)
        for (tail, isSpaced) in [(carried.spaced, true), (carried.glued, false)] {
            let kept = TextCutting.tail(tail, room)
            let next = TextCutting.head(head, Carried.length - kept.unicodeScalars.count)
            let isOffered = isSpaced && block.scope == .user && cascade.hasSecondStage
            let found = cascade.assess(
                AssessedText(
                    kept + (isSpaced ? "\n" : "") + next, block.scope, after: words,
                    windows: isOffered ? .whole : .none))
            note(found)
            for window in found.windows { offer(window.text, of: block, current.highest) }
        }
    }

    private mutating func note(_ found: Assessment) {
        current.literals.add(found.literals)
        current.highest.add(found.highest)
        isBroken = isBroken || found.isBroken
    }

    private mutating func offer(_ text: String, of block: PassageBlock, _ scores: RelativeScores) {
        windows.append(
            JudgedWindow(
                id: windowCount, block: block.number, scope: block.scope, path: block.path, text: text, first: scores))
        windowCount += 1
        current.offered += 1
    }

    private mutating func close(_ block: PassageBlock) {
        let rules = cascade.parts.rules
        var hits = rules.hits(current.literals, in: block.scope)
        if current.hides { hits += rules.hitsOfHiding(in: block.scope) }
        hits += rules.hits(current.highest, in: block.scope, isSecond: false)
        if rules.note(hits, in: block) != nil {
            // No model needs to read what no model will be given.
            windows.removeLast(current.offered)
            seams.breakOff(block.scope)
        } else {
            words += current.words
            seams.add(block)
        }
        pass(with: hits)
    }

    private mutating func pass(with hits: [BlockRules.Hit]) {
        var entry = JudgedBlock(block: blocks[cursor.block])
        entry.add(hits)
        judged.append(entry)
        cursor = (cursor.block + 1, 0)
        current = BlockScan()
    }
}

/// The findings of the block that is being judged.
private struct BlockScan: Sendable {
    var literals = LiteralHits()
    var hides = false
    var highest = RelativeScores()
    /// The words that count for thresholds.
    var words = 0
    /// Windows for the second stage.
    var offered = 0
}
