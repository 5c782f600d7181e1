import Conversation
import Metrics
import Supervision
import Synchronization

/// The meters of verdicts: by route, by the side of the exchange, by ruling and
/// by the stage that it rests on.
///
/// Each is looked up by name when it is first needed, and kept.
final class SupervisionInstruments: Sendable {
    private enum Meter: String {
        case requests = "holdfast_supervised_requests_total"
        case verdicts = "holdfast_supervision_verdicts_total"
        case errors = "holdfast_supervision_errors_total"

        /// The names of its labels.
        var labels: [String] {
            switch self {
            case .requests: ["route", "extent"]
            case .verdicts: ["route", "side", "ruling", "stage"]
            case .errors: ["route", "side", "reason"]
            }
        }
    }

    /// A meter and the values of its labels, in their order; those that it
    /// hasn't are empty.
    private struct Name: Hashable {
        var meter: Meter
        var route: String
        var second: String
        var third = ""
        var fourth = ""

        var dimensions: [(String, String)] { Array(zip(meter.labels, [route, second, third, fourth])) }
    }

    private let counters = Mutex<[Name: Counter]>([:])
    private let durations = ["request", "answer"].map {
        Recorder(label: "holdfast_supervision_duration_seconds", dimensions: [("side", $0)], aggregate: true)
    }

    func record(_ record: RequestRecord) {
        guard let supervision = record.supervision else { return }
        let route = record.route ?? ""
        count(Name(meter: .requests, route: route, second: supervision.extent.rawValue))
        if let request = supervision.request { count(request, of: "request", durations[0], route) }
        if let answer = supervision.answer { count(answer, of: "answer", durations[1], route) }
    }

    private func count(
        _ judgement: SupervisionRecord.Judgement, of side: String, _ duration: Recorder, _ route: String
    ) {
        let verdict = judgement.verdict
        count(
            Name(
                meter: .verdicts, route: route, second: side, third: verdict.ruling.rawValue, fourth: verdict.stage))
        duration.record(judgement.duration.inSeconds)
        guard verdict.ruling == .error else { return }
        count(Name(meter: .errors, route: route, second: side, third: verdict.errorWord))
    }

    private func count(_ name: Name) {
        counters.withLock { counters in
            if let known = counters[name] { return known }
            let made = Counter(label: name.meter.rawValue, dimensions: name.dimensions)
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
