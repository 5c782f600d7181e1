package import Conversation

/// A classifier of short texts: the first stage of the cascade.
///
/// A window of text has a score for each head, as a part of the head's
/// threshold. Thresholds hold for a whole request at its length: of a request
/// of many windows each one has to score more.
package protocol TextClassifier: Sendable {
    /// Scores one window.
    /// - Parameters:
    ///   - window: Up to ``JudgedWindow/length`` characters, in one view.
    ///   - scope: The origin of the text.
    ///   - place: The number of windows of the request up to and with this
    ///     one, by which the threshold is chosen. Never the number of all: a
    ///     text's threshold doesn't change when a conversation goes on.
    func scores(of window: String, in scope: PassageScope, at place: Int) -> HeadScores
}

/// The scores of one text by all heads, each as a part of its threshold: 1 is
/// at the threshold. A head that doesn't judge the text has 0.
package struct HeadScores: Sendable, Hashable {
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

    /// Each head's higher score of two texts.
    package func union(_ other: Self) -> Self {
        var both = self
        for head in Head.allCases { both[head] = max(self[head], other[head]) }
        return both
    }
}
