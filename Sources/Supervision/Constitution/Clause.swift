package import Conversation

/// One rule of a constitution: the texts that it is about, the ways in which a
/// text is found to break it, and the consequence.
package struct Clause: Sendable, Hashable {
    /// The consequence of a text that breaks the clause.
    package enum Action: String, Sendable, Hashable, CaseIterable {
        /// Only recorded.
        case flag
        /// The part is replaced by a fixed note, and the exchange goes on.
        case withhold
        /// The request is refused; an answer is ended as a refusal.
        case block
    }

    package enum Severity: String, Sendable, Hashable, CaseIterable {
        case low, medium, high, critical
    }

    /// A short name for records and callers: `no-hidden-instructions`.
    package var id: String
    /// The rule, in words for people.
    package var text: String
    package var severity: Severity
    /// The action for each scope that the clause is about; a scope that isn't
    /// named is none of its business.
    package var actions: [PassageScope: Action]
    /// Phrases that break the clause wherever they stand, in any canonical view.
    package var literals: [String]
    /// The classifiers whose scores count, each with its own threshold where it
    /// differs from the one that its training fixed.
    package var detectors: [Detector]
    /// The action where a text hides a part of itself from people; nil where
    /// the clause isn't about that.
    package var hiddenText: Action?
    /// Texts that break it, each with the scope that it stands in.
    package var examples: [Example]
    /// Texts that look alike, and don't.
    package var counterexamples: [Example]

    /// A classifier that a clause relies on.
    package struct Detector: Sendable, Hashable {
        package var head: Head
        /// In thousandths of the head's own threshold: 1000 keeps it, more is
        /// more lenient.
        package var strictness: Int

        package init(_ head: Head, strictness: Int = 1000) {
            self.head = head
            self.strictness = strictness
        }
    }

    package struct Example: Sendable, Hashable {
        package var scope: PassageScope
        package var text: String

        package init(_ scope: PassageScope, _ text: String) {
            self.scope = scope
            self.text = text
        }
    }

    package init(
        id: String, text: String, severity: Severity = .medium, actions: [PassageScope: Action],
        literals: [String] = [], detectors: [Detector] = [], hiddenText: Action? = nil, examples: [Example] = [],
        counterexamples: [Example] = []
    ) {
        self.id = id
        self.text = text
        self.severity = severity
        self.actions = actions
        self.literals = literals
        self.detectors = detectors
        self.hiddenText = hiddenText
        self.examples = examples
        self.counterexamples = counterexamples
    }
}

/// One classifier of the cascade: the question that it answers about a text.
package enum Head: String, Sendable, Hashable, CaseIterable {
    /// An attempt to override instructions or rules.
    case attack
    /// Instructions planted in a text that is given to be read.
    case injection
    /// A plain request for harm. Never blocks alone.
    case harm
    /// An answer that complies with harm.
    case output
}
