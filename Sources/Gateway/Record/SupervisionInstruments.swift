import Conversation
import Metrics
import Supervision

/// The meters of verdicts: by route, by the side of the exchange, by ruling and
/// by the stage that it rests on.
///
/// Looked up by name: only requests on supervised routes pay for it.
enum SupervisionInstruments {
    static func record(_ record: RequestRecord) {
        guard let supervision = record.supervision else { return }
        let route = record.route ?? ""
        Counter(
            label: "holdfast_supervised_requests_total",
            dimensions: [("route", route), ("extent", supervision.extent.rawValue)]
        ).increment()
        if let request = supervision.request { count(request, of: "request", route) }
        if let answer = supervision.answer { count(answer, of: "answer", route) }
    }

    private static func count(_ judgement: SupervisionRecord.Judgement, of side: String, _ route: String) {
        let verdict = judgement.verdict
        Counter(
            label: "holdfast_supervision_verdicts_total",
            dimensions: [
                ("route", route), ("side", side), ("ruling", verdict.ruling.rawValue), ("stage", verdict.stage),
            ]
        ).increment()
        Recorder(label: "holdfast_supervision_duration_seconds", dimensions: [("side", side)], aggregate: true)
            .record(judgement.duration.inSeconds)
        guard verdict.ruling == .error else { return }
        Counter(
            label: "holdfast_supervision_errors_total",
            dimensions: [("route", route), ("side", side), ("reason", verdict.errorWord)]
        ).increment()
    }
}

extension Verdict {
    /// The part of the cascade that the ruling rests on, in a word for metrics.
    var stage: String {
        switch (findings.first { $0.clause == decisiveClause } ?? findings.first)?.detector {
        case .literal: "literal"
        case .hiddenText: "hidden_text"
        case .first: "first"
        case .second: "second"
        case nil: "none"
        }
    }

    /// The reason of an error, as one of few words: each is a series of its own.
    package var errorWord: String {
        guard let error, Self.errorWords.contains(error) else { return "other" }
        return error
    }

    private static let errorWords: Set<String> = [
        "late", "overloaded", "limited", "crashed", "malformed", "refused", "cancelled", "absent", "drill",
    ]
}
