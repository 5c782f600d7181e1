/// The result of the cascade's stages without a model: the verdict so far, and
/// the windows that a second stage should see, the most urgent first.
package struct Judgement: Sendable {
    /// The verdict of literals, hidden text and the first stage.
    package internal(set) var verdict: Verdict
    /// All windows of the texts that are still to be read by a model: those of
    /// the newest user turn, then of the newest tool results, then the others
    /// by the first stage's scores. Blocks that a note replaces have none.
    package internal(set) var windows: [JudgedWindow]
    let rules: BlockRules

    /// The verdict with the second stage's scores.
    /// - Parameters:
    ///   - scores: By the windows' ids.
    ///   - cached: The number of them that were known from earlier.
    /// - Returns: A verdict of the ruling `error` where a score is no number.
    package func verdict(adding scores: [Int: HeadScores], cached: Int = 0) -> Verdict { verdict }
}
