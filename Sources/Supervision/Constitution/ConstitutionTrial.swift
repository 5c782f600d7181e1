package import Conversation

/// The examples and counter-examples of a constitution, each judged by the
/// cascade as it would be in service.
package struct ConstitutionTrial: Sendable {
    /// One example with its result.
    package struct Result: Sendable, Hashable {
        package var clause: String
        package var scope: PassageScope
        package var text: String
        /// True for an example: the clause should find it.
        package var isExample: Bool
        /// The ways in which the clause found it; none where it didn't.
        package var detectors: [Finding.Detector]
        /// The ruling on the text by the whole constitution.
        package var ruling: Verdict.Ruling

        package var isRight: Bool { detectors.isEmpty != isExample }
    }

    /// In the order of the constitution.
    package let results: [Result]

    package init(of cascade: Cascade) {
        results = cascade.constitution.clauses.flatMap { clause in
            clause.examples.map { Self.judge($0, of: clause, true, by: cascade) }
                + clause.counterexamples.map { Self.judge($0, of: clause, false, by: cascade) }
        }
    }

    package var wrong: [Result] { results.filter { !$0.isRight } }

    private static func judge(
        _ example: Clause.Example, of clause: Clause, _ isExample: Bool, by cascade: Cascade
    ) -> Result {
        let verdict = cascade.verdict(on: example.text, as: example.scope)
        return Result(
            clause: clause.id, scope: example.scope, text: example.text, isExample: isExample,
            detectors: verdict.findings.filter { $0.clause == clause.id }.map(\.detector), ruling: verdict.ruling)
    }
}

extension Cascade {
    /// Judges one text alone: as the only one of a request, or, where the scope
    /// is a model's own, as an answer.
    package func verdict(on text: String, as scope: PassageScope) -> Verdict {
        guard !scope.isOfModel else {
            var answer = beginAnswer()
            return answer.take([.text(block: 0, scope, text), .blockEnded(0)], isEnd: true)
        }
        var request = RequestPassages()
        let turn = scope == .system || scope == .toolDefinition ? nil : 0
        request.passages = [
            Passage(scope, turn: turn, block: 0, text: text, path: "text", range: 0..<text.utf8.count)
        ]
        if scope == .user { request.newestUserTurn = turn }
        return judge(request).verdict
    }
}
