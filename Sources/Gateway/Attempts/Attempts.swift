import Access
import Continuation
import Conversation
import Failures
import NIOCore
import Resilience
import Routing

/// A request's attempts: one candidate after the other, as the plan says,
/// until the answer is whole or nobody is left.
///
/// Who comes into question stands in `Screening.swift`, how one is asked in
/// `Asking.swift`, how a stream that broke off goes on in `Continuing.swift`,
/// and what the caller is told when nobody is left in `GivingUp.swift`.
///
/// Belongs to the request's task.
final class Attempts {
    let gateway: Gateway
    var admitted: AdmittedCall
    let candidates: [Candidate]
    let policy: RoutePolicy
    let state: GatewayState
    let reply: any CallerReply
    let record: RequestRecord
    let stream: CallerStream

    var plan: AttemptPlan
    /// Encoded requests, once they were needed.
    var prepared: [Int: Attempt] = [:]
    /// Why candidates can't carry the request; the first one is told.
    var refusal: Problem?
    /// Who is out of service; told where nobody refused.
    var outage: Problem?
    var failures: [(index: Int, failed: FailedAttempt, verdict: Verdict)] = []
    /// The caller hears a stream that broke off.
    var interruption: Interruption?
    /// How candidates are brought to go on with it, where the first way
    /// didn't do.
    var manners: [Int: Manner] = [:]

    private var hasRepeatedStale = false
    /// Fields that name a model inside the request and were rewritten.
    private var rewritten: Set<String> = []

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
        stream = CallerStream(
            admitted.call.door, keepsJournal: policy.continues && candidates.count > 1 && admitted.isContinuable,
            promptBytes: record.requestBytes)
    }

    var continuity: Continuity { gateway.continuity }

    /// - Throws: ``Problem`` when nobody can serve and it is for Holdfast to
    ///   say so; `CancellationError`.
    func run() async throws {
        let deadline = continuity.now.tick + ContinuousClock.now.duration(to: admitted.call.arrived + policy.deadline)
        // What can be waited for has to leave time for an answer.
        var latest = continuity.now.tick + min(policy.patience, policy.deadline)
        for index in candidates.indices { screen(index) }
        while true {
            try Task.checkCancellation()
            let now = continuity.now
            let step = plan.next(
                now: now.tick, latest: latest, standing: { standing(of: $0, now) },
                mayRepeat: { continuity.book.mayRepeat(at: candidates[$0].provider, now: now) })
            // There is no time left to ask anybody; that is nobody's failure.
            if now.tick >= deadline, !record.attempts.isEmpty { return try await end() }
            switch step {
            case .ask(let index, let manner):
                let wasInterrupted = interruption != nil
                if try await ask(index, manner, now) { return }
                if !wasInterrupted, interruption != nil {
                    latest = continuity.now.tick + min(policy.patience, policy.deadline)
                }
            case .wait(let until):
                record.waited += max(.zero, until - now.tick)
                try await Task.sleep(for: max(.milliseconds(1), until - now.tick))
            case .stop:
                return try await end()
            }
        }
    }

    private func end() async throws {
        if let interruption { try await leaveUnfinished(interruption) } else { try giveUp() }
    }

    // MARK: One attempt

    /// - Returns: whether the caller has been told the end.
    private func ask(_ index: Int, _ manner: AttemptPlan.Manner, _ now: Moment) async throws -> Bool {
        // What failed once may fail for what was added to the request.
        if manner == .again, interruption != nil { manners[index] = .instruction }
        guard let attempt = interruption.map({ resume(index, $0) }) ?? attempt(index) else { return false }
        let place = attempt.provider.place(of: attempt.candidate.model)
        if manner == .again { try await Task.sleep(for: continuity.jitter()) }
        let permit = continuity.book.enter(place, now: continuity.now)
        // Somebody else has the trial; the plan sees that at its next look.
        if permit == nil, manner == .first, record.route != nil, !continuity.book.isQuiet { return lostTheTrial(index) }
        plan.asked(index)
        continuity.book.noteRequest(at: place.provider, now: now)
        stream.beginAttempt(hasBegun: reply.hasBegun)
        if interruption == nil {
            record.dropped = attempt.outgoing.dropped
            record.standsInFor = nil
            if index > 0, policy.order == .ordered, policy.substitution.isDisclosed {
                record.standsInFor = candidates[0].id
            }
        }
        do {
            defer { record.handOvers = stream.handOvers }
            try await send(attempt)
            continuity.succeeded(permit, at: place)
            return true
        } catch let failed as FailedAttempt {
            let verdict = continuity.classifier.judge(failed.symptom, now: now.unix)
            noteFailure(failed.word, verdict)
            if interruption != nil, isOurOwnFault(verdict) {
                report(verdict, permit, place, failed.symptom)
                tryAnotherManner(index, hasDiverged: false)
                return false
            }
            if try rewriteNested(verdict) {
                report(verdict, permit, place, failed.symptom)
                return try await ask(index, manner, continuity.now)
            }
            fail(index, failed, verdict, permit, place)
            return false
        } catch let interrupted as InterruptedStream {
            let verdict = continuity.classifier.judge(interrupted.symptom, now: now.unix)
            noteFailure(interrupted.word, verdict)
            report(verdict, permit, place, interrupted.symptom)
            return try await interrupt(index, interrupted, verdict)
        } catch Mismatch.diverged {
            // It is well, and says something else.
            continuity.succeeded(permit, at: place)
            record.attempts[record.attempts.count - 1].failure = "diverged"
            tryAnotherManner(index, hasDiverged: true)
            return false
        } catch Mismatch.unusable(let reason) {
            continuity.succeeded(permit, at: place)
            record.attempts[record.attempts.count - 1].failure = "unusable"
            interruption?.reason = "continuation_unusable"
            interruption?.lastWords = admitted.call.door.encodeStreamProblem(
                Problem(
                    .badUpstream,
                    "The answer broke off, and \(attempt.candidate.id) did not bring it to an end: "
                        + "\(reason). Send the request again.", code: "continuation_unusable"),
                requestID: admitted.call.id)
            plan.ruleOutAll()
            return false
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

    private func report(_ verdict: Verdict, _ permit: Permit?, _ place: Place, _ symptom: Symptom) {
        continuity.failed(
            permit, verdict, at: place, status: symptom.status == 0 ? nil : symptom.status,
            streams: admitted.isStream, drill: nil)
    }

    private func fail(_ index: Int, _ failed: FailedAttempt, _ verdict: Verdict, _ permit: Permit?, _ place: Place) {
        report(verdict, permit, place, failed.symptom)
        failures.append((index, failed, verdict))
        plan.failed(index, verdict, now: continuity.now.tick, movesOnRefusal: policy.movesOnRefusal)
    }

    private func send(_ attempt: Attempt) async throws {
        while true {
            record.attempts.append(.init(provider: attempt.candidate.provider, model: attempt.candidate.model))
            do {
                return try await exchange(attempt)
            } catch let failure as LaneFailure {
                record.attempts[record.attempts.count - 1].failure = failure.word
                // The provider hung up on an idle connection just as we used
                // it: it has not seen the request, a fresh connection serves.
                guard !hasRepeatedStale, failure == .closedBeforeHead(reused: true), !stream.hasContributed else {
                    throw FailedAttempt(failure, dialect: attempt.provider.errorDialect)
                }
                hasRepeatedStale = true
            }
        }
    }
}
