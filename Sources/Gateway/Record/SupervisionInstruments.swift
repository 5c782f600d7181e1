import Conversation
import Metrics
import Supervision
import Synchronization

/// The meters of verdicts: by route, by the side of the exchange, by ruling and
/// by the stage that it rests on.
///
/// Each is looked up by name when it is first needed, and kept: for every
/// request, all that is hashed is its route.
final class SupervisionInstruments: Sendable {
    private enum Side: Int, CaseIterable {
        case request, answer

        var name: String { self == .request ? "request" : "answer" }
    }

    /// The counters of one route.
    private struct RouteCounters {
        let route: String
        private var requests = [Counter?](repeating: nil, count: SupervisionRecord.Extent.allCases.count)
        private var verdicts = [Counter?](
            repeating: nil, count: Side.allCases.count * Verdict.Ruling.allCases.count * Verdict.Stage.allCases.count)
        private var errors: [String: Counter] = [:]

        init(_ route: String) { self.route = route }

        mutating func count(_ extent: SupervisionRecord.Extent) {
            let place = extent.place
            let counter =
                requests[place]
                ?? Counter(
                    label: "holdfast_supervised_requests_total",
                    dimensions: [("route", route), ("extent", extent.rawValue)])
            requests[place] = counter
            counter.increment()
        }

        mutating func count(_ verdict: Verdict, of side: Side) {
            let (ruling, stage) = (verdict.ruling, verdict.stage)
            let row = side.rawValue * Verdict.Ruling.allCases.count + ruling.place
            let place = row * Verdict.Stage.allCases.count + stage.rawValue
            let counter =
                verdicts[place]
                ?? Counter(
                    label: "holdfast_supervision_verdicts_total",
                    dimensions: [
                        ("route", route), ("side", side.name), ("ruling", ruling.rawValue), ("stage", stage.name),
                    ])
            verdicts[place] = counter
            counter.increment()
            if ruling == .error { countError(verdict.errorWord, of: side) }
        }

        private mutating func countError(_ word: String, of side: Side) {
            let key = side.name + " " + word
            let counter =
                errors[key]
                ?? Counter(
                    label: "holdfast_supervision_errors_total",
                    dimensions: [("route", route), ("side", side.name), ("reason", word)])
            errors[key] = counter
            counter.increment()
        }
    }

    private let routes = Mutex<[String: RouteCounters]>([:])
    private let durations = Side.allCases.map {
        Recorder(label: "holdfast_supervision_duration_seconds", dimensions: [("side", $0.name)], aggregate: true)
    }

    func record(_ record: RequestRecord) {
        guard let supervision = record.supervision else { return }
        let route = record.route ?? ""
        routes.withLock { routes in
            let change = { (counters: inout RouteCounters) in
                counters.count(supervision.extent)
                if let request = supervision.request { counters.count(request.verdict, of: .request) }
                if let answer = supervision.answer { counters.count(answer.verdict, of: .answer) }
            }
            change(&routes[route, default: RouteCounters(route)])
        }
        if let request = supervision.request { durations[Side.request.rawValue].record(request.duration.inSeconds) }
        if let answer = supervision.answer { durations[Side.answer.rawValue].record(answer.duration.inSeconds) }
    }
}

extension Verdict {
    /// The part of the cascade that a ruling rests on.
    enum Stage: Int, CaseIterable {
        case literal, hiddenText, first, second, none

        /// The word for it in metrics.
        var name: String {
            switch self {
            case .literal: "literal"
            case .hiddenText: "hidden_text"
            case .first: "first"
            case .second: "second"
            case .none: "none"
            }
        }
    }

    var stage: Stage {
        if findings.isEmpty { return .none }
        return switch (findings.first { $0.clause == decisiveClause } ?? findings.first)?.detector {
        case .literal: .literal
        case .hiddenText: .hiddenText
        case .first: .first
        case .second: .second
        case nil: .none
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

// Places in tables: looked up for every request, and a raw value that is a
// string would be compared.
extension Verdict.Ruling {
    fileprivate var place: Int {
        switch self {
        case .allow: 0
        case .flag: 1
        case .withhold: 2
        case .block: 3
        case .error: 4
        }
    }
}

extension SupervisionRecord.Extent {
    fileprivate var place: Int {
        switch self {
        case .ran: 0
        case .partial: 1
        case .shadow: 2
        case .none: 3
        }
    }
}
