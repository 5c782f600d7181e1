import Conversation
import Metrics
import Supervision
import Synchronization

/// The meters of verdicts: by route, by the side of the exchange, by ruling and
/// by the stage that it rests on.
///
/// Each is looked up by name when it is first needed, and kept.
final class SupervisionInstruments: Sendable {
    /// The name of a meter and the values of its labels.
    private struct Name: Hashable {
        var label: String
        var values: [String]
    }

    private let counters = Mutex<[Name: Counter]>([:])
    private let durations = ["request", "answer"].map {
        Recorder(label: "holdfast_supervision_duration_seconds", dimensions: [("side", $0)], aggregate: true)
    }

    func record(_ record: RequestRecord) {
        guard let supervision = record.supervision else { return }
        let route = record.route ?? ""
        count("holdfast_supervised_requests_total", ["route", "extent"], [route, supervision.extent.rawValue])
        if let request = supervision.request { count(request, of: "request", durations[0], route) }
        if let answer = supervision.answer { count(answer, of: "answer", durations[1], route) }
    }

    private func count(
        _ judgement: SupervisionRecord.Judgement, of side: String, _ duration: Recorder, _ route: String
    ) {
        let verdict = judgement.verdict
        count(
            "holdfast_supervision_verdicts_total", ["route", "side", "ruling", "stage"],
            [route, side, verdict.ruling.rawValue, verdict.stage])
        duration.record(judgement.duration.inSeconds)
        guard verdict.ruling == .error else { return }
        count("holdfast_supervision_errors_total", ["route", "side", "reason"], [route, side, verdict.errorWord])
    }

    private func count(_ label: String, _ names: [String], _ values: [String]) {
        let name = Name(label: label, values: values)
        counters.withLock { counters in
            if let known = counters[name] { return known }
            let made = Counter(label: label, dimensions: Array(zip(names, values)))
            counters[name] = made
            return made
        }.increment()
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
