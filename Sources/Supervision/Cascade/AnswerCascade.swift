package import Conversation

/// The judgement of one answer while it comes.
///
/// The cost is linear in the text, whatever the pieces; a caller that has much
/// text at once hands it over in pieces of some kilobytes, between which it
/// can do something else.
package struct AnswerCascade: Sendable {
    /// The characters before which a second stage sees an answer first, and
    /// those after which it sees it again.
    package static let firstLook = 400
    package static let nextLook = 1000
    /// The first stage's score from which the second is asked at once.
    package static let doubtful = 0.5

    private let cascade: Cascade
    private var blocks: [Int: AnswerBlock] = [:]
    private var order: [Int] = []
    /// The end of the last text of each scope.
    private var tails: [PassageScope: String] = [:]
    private var words = 0
    private var unseen: Set<UnseenPart> = []
    private var isEnded = false
    private var hasLooked = false
    /// The block of each window that was handed out.
    private var windowBlocks: [Int] = []
    private var scored = 0

    init(of cascade: Cascade) { self.cascade = cascade }

    /// Takes the next pieces, and judges them: text at once, tool calls when
    /// they are whole.
    /// - Parameter isEnd: True once nothing follows: what is left is judged.
    /// - Returns: The verdict on all of the answer so far, without a model.
    package mutating func take(_ pieces: [AnswerPiece], isEnd: Bool) -> Verdict {
        let cascade = cascade
        var touched: Set<Int> = []
        let isLast = isEnd || pieces.contains(.ended)
        for (place, piece) in pieces.enumerated() {
            switch piece {
            case .text(let number, let scope, let text):
                touched.insert(number)
                if blocks[number] == nil {
                    blocks[number] = AnswerBlock(number, scope, after: tails[scope] ?? "", words: words)
                    order.append(number)
                }
                let isWhole = isLast || (place + 1 < pieces.count && pieces[place + 1] == .blockEnded(number))
                blocks[number]?.take(text, isLast: isWhole, by: cascade)
            case .blockEnded(let number): end(number)
            case .unseen(let part): unseen.insert(part)
            case .refused: break
            case .ended: isEnded = true
            }
        }
        if isEnd || isEnded {
            isEnded = true
            for number in order { end(number) }
        } else {
            for number in touched where blocks[number]?.isEnded == false { blocks[number]?.lookAtEnd(by: cascade) }
        }
        return verdict
    }

    /// The verdict on all of the answer so far.
    package var verdict: Verdict {
        var coverage = Coverage()
        coverage.windows = windowBlocks.count
        coverage.secondStage = scored
        coverage.unseen = unseen
        guard !blocks.values.contains(where: \.isBroken) else { return .malformed(coverage) }
        return cascade.parts.rules.verdict(order.compactMap { blocks[$0]?.judged }, coverage: coverage)
    }

    /// Returns the windows that are due for the second stage: of the first 400
    /// characters, of each further 1,000, of whole tool calls, of the end, and
    /// of any text that puts the first stage in doubt.
    /// - Parameter all: True for all text since the last call, where none may
    ///   go out that the second stage hasn't seen.
    package mutating func takeDueWindows(all: Bool = false) -> [JudgedWindow] {
        let limit = hasLooked ? Self.nextLook : Self.firstLook
        var due: [JudgedWindow] = []
        for number in order {
            guard var block = blocks[number], block.unseenCount > 0 else { continue }
            let isTool = block.judged.block.scope == .toolCall
            guard
                isTool
                    ? block.isEnded
                    : all || isEnded || block.unseenCount >= limit || block.doubt.highest >= Self.doubtful
            else { continue }
            let doubt = block.doubt
            for window in block.takeUnseen() {
                due.append(
                    JudgedWindow(
                        id: windowBlocks.count, block: number, scope: block.judged.block.scope, path: nil,
                        text: String(decoding: window.text, as: UTF8.self), first: doubt))
                windowBlocks.append(number)
            }
            blocks[number] = block
            hasLooked = true
        }
        return due
    }

    /// Adds the second stage's scores, by the windows' ids.
    /// - Returns: The verdict on all of the answer so far.
    package mutating func add(_ scores: [Int: RelativeScores]) -> Verdict {
        let cascade = cascade
        for (id, scores) in scores where windowBlocks.indices.contains(id) {
            blocks[windowBlocks[id]]?.add(scores, by: cascade)
            scored += 1
        }
        return verdict
    }

    private mutating func end(_ number: Int) {
        guard var block = blocks[number], !block.isEnded else { return }
        block.end(by: cascade)
        tails[block.judged.block.scope] = block.tail
        words = max(words, block.wordsSoFar)
        blocks[number] = block
    }
}
