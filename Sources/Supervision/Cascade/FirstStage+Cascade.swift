package import Conversation

extension FirstStage: TextClassifier {
    package func score(_ view: [UInt8], in scope: PassageScope, after words: Int) -> ScoredText {
        let scores = scope == .user ? scores(ofTurn: view) : assess(view: view)
        var parts = RelativeScores()
        for head in Head.allCases {
            parts[head] = relative(head, scores, requestLength: words + scores.length, isRead: scope.isRead)
        }
        return ScoredText(parts, words: scores.length)
    }
}

extension PassageScope {
    /// True for a text that is given to be read, and is nobody's turn. A model's
    /// words and calls are turns, in an answer and in the conversation's past:
    /// the thresholds of ``Head/output`` were found on them.
    var isRead: Bool {
        switch self {
        case .toolResult, .document, .toolDefinition: true
        case .system, .user, .answer, .toolCall: false
        }
    }
}
