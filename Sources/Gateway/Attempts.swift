import Access
import Conversation
import Failures
import NIOCore
import Resilience
import Routing

/// A request's attempts: one candidate after the other, as the plan says,
/// until one has served or nobody is left.
///
/// Belongs to the request's task.
final class Attempts {
    private let gateway: Gateway
    private var admitted: AdmittedCall
    private let candidates: [Candidate]
    private let policy: RoutePolicy
    private let state: GatewayState
    private let reply: any CallerReply
    private let record: RequestRecord

    private var plan: AttemptPlan
    /// Encoded requests, once they were needed.
    private var prepared: [Int: Attempt] = [:]
    /// Why candidates can't carry the request; the first one is told.
    private var refusal: Problem?
    /// Who is out of service; told where nobody refused.
    private var outage: Problem?
    private var hasRepeatedStale = false
    /// Fields that name a model inside the request and were rewritten.
    private var rewritten: Set<String> = []
    private var failures: [(index: Int, failed: FailedAttempt, verdict: Verdict)] = []

    init(
        _ gateway: Gateway, _ admitted: AdmittedCall, _ candidates: [Candidate], _ policy: RoutePolicy,
        _ state: GatewayState, _ reply: any CallerReply, _ record: RequestRecord
    ) {
        self.gateway = gateway
        self.admitted = admitted
        self.candidates = candidates
        self.policy = policy
        self.state = state
        self.reply = reply
        self.record = record
        plan = AttemptPlan(contexts: candidates.map(\.context))
    }

    private var continuity: Continuity { gateway.continuity }

    /// - Throws: ``Problem`` when nobody can serve and it is for Holdfast to
    ///   say so; `CancellationError`.
    func run() async throws {
        let began = continuity.now.tick
        // What can be waited for has to leave time for an answer.
        let latest = began + min(policy.patience, policy.deadline)
        for index in candidates.indices { screen(index) }
        while true {
            try Task.checkCancellation()
            let now = continuity.now
            let step = plan.next(
                now: now.tick, latest: latest, standing: { standing(of: $0, now) },
                mayRepeat: { continuity.book.mayRepeat(at: candidates[$0].provider, now: now) })
            switch step {
            case .ask(let index, let manner):
                if try await ask(index, manner, now) { return }
            case .wait(let until):
                record.waited += max(.zero, until - now.tick)
                try await Task.sleep(for: max(.milliseconds(1), until - now.tick))
            case .stop:
                return try giveUp()
            }
        }
    }

    // MARK: Who comes into question

    /// What is known without asking anybody.
    private func screen(_ index: Int) {
        let candidate = candidates[index]
        if let reason = candidate.unavailable {
            skip(index, reason)
            outage = outage ?? Problem(.unavailable, "Nobody can serve this: \(candidate.id): \(reason).")
        } else if let problem = outsideResidency(candidate) {
            skip(index, "outside the key's residency")
            refusal = refusal ?? problem
        } else if index > 0, let problem = mayNotStandIn(candidate) {
            skip(index, problem)
        } else if state.providers[candidate.provider] == nil {
            skip(index, "not in service")
        }
    }

    private func skip(_ index: Int, _ reason: String) {
        record.skipped.append("\(candidates[index].id): \(reason)")
        plan.ruleOut(index)
    }

    private func outsideResidency(_ candidate: Candidate) -> Problem? {
        guard let regions = admitted.call.principal.record.residency else { return nil }
        if let region = candidate.region, regions.contains(region) { return nil }
        return Problem(
            .forbidden,
            "The key may be served in \(regions.joined(separator: ", ")) only, and no candidate of "
                + "\"\(admitted.requestedModel)\" is there. Ask for another route.", code: "residency")
    }

    /// Whether the route lets it stand in for the first candidate.
    private func mayNotStandIn(_ candidate: Candidate) -> String? {
        let substitution = policy.substitution
        if policy.order == .ordered, let by = substitution.by, !by.contains(candidate.id) {
            return "may not stand in on this route"
        }
        if let regions = substitution.residency, !(candidate.region.map(regions.contains) ?? false) {
            return "outside the regions for stand-ins"
        }
        return nil
    }

    private func standing(of index: Int, _ now: Moment) -> Standing {
        if continuity.book.isQuiet { return .free }
        guard let provider = state.providers[candidates[index].provider] else { return .free }
        let standing = continuity.book.standing(of: provider.place(of: candidates[index].model), now: now)
        // Who names a provider wants its own answer, and there is nobody
        // else to ask; only what a person holds stays held.
        if record.route == nil, case .held(_, let hold) = standing, !isByHand(hold) { return .free }
        return standing
    }

