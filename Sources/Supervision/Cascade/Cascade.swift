package import Conversation

/// The judgement of texts by a constitution, without a clock and without
/// waiting: literals in every canonical view, hidden text, and the scores of
/// the first stage.
///
/// Use: `var run = cascade.begin(passages)`, then `run.step()` for as long as
/// it returns true, then `run.finish()`. A step is bounded, whatever the text.
/// One cascade serves all requests at once.
package struct Cascade: Sendable {
    package let constitution: Constitution
    /// The first stage; nil judges by literals and hidden text alone.
    package let classifier: (any TextClassifier)?

    package init(_ constitution: Constitution, classifier: (any TextClassifier)? = nil) {
        self.constitution = constitution
        self.classifier = classifier
    }

    /// Begins to judge a request. Its cost is a small part of the judgement's.
    package func begin(_ passages: RequestPassages) -> CascadeRun
    /// Judges a whole request at once.
    package func judge(_ passages: RequestPassages) -> Judgement
    /// Begins to judge an answer.
    package func beginAnswer() -> AnswerCascade
}

/// The judgement of one request in bounded steps.
package struct CascadeRun: Sendable {
    /// The bytes of text that are still to be judged: of a large number, a
    /// caller lets a worker take the steps.
    package private(set) var remaining: Int
    /// Judges the next few kilobytes.
    /// - Returns: False once all is judged.
    package mutating func step() -> Bool
    /// The result; steps that are left are taken first.
    package mutating func finish() -> Judgement
}

/// The judgement of one answer while it comes.
package struct AnswerCascade: Sendable {
    /// Takes the next pieces and judges them at once: the cost is linear in
    /// their text.
    /// - Parameter isEnd: True once nothing follows; the whole is then scored
    ///   once more.
    /// - Returns: The verdict on all of the answer so far, without a model.
    package mutating func take(_ pieces: [AnswerPiece], isEnd: Bool) -> Verdict
    /// The windows that have become due for the second stage since this was
    /// last called: the first 400 characters, each further 1,000, the end, and
    /// whatever puts the first stage in doubt. Whole tool calls.
    package mutating func takeDueWindows() -> [JudgedWindow]
    /// Adds the second stage's scores, by the windows' ids.
    /// - Returns: The verdict on all of the answer so far.
    package mutating func add(_ scores: [Int: HeadScores]) -> Verdict
}
