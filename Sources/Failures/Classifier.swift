import Wire

/// The judge of failures: turns the symptom of a failed attempt into a verdict.
///
/// Providers express the same failure in many ways: a status, a code, a
/// sentence, an event in the middle of a stream, or a connection that closes.
/// The classifier reads all of them and finds the cause, the scope for which
/// the failure is remembered, and how certain a withdrawal is. The verdict
/// decides if the request is repeated, which candidate is asked next, and what
/// later requests know of it. ``Rules`` is its table.
///
/// Pure: the same symptom always gets the same verdict.
package struct Classifier: Sendable {
    package static let standard = Classifier()

    package init() {}

    /// Judges a failure of a request that carries nothing of a caller's.
    /// - Parameter now: seconds since 1970, for a `retry-after` that is a
    ///   date.
    package func judge(_ symptom: Symptom, now: Int) -> Verdict {
        judge(Reading(symptom), symptom, now: now).verdict
    }

    /// Judges a failure of a caller's request: what stands in the request is
    /// no evidence. The cost grows with the request's size, about a
    /// millisecond for each quarter of a mebibyte.
    package func judge(_ symptom: Symptom, of request: RequestText, now: Int) -> Judgement {
        var reading = Reading(symptom)
        let (raw, _) = judge(reading, symptom, now: now)
        guard !reading.bytes.isEmpty else { return Judgement(raw, memory: raw) }
        var echo = RequestEcho(reading.bytes)
        let mask = echo.mask(against: request)
        guard mask.contains(true) else { return judgement(raw, reading, symptom, request, now) }
        reading.mask(mask)
        let (masked, _) = judge(reading, symptom, now: now)
        // Here the provider's word, whoever brought it about, is not for this
        // candidate to serve: the next one may.
        guard [401, 403, 404, 410].contains(reading.status), raw.isOfService, !masked.isOfService else {
            return judgement(masked, reading, symptom, request, now)
        }
        return Judgement(raw, memory: nil, isQuestion: true)
    }

    private func judgement(
        _ verdict: Verdict, _ reading: Reading, _ symptom: Symptom, _ request: RequestText, _ now: Int
    ) -> Judgement {
        var result = Judgement(verdict, memory: verdict)
        if verdict.isOfService, verdict.blamesRequest, verdict.basis == .words {
            result.quotesRequest = RequestEcho.finds(judge(reading, symptom, now: now).words, in: request)
        }
        return result
    }

    private func judge(_ reading: Reading, _ symptom: Symptom, now: Int) -> (verdict: Verdict, words: [String]) {
        let words = Redaction.words(reading.message)
        // The one rule that needs more than words: the path to the name.
        if Rules.nested.match(reading) != nil, let field = NestedPath.find(in: reading) {
            return (
                Verdict(
                    .nestedReference, .request, rule: Rules.nested.id, words: words, field: field, basis: .words,
                    status: reading.status, blamesRequest: reading.blamesRequest), []
            )
        }
        var decided = Rules.unknown
        var match = Rule.Match(basis: .status)
        for rule in Rules.all {
            guard let found = rule.match(reading) else { continue }
            (decided, match) = (rule, found)
            break
        }
        let waits = decided.cause == .throttled || decided.cause == .overloaded
        return (
            Verdict(
                decided.cause, decided.scope, evidence: decided.evidence,
                retryAfter: waits ? RetryAfter.read(symptom.fields, reading, now: now) : nil, rule: decided.id,
                words: words, field: reading.field, basis: match.basis, status: reading.status,
                blamesRequest: reading.blamesRequest), match.words
        )
    }
}
