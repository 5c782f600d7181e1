import Access
import Routing
import Conversation
import Resilience

/// The account stage: the tokens of a key's limit, set aside before a request
/// and settled after it.
extension Gateway {
    /// Takes what the request may use from its key's tokens, so that many at
    /// once can't use what is there for one.
    func setAsideTokens(
        for request: AdmittedCall, _ choice: RouteChoice, _ record: RequestRecord
    ) throws(APIProblem) {
        guard request.call.principal.hasTokenLimit else { return }
        var tokens = record.requestBytes / 4
        switch request.call.operation {
        case .chat, .compaction:
            let expected = choice.upstreams.first.map { answerSizes.expected(of: $0.id) } ?? AnswerSizes.unknown
            tokens += min(request.mostTokens ?? .max, expected)
        case .embeddings: break
        // Nothing is used.
        case .countTokens: return
        }
        guard case .limited(_, let wait) = request.call.principal.setAside(tokens: tokens, now: .now) else {
            return record.tokensSetAside = tokens
        }
        let seconds = max(1, Int(wait.inSeconds.rounded(.up)))
        throw APIProblem(
            .limited,
            "The key's limit of tokens a minute has no room for this request, which may take \(tokens) with its answer; "
                + "try again in \(seconds) s, or ask for fewer with max_tokens.",
            code: "rate_limit_exceeded", retryAfter: seconds)
    }

    /// Settles the tokens that the request used, and notes its times.
    func account(for record: RequestRecord, of call: Call, in state: GatewayState) {
        record.duration = call.arrived.elapsed()
        if record.isStream, let first = record.timeToFirstByte, let route = record.route,
            let objective = state.served[route]?.route.policy.objectives.firstToken
        {
            record.isLate = first > objective
        }
        let used = record.usage?.total ?? 0
        if used != record.tokensSetAside {
            call.principal.settle(used: used, setAside: record.tokensSetAside, now: .now)
        }
        guard record.tokensSetAside > 0 else { return }
        for attempt in record.attempts {
            if let output = attempt.usage?.output, attempt.upstream.provider?.usesCallersCredential != true {
                answerSizes.note(output, of: attempt.upstream.id)
            }
        }
    }
}
