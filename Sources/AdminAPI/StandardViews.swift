/// `GET /admin/standards`: every standard with its subjects, as the last round
/// has judged them.
package struct StandardsView: Codable, Sendable, Hashable {
    package var standards: [StandardView]
    /// The file of the standards; nil where the settings name none.
    package var file: String?
    /// The time of the last round, in seconds since 1970; nil before the first
    /// one.
    package var judged: Int?

    package init(_ standards: [StandardView], file: String?, judged: Int?) {
        self.standards = standards
        self.file = file
        self.judged = judged
    }
}

/// One standard about one subject.
package struct StandardView: Codable, Sendable, Hashable {
    package enum Verdict: String, Codable, Sendable, Hashable, CaseIterable {
        case met, breached, unknown
    }

    package var id: String
    /// `model:here/smollm2`
    package var subject: String
    package var check: String
    package var verdict: Verdict
    package var evidence: String
    /// The time of the evidence, in seconds since 1970.
    package var seen: Int
    /// In seconds.
    package var age: Int
    /// `warn`, `suspend-new` or `suspend`.
    package var breach = "warn"
    /// In seconds.
    package var grace = 0
    /// `by itself` or `people`.
    package var returns = "people"
    /// In seconds; nil where people are needed.
    package var steady: Int?
    package var evenTheLast = false
    /// The suspension that it has ordered, such as `S12`.
    package var suspension: String?
    package var phase: String?

    package init(
        id: String, subject: String, check: String, verdict: Verdict, evidence: String, seen: Int, age: Int
    ) {
        self.id = id
        self.subject = subject
        self.check = check
        self.verdict = verdict
        self.evidence = evidence
        self.seen = seen
        self.age = age
    }
}
