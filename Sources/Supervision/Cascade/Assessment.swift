package import Conversation

/// One piece of text, with all that its assessment depends on: two pieces that
/// are equal have equal assessments under one policy.
package struct AssessedText: Sendable, Hashable {
    /// The windows that are cut of a piece for a second stage.
    package enum Windows: UInt8, Sendable, Hashable {
        /// None.
        case none
        /// Those of every view that a model reads.
        case cut
        /// The plain view, in one.
        case whole
    }

    package var text: String
    package var scope: PassageScope
    /// The words before it, by which thresholds rise.
    package var after: Int
    /// The part of its words that was not counted with an earlier piece.
    package var share: Double
    /// False where the text goes on, so that its last word has no end.
    package var isWhole: Bool
    package var windows: Windows

    package init(
        _ text: String, _ scope: PassageScope, after: Int, share: Double = 0, isWhole: Bool = true,
        windows: Windows = .none
    ) {
        self.text = text
        self.scope = scope
        self.after = after
        self.share = share
        self.isWhole = isWhole
        self.windows = windows
    }
}

/// The findings of literals, hidden text and the first stage in one piece of
/// text, before any clause's scope or action.
package struct Assessment: Sendable, Equatable {
    struct Window: Sendable, Equatable {
        var text: String
        var scores: RelativeScores
    }

    var literals = LiteralHits()
    var hides = false
    var highest = RelativeScores()
    /// The new words that count for thresholds.
    var words = 0
    var windows: [Window] = []
    /// A classifier gave something that is no score.
    var isBroken = false

    package init() {}

    /// The bytes that it takes in memory, rounded up.
    package var bytes: Int { windows.reduce(160) { $0 + $1.text.utf8.count + 80 } }
}

/// A memory of assessments that were made lately, of one tenant's texts under
/// one policy.
package protocol AssessmentMemory: Sendable {
    /// Returns the assessment of an equal piece, or else the one that is made
    /// now, which is remembered unless it is broken.
    func assessment(of text: AssessedText, or make: () -> Assessment) -> Assessment
}

extension Cascade {
    /// Assesses a piece of text; one that is remembered is not read again.
    func assess(_ text: AssessedText) -> Assessment {
        guard let memory else { return read(text) }
        return memory.assessment(of: text) { read(text) }
    }

    private func read(_ piece: AssessedText) -> Assessment {
        var assessment = Assessment()
        let canonical = CanonicalText(piece.text)
        assessment.hides = !canonical.hidden.isEmpty
        // Readings and windows of a piece are no further text: each counts from
        // where the piece begins.
        for view in canonical.views {
            parts.literals.search(view, isWhole: piece.isWhole, &assessment.literals)
            let scored = parts.classifier?.score(view.text, in: piece.scope, after: piece.after)
            if let scored {
                if scored.scores.areSound { assessment.highest.add(scored.scores) } else { assessment.isBroken = true }
                if view.kind == .plain { assessment.words = Int(Double(scored.words) * piece.share) }
            }
            // What the other readings say stands in the plain one, too.
            guard piece.windows == .cut, view.isReadByModels else { continue }
            for window in view.windows {
                let scores = parts.classifier?.score(window.text, in: piece.scope, after: piece.after).scores
                assessment.windows.append(
                    .init(text: String(decoding: window.text, as: UTF8.self), scores: scores ?? RelativeScores()))
            }
        }
        if piece.windows == .whole {
            let text = String(decoding: canonical.plain.text, as: UTF8.self)
            assessment.windows = [.init(text: text, scores: assessment.highest)]
        }
        return assessment
    }
}

extension View {
    /// True for a reading that a model makes, too, or can be told to make.
    var isReadByModels: Bool {
        switch kind {
        case .plain, .decoded, .joined: true
        case .unseen: false
        }
    }
}