    private func isByHand(_ hold: String) -> Bool {
        continuity.book.holds.contains { $0.id == hold && $0.origin == .administrator }
    }

    /// The request as that candidate wants it; nil if it can't carry it.
    private func attempt(_ index: Int) -> Attempt? {
        if let known = prepared[index] { return known }
        let candidate = candidates[index]
        guard let provider = state.providers[candidate.provider] else { return nil }
        do throws(Problem) {
            // The dialect's own refusal names the field.
            let attempt = Attempt(try admitted.outgoing(to: candidate, at: provider), candidate, provider)
            if let missing = try admitted.needs(beyond: candidate.capabilities).names.first {
                throw Problem(
                    .invalidRequest,
                    "\(candidate.id) can't take this request: `capabilities` of its settings don't name \(missing).",
                    code: "missing_capability")
            }
            prepared[index] = attempt
            return attempt
        } catch {
            skip(index, error.code == "missing_capability" ? error.message : error.field ?? error.code ?? "refused")
            refusal = refusal ?? error
            return nil
        }
    }

    // MARK: One attempt

    /// - Returns: whether the caller has its answer.
    private func ask(_ index: Int, _ manner: AttemptPlan.Manner, _ now: Moment) async throws -> Bool {
        guard let attempt = attempt(index) else { return false }
        let place = attempt.provider.place(of: attempt.candidate.model)
        if manner == .again { try await Task.sleep(for: continuity.jitter()) }
        let permit = continuity.book.enter(place, now: continuity.now)
        // Somebody else has the trial; the plan sees that at its next look.
        if permit == nil, manner == .first, record.route != nil, !continuity.book.isQuiet { return lostTheTrial(index) }
        plan.asked(index)
        continuity.book.noteRequest(at: place.provider, now: now)
        record.dropped = attempt.outgoing.dropped
        record.standsInFor = nil
        if index > 0, policy.order == .ordered, policy.substitution.isDisclosed {
            record.standsInFor = candidates[0].id
        }
        do {
            try await send(attempt)
            continuity.succeeded(permit, at: place)
            return true
        } catch let failed as FailedAttempt {
            let verdict = continuity.classifier.judge(failed.symptom, now: now.unix)
            noteFailure(failed.word, verdict)
            if try rewriteNested(verdict) {
                continuity.failed(permit, verdict, at: place, status: failed.symptom.status, streams: false, drill: nil)
                return try await ask(index, manner, continuity.now)
            }
            fail(index, failed, verdict, permit, place)
            return false
        } catch let interrupted as InterruptedStream {
            // The caller has been told; what it means is still remembered.
            let verdict = continuity.classifier.judge(interrupted.symptom, now: now.unix)
            noteFailure(interrupted.word, verdict)
            continuity.failed(
                permit, verdict, at: place, status: interrupted.symptom.status, streams: true, drill: nil)
            return true
        } catch {
            continuity.abandoned(permit)
            throw error
        }
    }

    /// Puts the route's replacement where the request names a model that is
    /// gone. Once a field: a table may lead in circles.
    private func rewriteNested(_ verdict: Verdict) throws -> Bool {
        guard verdict.cause == .nestedReference, let field = verdict.field, !policy.nested.isEmpty,
            rewritten.insert(field).inserted,
            let call = admitted.replacingModel(at: field, by: policy.nested)
        else { return false }
        admitted = try AdmittedCall(call)
        prepared = [:]
        return true
    }

    private func lostTheTrial(_ index: Int) -> Bool {
        skip(index, "its breaker lets one request through at a time")
        return false
    }

    private func noteFailure(_ word: String, _ verdict: Verdict) {
        guard !record.attempts.isEmpty else { return }
        record.attempts[record.attempts.count - 1].failure = word
        record.attempts[record.attempts.count - 1].cause = verdict.cause.rawValue
        record.attempts[record.attempts.count - 1].rule = verdict.rule
    }

    private func fail(_ index: Int, _ failed: FailedAttempt, _ verdict: Verdict, _ permit: Permit?, _ place: Place) {
        continuity.failed(
            permit, verdict, at: place, status: failed.symptom.status == 0 ? nil : failed.symptom.status,
            streams: admitted.isStream, drill: nil)
        failures.append((index, failed, verdict))
        plan.failed(index, verdict, now: continuity.now.tick, movesOnRefusal: policy.movesOnRefusal)
    }

