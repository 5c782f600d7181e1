package import Conversation

/// The reasons of a verdict on one text, for an operator and never for callers.
package struct Explanation: Sendable {
    /// One reading of the text, with the first stage's scores of it alone.
    package struct Reading: Sendable {
        package var view: View
        package var scores: RelativeScores?
    }

    package let verdict: Verdict
    package let readings: [Reading]
    package let hidden: [HiddenText]
    package let markers: [RoleMarker]

    package init(of text: String, as scope: PassageScope, by cascade: Cascade) {
        verdict = cascade.verdict(on: text, as: scope)
        let canonical = CanonicalText(text)
        readings = canonical.views.map { view in
            Reading(view: view, scores: cascade.classifier?.score(view.text, in: scope, after: 0).scores)
        }
        hidden = canonical.hidden
        markers = canonical.markers
    }
}

extension Finding.Detector {
    /// For people: `literal`, `first attack`.
    package var words: String {
        switch self {
        case .literal: "literal"
        case .hiddenText: "hidden text"
        case .first(let head): "first \(head.rawValue)"
        case .second(let head): "second \(head.rawValue)"
        }
    }
}

extension View.Kind {
    /// For people: `plain`, `decoded twice`.
    package var words: String {
        switch self {
        case .plain: "plain"
        case .decoded(let depth): depth > 1 ? "decoded twice" : "decoded"
        case .joined: "joined"
        case .unseen(.comment): "comment"
        case .unseen(.style): "hidden style"
        }
    }
}
