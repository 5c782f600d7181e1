import Access
import Conversation
import Encodings
import Failures
import NIOCore
import Resilience
import Routing
import Wire

/// The life of a request, in order:
/// admit → route → attempt and relay (`Attempts/`, `Answer/`) → settle →
/// record.
extension Gateway {
    /// Serves one call. Always ends the reply, whatever happens, unless the
    /// caller has gone.
    package func serve(_ call: Call, reply: any CallerReply) async {
        let state = self.state
        let record = RequestRecord(call)
        // Most bodies are read here and now, large ones elsewhere.
        let isHeavy = reading.isHeavy(call.body, on: call.executor)
        var witness: (any AnswerWitness)?
        var isCrowded = false
        if isHeavy, let notary {
            do { witness = try await reading.run { notary.witness(of: call) } } catch { isCrowded = true }
        } else {
            witness = notary?.witness(of: call)
        }
        let witnessed = witness.map { WitnessedReply(reply, $0) }
        let reply = witnessed ?? reply
        var drilled: RouteChoice?
        do {
            try enter(call)
            // Nothing is served that couldn't be put on record.
            if isCrowded { throw Problem.tooMuchToRead }
            let admitted =
                isHeavy
                ? try await reading.run { try AdmittedCall(call, isHeavy: true) } : try AdmittedCall(call)
            let attempts = try begin(admitted, state, reply, witnessed, record, &drilled)
            try await attempts.run()
        } catch {
            if conclude(error, call, reply, record) == .cutOff { await cutOff(call, reply, record) }
        }
        settle(call, record, in: state)
        // Only then is it known whether the end of the answer went out.
        if let witnessed, witnessed.isHolding, let notary {
            await witnessed.release(notary, record) { refusal(call, .notOnRecord, record) }
        }
        if let drilled { drilled.rehearsal?.note(record, on: drilled) }
        state.instruments.record(record)
        recorder.record(record)
        if let witnessed, !witnessed.isHolding { await notary?.settled(record, witnessed.witness) }
    }

    // What needs no waiting is kept out of the function that waits: whatever
    // stands there stays in memory for as long as a stream runs.

    private func begin(
        _ admitted: AdmittedCall, _ state: GatewayState, _ reply: any CallerReply, _ witnessed: WitnessedReply?,
        _ record: RequestRecord, _ drilled: inout RouteChoice?
    ) throws -> Attempts {
        record.requested = admitted.requestedModel.cut(toUTF8Bytes: 200)
        record.isStream = admitted.isStream
        let choice = try route(admitted, in: state, record)
        let forbidden = choice.served.route.policy.forbidden
        if !forbidden.isEmpty { try admitted.refuse(forbidden: forbidden, by: "route") }
        let principal = admitted.call.principal
        if !principal.record.forbidden.isEmpty {
            try admitted.refuse(forbidden: principal.record.forbidden, by: "key")
        }
        if principal.hasTokenLimit { try setAside(admitted, choice, record) }
        if choice.served.route.policy.recordsBeforeAnswer {
            guard let witnessed, let notary else { throw Problem.notOnRecord }
            witnessed.hold(for: notary, record)
        }
        if let rehearsal = choice.rehearsal {
            record.drill = RequestRecord.Drill(rehearsal)
            drilled = choice
        }
        return Attempts(self, admitted, choice, state, reply, record)
    }

    private enum Conclusion { case told, cutOff }

    private func conclude(
        _ error: any Error, _ call: Call, _ reply: any CallerReply, _ record: RequestRecord
    ) -> Conclusion {
        if let problem = error as? Problem {
            refuse(call, problem, reply, record)
        } else if error is CancellationError {
            if reply.isCutOff { return .cutOff }
            record.outcome = .callerGone
            record.reason = "the caller closed the connection"
            // Its prompt was worked on all the same.
            if record.usage == nil, !record.attempts.isEmpty {
                record.cost(
                    Usage(input: record.requestBytes / 4, output: 0), of: record.attempts.count - 1, isEstimate: true)
            }
        } else {
            // Nothing else is thrown on purpose; say so instead of guessing.
            refuse(call, Problem(.internalFailure, "Holdfast failed in a way it did not foresee."), reply, record)
        }
        return .told
    }

    // MARK: Admit: may this key make a request?

    private func enter(_ call: Call) throws(Problem) {
        if isDraining {
            throw Problem(.unavailable, "This Holdfast is shutting down; send the request again.", retryAfter: 1)
        }
        if let refusal = notary?.refusal { throw refusal }
        switch call.principal.admit(now: .now) {
        case .allowed: break
        case .limited(let limit, let wait):
            let seconds = max(1, Int(wait.inSeconds.rounded(.up)))
            throw Problem(
                .limited,
                "The key's limit of \(limit.rawValue) a minute is used up; try again in \(seconds) s.",
                code: "rate_limit_exceeded", retryAfter: seconds)
        }
    }

