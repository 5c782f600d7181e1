import Access
import Conversation
import Failures
import Metrics
import Resilience
import Routing

/// The gateway's meters, made once per settings so that a request only adds
/// to them.
///
/// Names follow Prometheus' customs: base units, `_total` for counters.
final class Instruments: Sendable {
    private let perCandidate: [String: CandidateInstruments]
    private let unrouted = CandidateInstruments(route: "", provider: "", model: "")
    private let openStreams = Meter(label: "holdfast_open_streams")
    private let supervision = SupervisionInstruments()

    init(routes: RouteTable) {
        var made: [String: CandidateInstruments] = [:]
        for route in routes.routes {
            for candidate in route.candidates {
                made[Self.name(route.name, candidate.id)] =
                    CandidateInstruments(route: route.name, provider: candidate.provider, model: candidate.model)
            }
        }
        for provider in routes.providers {
            guard case .listed(let models) = provider.models else { continue }
            for model in models {
                made[Self.name("", "\(provider.name)/\(model)")] =
                    CandidateInstruments(route: "", provider: provider.name, model: model)
            }
        }
        // A model that no one lists shares its provider's meter: callers can
        // name any, and must not make meters without end.
        for provider in routes.providers {
            made[Self.name("", provider.name)] =
                CandidateInstruments(route: "", provider: provider.name, model: "(unlisted)")
        }
        perCandidate = made
    }

    private static func name(_ route: String, _ candidate: String) -> String { route + "\n" + candidate }

    func streamOpened() { openStreams.increment() }
    func streamClosed() { openStreams.decrement() }

    /// Counted apart from traffic.
    func probed(provider: String, result: ProbeResult) {
        count(result, provider, "holdfast_probes_total")
    }

    func hedged(route: String, won: Bool) {
        Counter(label: "holdfast_hedges_total", dimensions: [("route", route), ("result", won ? "won" : "lost")])
            .increment()
    }

    func rescued(route: String, won: Bool) {
        Counter(label: "holdfast_rescues_total", dimensions: [("route", route), ("result", won ? "won" : "lost")])
            .increment()
    }

    /// A conversation has gone on with another candidate.
    func moved(_ move: ConversationMove, on route: String) {
        Counter(label: "holdfast_conversation_moves_total", dimensions: [("route", route)]).increment()
        Counter(label: "holdfast_conversation_move_tokens_total", dimensions: [("route", route)])
            .increment(by: move.tokens)
    }

    func warmed(provider: String, result: ProbeResult) {
        count(result, provider, "holdfast_warming_requests_total")
    }

    private func count(_ result: ProbeResult, _ provider: String, _ label: String) {
        let word =
            switch result {
            case .answered: "answered"
            case .failed(let verdict, _): verdict.cause.rawValue
            case .inconclusive, .impossible: "inconclusive"
            }
        Counter(label: label, dimensions: [("provider", provider), ("result", word)]).increment()
    }

    /// A failed attempt; rare enough to look its meter up by name.
    private func failed(_ attempt: AttemptRecord, route: String) {
        guard let cause = attempt.cause else { return }
        let isListed = perCandidate[Self.name(route, "\(attempt.provider)/\(attempt.model)")] != nil
        let model = isListed ? attempt.model : "(unlisted)"
        Counter(
            label: "holdfast_failed_attempts_total",
            dimensions: [
                ("route", route), ("provider", attempt.provider), ("model", model), ("cause", cause),
            ]
        ).increment()
    }

    private func countRescue(_ usage: Usage, of attempt: AttemptRecord, route: String) {
        for (kind, tokens) in [("input", usage.input), ("output", usage.output)] {
            Counter(
                label: "holdfast_rescue_tokens_total",
                dimensions: [
                    ("route", route), ("provider", attempt.provider), ("model", attempt.model), ("kind", kind),
                ]
            ).increment(by: tokens)
        }
    }

    func record(_ record: RequestRecord) {
        if record.keyID == Principal.drillKey { return DrillInstruments.record(record) }
        let route = record.route ?? ""
        var last = unrouted
        for attempt in record.attempts {
            let meters = attempt.upstream.meters
            if !attempt.isLost { last = meters }
            meters.countAttempt()
            if let usage = attempt.usage { meters.count(usage) }
            if let usage = attempt.unheard { countRescue(usage, of: attempt, route: route) }
            guard attempt.cause != nil else { continue }
            if let drill = record.drill, drill.candidate == attempt.upstream.id {
                // Pulled by a drill: no failure of a provider.
                DrillInstruments.failed(attempt, route: route)
            } else {
                failed(attempt, route: route)
            }
        }
        for handOver in record.handOvers {
            Counter(
                label: "holdfast_continued_streams_total", dimensions: [("route", route), ("cause", handOver.cause)]
            ).increment()
        }
        last.record(record)
        supervision.record(record)
    }

    func meters(of candidate: Candidate, on route: String) -> CandidateInstruments {
        perCandidate[Self.name(route, candidate.id)] ?? perCandidate[Self.name("", candidate.provider)] ?? unrouted
    }
}

/// The meters of one candidate of one route.
final class CandidateInstruments: Sendable {
    private let outcomes: [Counter]
    private let inputTokens: Counter
    private let outputTokens: Counter
    private let cachedTokens: Counter
    private let duration: Recorder
    private let firstByte: Recorder
    private let attempts: Counter

    init(route: String, provider: String, model: String) {
        let labels = [("route", route), ("provider", provider), ("model", model)]
        outcomes = RequestRecord.Outcome.allCases.map {
            Counter(label: "holdfast_requests_total", dimensions: labels + [("outcome", $0.rawValue)])
        }
        inputTokens = Counter(label: "holdfast_tokens_total", dimensions: labels + [("kind", "input")])
        outputTokens = Counter(label: "holdfast_tokens_total", dimensions: labels + [("kind", "output")])
        cachedTokens = Counter(label: "holdfast_tokens_total", dimensions: labels + [("kind", "cached")])
        attempts = Counter(label: "holdfast_attempts_total", dimensions: labels)
        duration = Recorder(label: "holdfast_request_duration_seconds", dimensions: labels, aggregate: true)
        firstByte = Recorder(label: "holdfast_time_to_first_byte_seconds", dimensions: labels, aggregate: true)
    }

    func countAttempt() { attempts.increment() }

    func count(_ usage: Usage) {
        inputTokens.increment(by: usage.input)
        outputTokens.increment(by: usage.output)
        if let cached = usage.cacheRead { cachedTokens.increment(by: cached) }
    }

    func record(_ record: RequestRecord) {
        outcomes[RequestRecord.Outcome.allCases.firstIndex(of: record.outcome)!].increment()
        duration.record(record.duration.inSeconds)
        if let first = record.timeToFirstByte { firstByte.record(first.inSeconds) }
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