    private func send(_ attempt: Attempt) async throws {
        while true {
            record.attempts.append(.init(provider: attempt.candidate.provider, model: attempt.candidate.model))
            do {
                return try await gateway.send(
                    attempt, admitted, limits(for: attempt), policy, state, reply, record)
            } catch let failure as LaneFailure {
                record.attempts[record.attempts.count - 1].failure = failure.word
                // The provider hung up on an idle connection just as we used
                // it: it has not seen the request, a fresh connection serves.
                guard !hasRepeatedStale, failure == .closedBeforeHead(reused: true), !reply.hasBegun else {
                    throw FailedAttempt(failure, dialect: attempt.provider.errorDialect)
                }
                hasRepeatedStale = true
            }
        }
    }

    private func limits(for attempt: Attempt) -> AttemptLimits {
        var limits = AttemptLimits()
        limits.firstByte = policy.firstByte
        if admitted.isStream { limits.firstToken = policy.firstToken ?? attempt.provider.firstToken }
        limits.stall = policy.stall
        limits.deadline = admitted.call.arrived + policy.deadline
        return limits
    }

    // MARK: Nobody is left

    private func giveUp() throws {
        if let problem = everyoneIsGone() ?? everyoneIsBusy() { throw problem }
        guard let last = failures.last else {
            throw refusal ?? outage ?? heldProblem()
                ?? Problem(.unavailable, "No candidate of this route is in service.")
        }
        // A verdict on the request itself is the answer, whoever else was
        // asked before or after.
        let told = failures.first { $0.verdict.scope == .request } ?? last
        let attempt = prepared[told.index]!
        if told.verdict.cause == .nestedReference, let field = told.verdict.field {
            throw Problem(
                .invalidRequest,
                "\(attempt.candidate.id) says that a model named inside the request is gone (\(field)): "
                    + "\(told.verdict.words) Name another one there, or have the route's `nested` map it.",
                field: field, code: "nested_model_not_available")
        }
        let relay = gateway.relay(attempt, admitted, policy, state, reply, record)
        switch told.failed.answer {
        case .answer(let head, let body): relay.passOnError(body, head)
        case .whole(let head, let body): try relay.passOnWhole(body, head, movesOnRefusal: false)
        case .event(let error):
            record.reason = error.word
            throw Problem(.badUpstream, "\(attempt.candidate.id) broke off: \(error.message)", code: error.code)
        case .lane(let failure): throw Problem(failure, at: attempt.candidate)
        }
    }

    /// Every candidate is withdrawn, known or just learnt: no use in asking
    /// again. A single one that was asked speaks for itself.
    private func everyoneIsGone() -> Problem? {
        let now = continuity.now
        let standings = candidates.indices.map { standing(of: $0, now) }
        let withdrawn = standings.allSatisfy { if case .held(.withdrawn, _) = $0 { true } else { false } }
        guard withdrawn, !candidates.isEmpty, candidates.count > 1 || failures.isEmpty else { return nil }
        let names = candidates.map(\.id).joined(separator: ", ")
        return Problem(
            .gone,
            "Every model that serves \"\(admitted.requestedModel)\" has been withdrawn by its provider (\(names)). "
                + "Ask for another route; whoever runs this Holdfast can add a candidate or restore one.",
            field: "model", code: "model_withdrawn")
    }

    private func everyoneIsBusy() -> Problem? {
        // What a single candidate said itself is passed on as it is.
        guard failures.isEmpty || candidates.count > 1 else { return nil }
        let now = continuity.now
        var soonest: Duration?
        for index in candidates.indices {
            if case .waiting(let until, _) = standing(of: index, now) { soonest = min(soonest ?? until, until) }
        }
        guard let soonest, failures.allSatisfy({ $0.verdict.scope != .request }) else { return nil }
        let seconds = max(1, Int((soonest - now.tick).inSeconds.rounded(.up)))
        return Problem(
            .limited,
            "Every provider of \"\(admitted.requestedModel)\" limits its rate at present; try again in \(seconds) s.",
            code: "rate_limit_exceeded", retryAfter: seconds)
    }

    private func heldProblem() -> Problem? {
        let now = continuity.now
        for index in candidates.indices {
            if case .held(let cause, _) = standing(of: index, now) {
                return Problem(
                    .unavailable,
                    "\(candidates[index].id) is held (\(cause.rawValue)) and nobody else can serve "
                        + "\"\(admitted.requestedModel)\"; `holdfast status` tells more.", code: "held")
            }
        }
        return nil
    }
}

/// A stream that broke off after the caller had heard some of it.
struct InterruptedStream: Error {
    var symptom: Failures.Symptom
    /// One word for logs.
    var word: String
}
