import Conversation
import Metrics

/// The meters of drills, apart from production's: requests that a drill makes,
/// and attempts at the candidate that it has pulled.
///
/// Rare enough to be looked up by name.
enum DrillInstruments {
    static func record(_ record: RequestRecord) {
        let route = record.route ?? ""
        Counter(
            label: "holdfast_drill_requests_total",
            dimensions: [("route", route), ("outcome", record.outcome.rawValue)]
        ).increment()
        Recorder(
            label: "holdfast_drill_request_duration_seconds", dimensions: [("route", route)], aggregate: true
        ).record(record.duration.inSeconds)
        for attempt in record.attempts {
            let candidate = [("route", route), ("provider", attempt.provider), ("model", attempt.model)]
            Counter(label: "holdfast_drill_attempts_total", dimensions: candidate).increment()
            for usage in [attempt.usage, attempt.unheard].compactMap(\.self) {
                for (kind, tokens) in [("input", usage.input), ("output", usage.output)] {
                    Counter(label: "holdfast_drill_tokens_total", dimensions: candidate + [("kind", kind)])
                        .increment(by: tokens)
                }
            }
            if attempt.cause != nil { failed(attempt, route: route) }
        }
    }

    static func failed(_ attempt: AttemptRecord, route: String) {
        guard let cause = attempt.cause else { return }
        Counter(
            label: "holdfast_drill_failed_attempts_total",
            dimensions: [
                ("route", route), ("provider", attempt.provider), ("model", attempt.model), ("cause", cause),
            ]
        ).increment()
    }
}
