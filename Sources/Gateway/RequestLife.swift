import Access
import Conversation
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
        var drilled: RouteChoice?
        do {
            let admitted = try admit(call, record)
            let choice = try route(admitted, in: state, record)
            if let rehearsal = choice.rehearsal {
                record.drill = RequestRecord.Drill(rehearsal)
                drilled = choice
            }
            try await Attempts(self, admitted, choice, state, reply, record).run()
        } catch let problem as Problem {
            refuse(call, problem, reply, record)
        } catch is CancellationError {
            if reply.isCutOff {
                await cutOff(call, reply, record)
            } else {
                record.outcome = .callerGone
                record.reason = "the caller closed the connection"
                // Its prompt was worked on all the same.
                if record.usage == nil, !record.attempts.isEmpty {
                    record.cost(
                        Usage(input: record.requestBytes / 4, output: 0), of: record.attempts.count - 1,
                        isEstimate: true)
                }
            }
        } catch {
            // Nothing else is thrown on purpose; say so instead of guessing.
            refuse(call, Problem(.internalFailure, "Holdfast failed in a way it did not foresee."), reply, record)
        }
        settle(call, record)
        if let drilled { drilled.rehearsal?.note(record, on: drilled) }
        state.instruments.record(record)
        recorder.record(record)
    }

    // MARK: Admit: may this key make this request, and can it be read?

    private func admit(_ call: Call, _ record: RequestRecord) throws(Problem) -> AdmittedCall {
        if isDraining {
            throw Problem(.unavailable, "This Holdfast is shutting down; send the request again.", retryAfter: 1)
        }
        switch call.principal.admit(now: call.arrived) {
        case .allowed: break
        case .limited(let limit, let wait):
            let seconds = max(1, Int(wait.inSeconds.rounded(.up)))
            throw Problem(
                .limited,
                "The key's limit of \(limit.rawValue) a minute is used up; try again in \(seconds) s.",
                code: "rate_limit_exceeded", retryAfter: seconds)
        }
        let admitted = try AdmittedCall(call)
        record.requested = String(admitted.requestedModel.prefix(200))
        record.isStream = admitted.isStream
        return admitted
    }

    // MARK: Route: who could serve it?

    private func route(
        _ admitted: AdmittedCall, in state: GatewayState, _ record: RequestRecord
    ) throws(Problem) -> RouteChoice {
        let principal = admitted.call.principal
        let model = admitted.requestedModel
        switch state.routes.resolve(model, allowed: principal.allowedRoutes) {
        case .route(let route):
            guard principal.mayUse(route: route.name) else { throw .notAllowed(model, principal) }
            record.route = route.name
            return choose(route, in: state)
        case .direct(let candidate):
            guard principal.mayNameProviders else { throw .notAllowed(model, principal) }
            // Who names a provider wants its answer, whatever it is.
            var policy = RoutePolicy()
            policy.patience = .zero
            return RouteChoice(candidates: [candidate], policy: policy, lead: nil, rehearsal: nil)
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

    /// Who is asked, in which order.
    private func choose(_ route: Route, in state: GatewayState) -> RouteChoice {
        var route = route
        route.candidates = continuity.announcements.dated(route.candidates, in: state.routes)
        let lead = route.policy.order == .ordered ? route.candidates.first?.id : nil
        var ordered = route.order(now: continuity.now.unix) { Int.random(in: 0..<$0) }
        if route.policy.substitution.return != .automatic, !continuity.book.isQuiet {
            // Who is back and not let back yet is relied on last.
            let isWaiting: (Candidate) -> Bool = { candidate in
                guard let provider = state.providers[candidate.provider] else { return false }
                return self.isAwaitingReturn(route, at: provider.place(of: candidate.model))
            }
            ordered = ordered.filter { !isWaiting($0) } + ordered.filter(isWaiting)
        }
        return RouteChoice(
            candidates: ordered, policy: route.policy, lead: lead, rehearsal: drills.rehearsal(on: route.name))
    }

    // MARK: Refuse: the answer is ours, in the caller's dialect

    private func refuse(_ call: Call, _ problem: Problem, _ reply: any CallerReply, _ record: RequestRecord) {
        record.reason = record.reason ?? problem.code ?? problem.message
        switch problem.kind {
        case .limited: record.outcome = .limited
        case .badUpstream, .unavailable, .deadline, .internalFailure, .gone: record.outcome = .failed
        default: record.outcome = .refused
        }
        guard !reply.hasBegun else {
            // Too late for a status: only a cut connection is honest.
            record.outcome = .truncated
            return reply.abort()
        }
        record.status = problem.kind.status
        var head = ResponseHead(status: problem.kind.status)
        head.addHoldfastFields(call, record, servedBy: nil)
        head.addFields(of: problem)
        let body = call.door.encodeProblem(problem, requestID: call.id)
        record.responseBytes = body.readableBytes
        reply.send(head, body: body)
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
        try? await reply.write(call.door.encodeStreamProblem(problem, requestID: call.id))
        reply.abort()
    }

    // MARK: Settle: what it cost counts against the key's limits

    private func settle(_ call: Call, _ record: RequestRecord) {
        let now = ContinuousClock.now
        record.duration = call.arrived.duration(to: now)
        if let usage = record.usage { call.principal.charge(tokens: usage.total, now: now) }
    }
}

/// Who is to be asked for an answer, and how.
struct RouteChoice {
    var candidates: [Candidate]
    var policy: RoutePolicy
    /// The candidate for which others stand in; nil where there is none.
    var lead: String?
    /// The drill that runs on the route.
    var rehearsal: Rehearsal?
}
