package import Conversation

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
    /// The last characters of each scope's texts, which the next text may go on.
    private var carried: [PassageScope: Carried] = [:]
    /// The windows so far that count for thresholds.
    private var place = 0
    private var windows: [JudgedWindow] = []
    private var windowCount = 0
    private var isBroken = false

    /// The bytes of text that are still to be judged: of many, a caller lets a
    /// worker take the steps.
    package private(set) var remaining: Int

    init(_ passages: RequestPassages, of cascade: Cascade) {
        self.cascade = cascade
        unseen = passages.unseen
        blocks = PassageBlock.all(of: passages, notes: cascade.notes)
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
                carried[block.scope] = nil
                remaining -= length
                budget -= 64
                pass(with: [])
                continue
            }
            if cursor.byte == 0, let carried = carried[block.scope] {
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
            judged, windows: windows, coverage: coverage, rules: cascade.rules, isBroken: isBroken)
    }

    // MARK: One block

    private mutating func read(_ block: PassageBlock, _ range: Range<Int>) {
        let bytes = block.text.utf8
        let part = String(
            block.text[
                bytes.index(bytes.startIndex, offsetBy: range.lowerBound)..<bytes.index(
                    bytes.startIndex, offsetBy: range.upperBound)])
        let views = TextViews(of: part)
        if views.hides { current.hides = true }
        for (number, view) in views.views.enumerated() {
            cascade.literals.search(view, &current.literals)
            for window in TextCutting.windows(of: view.text) {
                let scores = score(window, block.scope, at: place + current.windows + 1)
                // What other readings say stands in the plain one, too, unless
                // they decode it: then a model has to read it as well.
                guard number == 0 || view.isDecoded else { continue }
                current.windows += 1
                offer(window, of: block, scores)
            }
        }
    }

    /// Reads the characters around the seam between two texts: an attack may
    /// be split over both, between words or within one.
    private mutating func readSeam(after carried: Carried, of block: PassageBlock) {
        let length = JudgedWindow.length
        let head = TextCutting.head(block.text, length)
        let room = length - min(length / 2, head.unicodeScalars.count)
        for (tail, isSpaced) in [(carried.spaced, true), (carried.glued, false)] {
            let kept = TextCutting.tail(tail, room)
            let next = TextCutting.head(head, length - kept.unicodeScalars.count)
            let joined = kept + (isSpaced ? "\n" : "") + next
            for view in TextViews(of: joined).views {
                cascade.literals.search(view, &current.literals)
                for window in TextCutting.windows(of: view.text) { _ = score(window, block.scope, at: place + 1) }
            }
            if isSpaced, block.scope == .user { offer(joined, of: block, current.highest) }
        }
    }

    private mutating func offer(_ text: String, of block: PassageBlock, _ scores: HeadScores) {
        windows.append(
            JudgedWindow(
                id: windowCount, block: block.number, scope: block.scope, path: block.path, text: text, first: scores))
        windowCount += 1
        current.offered += 1
    }

    private mutating func score(_ window: String, _ scope: PassageScope, at place: Int) -> HeadScores {
        guard let classifier = cascade.classifier else { return HeadScores() }
        let scores = classifier.scores(of: window, in: scope, at: place)
        guard scores.areSound else {
            isBroken = true
            return HeadScores()
        }
        current.highest = current.highest.union(scores)
        return scores
    }

    private mutating func close(_ block: PassageBlock) {
        let rules = cascade.rules
        var hits = rules.hits(current.literals, in: block.scope)
        if current.hides { hits += rules.hitsOfHiding(in: block.scope) }
        hits += rules.hits(current.highest, in: block.scope, isSecond: false)
        if rules.note(hits, in: block) != nil {
            // No model needs to read what no model will be given.
            windows.removeLast(current.offered)
            carried[block.scope] = nil
        } else {
            place += current.windows
            carried[block.scope, default: Carried()].add(block.text)
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
    var highest = HeadScores()
    /// Windows that count for thresholds.
    var windows = 0
    /// Windows for the second stage.
    var offered = 0
}

/// The last characters of the texts of one scope, joined in two ways.
private struct Carried: Sendable {
    private(set) var glued = ""
    private(set) var spaced = ""

    mutating func add(_ text: String) {
        let tail = TextCutting.tail(text, JudgedWindow.length)
        glued = TextCutting.tail(glued + tail, JudgedWindow.length)
        spaced = TextCutting.tail(spaced.isEmpty ? tail : spaced + "\n" + tail, JudgedWindow.length)
    }
}
