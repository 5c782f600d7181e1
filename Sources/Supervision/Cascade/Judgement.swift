import Conversation

/// The result of the cascade's stages without a model: the verdict so far, and
/// the windows that a second stage should see, the most urgent first.
package struct Judgement: Sendable {
    /// The verdict of literals, hidden text and the first stage.
    package let verdict: Verdict
    /// The windows of all texts that a model will be given: those of the
    /// newest user turn, then those of tool results and documents that no model
    /// has answered yet, then the others by the first stage's scores.
    ///
    /// A second stage looks for each in what it has kept, and judges the first
    /// ``mostNewWindows`` of the others.
    package let windows: [JudgedWindow]

    /// The most windows of one request that a second stage judges anew.
    package static let mostNewWindows = 16

    private let blocks: [JudgedBlock]
    private let coverage: Coverage
    private let rules: BlockRules
    private let isBroken: Bool

    init(
        _ blocks: [JudgedBlock], windows: [JudgedWindow], coverage: Coverage, rules: BlockRules, isBroken: Bool
    ) {
        self.blocks = blocks
        self.coverage = coverage
        self.rules = rules
        self.isBroken = isBroken
        verdict = isBroken ? .malformed(coverage) : rules.verdict(blocks, coverage: coverage)
        self.windows = Self.ranked(windows, of: blocks)
    }

    /// Returns the verdict with the second stage's scores.
    /// - Parameters:
    ///   - scores: By the windows' ids; windows without one were not judged.
    ///   - cached: The number of them that were known from earlier.
    /// - Returns: A verdict of the ruling `error` where a score is no number.
    package func verdict(adding scores: [Int: RelativeScores], cached: Int = 0) -> Verdict {
        var coverage = coverage
        coverage.secondStage = scores.count
        coverage.cached = cached
        guard !isBroken, scores.values.allSatisfy(\.areSound) else { return .malformed(coverage) }
        guard !scores.isEmpty else { return verdict }
        var highest: [Int: RelativeScores] = [:]
        for window in windows {
            if let score = scores[window.id] { highest[window.block, default: RelativeScores()].add(score) }
        }
        var blocks = blocks
        for place in blocks.indices {
            let block = blocks[place].block
            guard !block.isNote, let scores = highest[block.number] else { continue }
            blocks[place].add(rules.hits(scores, in: block.scope, isSecond: true))
        }
        return rules.verdict(blocks, coverage: coverage)
    }

    private static func ranked(_ windows: [JudgedWindow], of blocks: [JudgedBlock]) -> [JudgedWindow] {
        var urgency: [Int: Int] = [:]
        for judged in blocks {
            let block = judged.block
            urgency[block.number] = block.scope == .user && block.isNewestUserTurn ? 2 : block.isUnanswered ? 1 : 0
        }
        let keys = windows.map { (urgency[$0.block] ?? 0, $0.first.highest) }
        // Of two that are alike the later one goes first: the earlier one has
        // been here before.
        return windows.indices.sorted { one, other in
            keys[one] == keys[other] ? one > other : keys[one] > keys[other]
        }.map { windows[$0] }
    }
}

extension Verdict {
    /// The verdict where a stage gave something that is no score.
    static func malformed(_ coverage: Coverage) -> Verdict {
        Verdict(.error, error: "malformed", coverage: coverage)
    }
}