    /// Takes what the request may use from its key's tokens, so that many at
    /// once can't use what is there for one.
    private func setAside(
        _ admitted: AdmittedCall, _ choice: RouteChoice, _ record: RequestRecord
    ) throws(Problem) {
        var tokens = record.requestBytes / 4
        switch admitted.call.operation {
        case .chat:
            let expected = choice.upstreams.first.map { answerSizes.expected(of: $0.id) } ?? AnswerSizes.unknown
            tokens += min(admitted.mostTokens ?? .max, expected)
        case .embeddings: break
        // Nothing is used.
        case .countTokens: return
        }
        guard case .limited(_, let wait) = admitted.call.principal.setAside(tokens: tokens, now: .now) else {
            return record.tokensSetAside = tokens
        }
        let seconds = max(1, Int(wait.inSeconds.rounded(.up)))
        throw Problem(
            .limited,
            "The key's limit of tokens a minute has no room for this request, which may take \(tokens) with its answer; "
                + "try again in \(seconds) s, or ask for fewer with max_tokens.",
            code: "rate_limit_exceeded", retryAfter: seconds)
    }

    // MARK: Route: who could serve it?

    private func route(
        _ admitted: AdmittedCall, in state: GatewayState, _ record: RequestRecord
    ) throws(Problem) -> RouteChoice {
        let principal = admitted.call.principal
        let model = admitted.requestedModel
        if let served = state.served[model] {
            guard principal.mayUse(route: model) else { throw .notAllowed(model, principal) }
            record.route = model
            return choose(served, in: state)
        }
        // What names nothing may be a key that stands in the wrong field.
        record.requested = state.secrets.masking(KeyShape.masking(record.requested))
        switch state.routes.resolve(model, allowed: principal.allowedRoutes) {
        case .route(let route):
            guard principal.mayUse(route: route.name) else { throw .notAllowed(model, principal) }
            record.route = route.name
            // By another name of it.
            let served = state.served[route.name] ?? ServedRoute(route, state.providers, state.instruments)
            return choose(served, in: state)
        case .direct(let candidate):
            guard principal.mayNameProviders else { throw .notAllowed(model, principal) }
            guard candidate.model.isModelName else { throw .noModelName(candidate.model) }
            guard !KeyShape.stands(in: candidate.model), state.secrets.masking(candidate.model) == candidate.model
            else {
                throw .keyAsModel
            }
            let served = ServedRoute(naming: candidate, state.providers, state.instruments)
            return RouteChoice(served: served, upstreams: served.upstreams, rehearsal: nil)
        case .unknown where principal.mayNameProviders && state.routes.provider(model) != nil:
            throw .modelMissing(of: model)
        case .unknown(let suggestion):
            throw .unknownModel(model, suggestion)
        case .modelNotServed(let provider, let model, let served):
            guard principal.mayNameProviders else { throw .notAllowed("\(provider)/\(model)", principal) }
            throw .unlisted(provider: provider, model: model, served: served)
        case .providerUnavailable(let provider, let reason):
            guard principal.mayNameProviders else { throw .notAllowed(model, principal) }
            throw Problem(.unavailable, "The provider \"\(provider)\" is not in service: \(reason).")
        }
    }

    // MARK: Refuse: the answer is ours, in the caller's dialect

    private func refuse(_ call: Call, _ problem: Problem, _ reply: any CallerReply, _ record: RequestRecord) {
        record.reason = record.reason ?? problem.code ?? problem.message
        switch problem.kind {
        case .limited: record.outcome = .limited
        case .badUpstream, .unavailable, .outOfOrder, .deadline, .internalFailure, .gone: record.outcome = .failed
        default: record.outcome = .refused
        }
        guard !reply.hasBegun else {
            // Too late for a status: only a cut connection is honest.
            record.outcome = .truncated
            return reply.abort()
        }
        record.status = problem.kind.status
        let (head, body) = refusal(call, problem, record)
        record.responseBytes = body.readableBytes
        reply.send(head, body: body)
    }

    private func refusal(_ call: Call, _ problem: Problem, _ record: RequestRecord) -> (ResponseHead, ByteBuffer) {
        var head = ResponseHead(status: problem.kind.status)
        head.addHoldfastFields(call, record, servedBy: nil)
        head.addFields(of: problem)
        call.door.addErrorFields(of: problem, to: &head.fields)
        return (head, call.door.encodeProblem(problem, requestID: call.id))
    }

    /// The time to drain is over: the caller is told, not just left.
    private func cutOff(_ call: Call, _ reply: any CallerReply, _ record: RequestRecord) async {
        let problem = Problem(
            .unavailable, "This Holdfast shut down before the answer was whole; send the request again.",
            code: "shutting_down", retryAfter: 1)
        countCutOff()
        guard reply.hasBegun else { return refuse(call, problem, reply, record) }
        record.outcome = .truncated
        record.reason = problem.code
        await reply.breakOff(with: call.door.encodeStreamProblem(problem, requestID: call.id))
    }

    // MARK: Settle: what it cost counts against the key's limits

    private func settle(_ call: Call, _ record: RequestRecord, in state: GatewayState) {
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
            if let output = attempt.usage?.output { answerSizes.note(output, of: attempt.upstream.id) }
        }
    }
}
