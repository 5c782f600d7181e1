import Wire

/// Says why a provider gave no answer. Pure: the same symptom, the same
/// verdict.
package struct Classifier: Sendable {
    package static let standard = Classifier()

    package init() {}

    /// - Parameter now: seconds since 1970, for a `retry-after` that is a
    ///   date.
    package func judge(_ symptom: Symptom, now: Int) -> Verdict {
        let reading = Reading(symptom)
        let words = Redaction.words(reading.message)
        // The one rule that needs more than words: the path to the name.
        if Rules.nested.matches(reading), let field = NestedPath.find(in: reading) {
            return Verdict(.nestedReference, .request, rule: Rules.nested.id, words: words, field: field)
        }
        let rule = Rules.all.first { $0.matches(reading) } ?? Rules.unknown
        let wait = rule.cause == .throttled || rule.cause == .overloaded
        return Verdict(
            rule.cause, rule.scope, evidence: rule.evidence,
            retryAfter: wait ? RetryAfter.read(symptom.fields, reading, now: now) : nil, rule: rule.id, words: words,
            field: reading.field)
    }
}
