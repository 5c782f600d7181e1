package import Conversation

/// The supervisor's decision about one exchange, or about a part of it.
package struct Verdict: Sendable, Equatable {
    /// From the mildest to the strictest.
    package enum Ruling: String, Sendable, Hashable, CaseIterable, Comparable {
        case allow, flag, withhold, block
        /// No judgement was made, or none in time. Never treated as `allow`.
        case error

        package static func < (a: Self, b: Self) -> Bool { a.place < b.place }
        private var place: Int { Self.allCases.firstIndex(of: self)! }
    }

    package var ruling: Ruling
    package var coverage: Coverage
    /// The policy by which was judged, where it is known.
    package var policy: PolicyDigest?
    /// Nil for a verdict without reasons, as most are.
    private var reasons: Reasons?

    package init(
        _ ruling: Ruling, findings: [Finding] = [], withheld: [Int: WithheldNote] = [:], error: String? = nil,
        reference: String? = nil, coverage: Coverage = Coverage()
    ) {
        self.ruling = ruling
        self.coverage = coverage
        let content = Reasons.Content(findings: findings, withheld: withheld, error: error, reference: reference)
        if content != Reasons.Content() { reasons = Reasons(content) }
    }
}

// Verdicts are copied with every request: all that few of them have stands
// behind one reference.
extension Verdict {
    /// The reasons of a verdict.
    private final class Reasons: Sendable, Equatable {
        struct Content: Sendable, Equatable {
            var findings: [Finding] = []
            var withheld: [Int: WithheldNote] = [:]
            var error: String?
            var reference: String?
        }

        let content: Content

        init(_ content: Content) { self.content = content }

        static func == (a: Reasons, b: Reasons) -> Bool { a.content == b.content }
    }

    private var content: Reasons.Content {
        get { reasons?.content ?? Reasons.Content() }
        set { reasons = newValue == Reasons.Content() ? nil : Reasons(newValue) }
    }

    /// The clauses that were broken, strictest first.
    package var findings: [Finding] {
        get { reasons?.content.findings ?? [] }
        set { content.findings = newValue }
    }

    /// The blocks of passages that a note replaces, each with its note.
    package var withheld: [Int: WithheldNote] {
        get { reasons?.content.withheld ?? [:] }
        set { content.withheld = newValue }
    }

    /// The reason of an error: one word for logs and metrics (`late`,
    /// `overloaded`, `limited`, `crashed`, `malformed`, `absent`); nil for other
    /// rulings. After `limited` the key alone is at fault, which has more to be
    /// judged than its part.
    package var error: String? {
        get { reasons?.content.error }
        set { content.error = newValue }
    }

    /// A hash of what was judged and of the clause, the same for the same
    /// words: callers are given it, and operators find the entry by it.
    package var reference: String? {
        get { reasons?.content.reference }
        set { content.reference = newValue }
    }
}

/// One clause that a text was found to break.
package struct Finding: Sendable, Hashable {
    /// The part of the cascade that found it.
    package enum Detector: Sendable, Hashable {
        case literal, hiddenText
        case first(Head)
        case second(Head)
    }

    package var clause: String
    package var severity: Clause.Severity
    package var action: Clause.Action
    package var scope: PassageScope
    /// The place in the request; nil in an answer.
    package var path: String?
    package var block: Int
    package var detector: Detector
    /// The score as a part of its threshold: 1 is at the threshold. Never for
    /// callers.
    package var score: Double

    package init(
        _ clause: Clause, _ action: Clause.Action, _ scope: PassageScope, path: String?, block: Int,
        by detector: Detector, score: Double = 1
    ) {
        self.clause = clause.id
        severity = clause.severity
        self.action = action
        self.scope = scope
        self.path = path
        self.block = block
        self.detector = detector
        self.score = score
    }
}

/// The fixed text that replaces a withheld part: the same for the same words
/// on every later turn, so that caches of prompts stay valid.
package struct WithheldNote: Sendable, Hashable {
    package var clause: String
    package var reference: String

    package init(clause: String, reference: String) {
        self.clause = clause
        self.reference = reference
    }

    package var text: String { Self.opening + clause + Self.middle + reference + Self.closing }

    static let opening = "[Withheld by policy "
    static let middle = ", reference "
    static let closing = ".]"
}

/// The extent of a judgement.
package struct Coverage: Sendable, Hashable {
    /// Windows of text in all, and those that the second stage has seen, also
    /// earlier.
    package var windows = 0
    package var secondStage = 0
    /// Those of them that the second stage had seen before.
    package var cached = 0
    /// Parts that nobody could read: with any, the exchange was supervised in
    /// part only.
    package var unseen: Set<UnseenPart> = []

    package init() {}
}
