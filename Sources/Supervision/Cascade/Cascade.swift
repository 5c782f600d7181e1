package import Conversation

/// The judgement of texts by a constitution, without a clock and without
/// waiting: literals in every canonical view, hidden text, and the scores of
/// the first stage.
///
/// Use: `var run = cascade.begin(passages)`, then `run.step()` for as long as
/// it returns true, then `run.finish()`. A step is bounded, whatever the text.
/// One cascade serves all requests at once.
package struct Cascade: Sendable {
    /// The parts that all requests share. One object: counts of references to
    /// single parts would wander between processors with every copy.
    let parts: Parts
    /// The memory of texts that were judged; nil for none.
    private(set) var memory: (any AssessmentMemory)?

    final class Parts: Sendable {
        let classifier: (any TextClassifier)?
        let hasSecondStage: Bool
        let literals: LiteralSearch
        let rules: BlockRules
        let notes: NoteForm

        init(
            _ classifier: (any TextClassifier)?, _ hasSecondStage: Bool, _ literals: LiteralSearch,
            _ rules: BlockRules, _ notes: NoteForm
        ) {
            self.classifier = classifier
            self.hasSecondStage = hasSecondStage
            self.literals = literals
            self.rules = rules
            self.notes = notes
        }
    }

    /// - Parameter advisory: The heads of the second stage that only flag.
    package init(
        _ constitution: Constitution, classifier: (any TextClassifier)? = nil, hasSecondStage: Bool = true,
        advisory: Set<Head> = []
    ) {
        parts = Parts(
            classifier, hasSecondStage, LiteralSearch(constitution.clauses),
            BlockRules(constitution: constitution, advisory: advisory), NoteForm(constitution))
    }

    package var constitution: Constitution { parts.rules.constitution }
    /// The first stage; nil judges by literals and hidden text alone.
    package var classifier: (any TextClassifier)? { parts.classifier }
    /// True where windows are cut for a second stage.
    package var hasSecondStage: Bool { parts.hasSecondStage }

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
