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
    /// True where windows are cut for a second stage.
    package let hasSecondStage: Bool
    let literals: LiteralSearch
    let rules: BlockRules
    let notes: NoteForm
    /// The memory of texts that were judged; nil for none.
    private(set) var memory: (any AssessmentMemory)?

    /// - Parameter advisory: The heads of the second stage that only flag.
    package init(
        _ constitution: Constitution, classifier: (any TextClassifier)? = nil, hasSecondStage: Bool = true,
        advisory: Set<Head> = []
    ) {
        self.constitution = constitution
        self.classifier = classifier
        self.hasSecondStage = hasSecondStage
        literals = LiteralSearch(constitution.clauses)
        rules = BlockRules(constitution: constitution, advisory: advisory)
        notes = NoteForm(constitution)
    }

    /// The same cascade with a memory of one tenant's texts under this policy.
    package func remembering(_ memory: any AssessmentMemory) -> Self {
        var cascade = self
        cascade.memory = memory
        return cascade
    }

    /// Begins to judge a request. Its cost is a small part of the judgement's.
    package func begin(_ passages: RequestPassages) -> CascadeRun { CascadeRun(passages, of: self) }

    /// Judges a whole request at once.
    package func judge(_ passages: RequestPassages) -> Judgement {
        var run = begin(passages)
        return run.finish()
    }

    /// Begins to judge an answer.
    package func beginAnswer() -> AnswerCascade { AnswerCascade(of: self) }
}
