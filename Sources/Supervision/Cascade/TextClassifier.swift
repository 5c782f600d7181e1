package import Conversation

/// A classifier of texts by their words: the first stage of the cascade.
///
/// A score is a part of its head's threshold, which holds for a whole request:
/// the more words were judged before, the more a text has to score.
package protocol TextClassifier: Sendable {
    /// Scores one view of a text, or a piece of one.
    /// - Parameters:
    ///   - view: UTF-8 in the folded form of ``View``.
    ///   - scope: The place that the text stands in: texts that are read have
    ///     thresholds of their own.
    ///   - words: The words of the request before this text. Never those of all
    ///     of it: a text's score doesn't change when a conversation goes on.
    func score(_ view: [UInt8], in scope: PassageScope, after words: Int) -> ScoredText
}

/// A text's scores, and its length as thresholds count it.
package struct ScoredText: Sendable, Hashable {
    package var scores: RelativeScores
    package var words: Int

    package init(_ scores: RelativeScores, words: Int) {
        self.scores = scores
        self.words = words
    }
}

/// The scores of one text by all heads, each as a part of its threshold: 1 is
/// at the threshold. A head that doesn't judge the text has 0.
package struct RelativeScores: Sendable, Hashable {
    package var attack = 0.0
    package var injection = 0.0
    package var harm = 0.0
    package var output = 0.0

    package init() {}

    package init(_ scores: [Head: Double]) {
        for (head, score) in scores { self[head] = score }
    }

    package subscript(head: Head) -> Double {
        get {
            switch head {
            case .attack: attack
            case .injection: injection
            case .harm: harm
            case .output: output
            }
        }
        set {
            switch head {
            case .attack: attack = newValue
            case .injection: injection = newValue
            case .harm: harm = newValue
            case .output: output = newValue
            }
        }
    }

    /// The highest of all heads.
    package var highest: Double { max(attack, injection, harm, output) }

    /// True where every score is a number that can be compared; a classifier
    /// that gives others is broken.
    package var areSound: Bool { Head.allCases.allSatisfy { self[$0].isFinite } }

    /// Keeps each head's higher score of two texts.
    package mutating func add(_ other: Self) {
        for head in Head.allCases { self[head] = max(self[head], other[head]) }
    }
}
