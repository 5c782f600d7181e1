import Access
import Continuation
import Conversation
import Drills
import Failures
import NIOCore
import Resilience
import Routing

/// A request's attempts: one candidate after the other, as the plan says,
/// until the answer is whole or no candidate is left.
///
/// `Screening.swift` says which candidates may be asked, `Asking.swift` asks
/// one, `Judging.swift` learns from its failure, `Continuing.swift` goes on
/// with a stream that broke off, and `GivingUp.swift` makes the caller's answer
/// when no candidate is left.
///
/// Belongs to the request's task.
final class Attempts {
    let gateway: Gateway
    var admitted: AdmittedCall
    /// In the order in which they are to be asked.
    let upstreams: [Upstream]
    /// The route that the candidates belong to.
    let served: ServedRoute
    /// The drill that runs on the route.
    let rehearsal: Rehearsal?
    let state: GatewayState
    let reply: any CallerReply
    let record: RequestRecord
    /// The stream that the caller receives, of the attempt that sends it now or
    /// sent it last.
    var stream: CallerStream

    var plan: AttemptPlan
    /// Encoded requests, once they were needed.
    var prepared: [(index: Int, attempt: Attempt)] = []
    /// The candidates that weren't asked, each with its reason.
    var passedOver = PassedOver()
    var failures: [(runner: Runner, failed: FailedAttempt, verdict: Verdict)] = []
    /// The caller hears a stream that broke off.
    var interruption: Interruption?
    /// The way in which each candidate is made to continue the answer, where
    /// the first way didn't work. By the candidate's index.
    var manners: [Int: Manner] = [:]

    /// True when another candidate could continue what one began.
    private let keepsJournal: Bool
    private var hasRepeatedStale = false
    private var trialsLost = 0
    /// Fields that name a model inside the request and were rewritten.
    private var rewritten: Set<String> = []

    init(
        _ gateway: Gateway, _ admitted: AdmittedCall, _ choice: RouteChoice, _ state: GatewayState,
        _ reply: any CallerReply, _ record: RequestRecord
    ) {
        self.gateway = gateway
        self.admitted = admitted
        upstreams = choice.upstreams
        served = choice.served
        rehearsal = choice.rehearsal
        self.state = state
        self.reply = reply
        self.record = record
        plan = AttemptPlan(contexts: upstreams.lazy.map(\.candidate.context))
        keepsJournal = served.route.policy.continues && upstreams.count > 1 && admitted.isContinuable
        stream = CallerStream(
            admitted.call.door, keepsJournal: keepsJournal, promptBytes: record.requestBytes,
            limit: gateway.limits.continuation)
    }

    /// For an attempt that begins at the beginning.
    func newStream() -> CallerStream {
        CallerStream(
            admitted.call.door, keepsJournal: keepsJournal, promptBytes: record.requestBytes,
            limit: gateway.limits.continuation)
    }

    var continuity: Continuity { gateway.continuity }
    var policy: RoutePolicy { served.route.policy }

    /// - Throws: ``Problem`` when nobody can serve and it is for Holdfast to
    ///   say so; `CancellationError`.
    func run() async throws {
        var now = continuity.now
        let deadline = now.tick + policy.deadline - admitted.call.arrived.elapsed()
        // What can be waited for has to leave time for an answer.
        var latest = now.tick + min(policy.patience, policy.deadline)
        if admitted.isHeavy {
            try await gateway.reading.run { self.screenAll() }
        } else {
            screenAll()
        }
        if policy.stay > .zero { mayStay(now, deadline: deadline) }
        while true {
            try Task.checkCancellation()
            let step = plan.next(
                now: now.tick, latest: latest, standing: { [now] in standing(of: $0, now) },
                mayRepeat: { [now] in
                    continuity.book.mayRepeat(at: upstreams[$0].candidate.provider, now: now)
                })
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
            now = continuity.now
        }
    }

    private func screenAll() { for index in upstreams.indices { screen(index) } }

    private func mayStay(_ now: Moment, deadline: Duration) {
        let place = plan.first.flatMap { upstreams[$0].place }
        let named = place.flatMap { continuity.book.namedWait(of: $0, now: now) }
        plan.mayStay(policy.stay, deadline: deadline, named: named, now: now.tick)
    }

    private func end() async throws {
        if let interruption { try await leaveUnfinished(interruption) } else { try giveUp() }
    }

    // MARK: One attempt

    private enum Beginning {
        /// Not this one, not now.
        case passed
        /// The caller has been told the end already.
        case told
        case run(Runner)
    }

    /// - Returns: True when the caller has received the end of its answer.
    private func ask(_ index: Int, _ manner: AttemptPlan.Manner, _ now: Moment) async throws -> Bool {
        if manner == .again { try await Task.sleep(for: continuity.jitter()) }
        let ready =
            admitted.isHeavy
            ? try await gateway.reading.run { self.ready(index, manner) } : ready(index, manner)
        switch begin(index, ready, manner, manner == .again ? continuity.now : now) {
        case .passed: return false
        case .told: return true
        case .run(let runner):
            let outcome = await run(runner)
            runner.endSilence()
            if let race = runner.race { return try await conclude(race, outcome) }
            if case .served = outcome {
                noteSuccess(runner)
                return true
            }
            return try await conclude(runner, outcome)
        }
    }

    // Apart from ``ask(_:_:_:)``, or all of it would stay in memory for as long
    // as an answer streams.
    private func begin(
        _ index: Int, _ ready: Ready?, _ manner: AttemptPlan.Manner, _ now: Moment
    ) -> Beginning {
        guard let attempt = ready?.attempt else { return .passed }
        if case .estimate(let counting, _) = attempt.outgoing.kind, let estimate = ready?.estimate {
            answerEstimate(Runner(index, attempt, nil, stream), counting, estimate)
            return .told
        }
        let book = memory(of: attempt.upstream)
        let entered = book.enter(attempt.place, for: admitted.call.principal.id, now: now)
        // Another request has the trial; the plan sees that at its next look.
        if entered == nil, manner == .first, record.route != nil, !book.isQuiet {
            noteLostTrial(index)
            return .passed
        }
        let permit = entered ?? book.enterInSpite(attempt.place, now: now)
        let isBeginning = record.attempts.isEmpty
        plan.asked(index)
        continuity.book.noteRequest(at: attempt.place.provider, now: now)
        if reply.hasBegun {
            stream.beginAttempt()
        } else if !isBeginning {
            stream = newStream()
        }
        let runner = Runner(index, attempt, permit, stream)
        watch(runner, manner, isBeginning: isBeginning, now)
        return .run(runner)
    }

    /// A request that a candidate can carry, made ready.
    private struct Ready {
        var attempt: Attempt
        /// The tokens of its prompt, where nobody but Holdfast counts them.
        var estimate: Int?
    }

    private func ready(_ index: Int, _ manner: AttemptPlan.Manner) -> Ready? {
        // What failed once may fail for what was added to the request.
        if manner == .again, interruption != nil { manners[index] = .instruction }
        guard let attempt = interruption.map({ resume(index, $0) }) ?? attempt(index) else { return nil }
        guard case .estimate(let counting, let request) = attempt.outgoing.kind else { return Ready(attempt: attempt) }
        return Ready(attempt: attempt, estimate: counting.estimateTokens(request))
    }

    /// Sends it, and brings the answer back.
    func run(_ runner: Runner, beside race: Race? = nil) async -> Runner.Outcome {
        defer { if !stream.handOvers.isEmpty { record.handOvers = stream.handOvers } }
        while true {
            runner.number = record.attempts.count
            record.attempts.append(.init(runner.attempt.upstream, beside: race?.kind))
            reply.admit(runner.attempt.upstream.id)
            do {
                try await exchange(runner)
                return .served
            } catch {
                if let outcome = outcome(of: error, runner) { return outcome }
            }
        }
    }

    /// - Returns: nil where the same is to be sent once more.
    private func outcome(of error: any Error, _ runner: Runner) -> Runner.Outcome? {
        switch error {
        case let failure as LaneFailure:
            record.attempts[runner.number].failure = failure.word
            // Nobody's fault but ours: nothing is learnt, and others can't be
            // reached either.
            if case .ownShortage(let what) = failure { return .other(Problem.ownShortage(what)) }
            // The provider hung up on an idle connection just as we used it:
            // as a rule it has not seen the request, and a fresh connection
            // serves. It may have read the whole, too, so this is an attempt
            // of its own, and the log has both.
            guard !hasRepeatedStale, failure == .closedBeforeHead(reused: true), !runner.stream.hasContributed else {
                return .failed(FailedAttempt(failure, dialect: runner.attempt.provider.errorDialect))
            }
            hasRepeatedStale = true
            return nil
        case let failed as FailedAttempt: return .failed(failed)
        case let interrupted as InterruptedStream: return .interrupted(interrupted)
        case let mismatch as Mismatch: return .mismatch(mismatch)
        default: return .other(error)
        }
    }

    /// Acts on an attempt's outcome.
    /// - Returns: True when the caller has received the end of its answer.
    func conclude(_ runner: Runner, _ outcome: Runner.Outcome) async throws -> Bool {
        let index = runner.index
        switch outcome {
        case .served:
            noteSuccess(runner)
            return true
        case .failed(let failed):
            let byChance = isByChance(failed, of: runner)
            let verdict = await learn(failed.symptom, failed.word, of: runner)
            if interruption != nil, isOurOwnFault(verdict) {
                tryAnotherManner(index, hasDiverged: false)
            } else if try await rewriteNested(verdict) {
                return try await ask(index, .first, continuity.now)
            } else {
                failures.append((runner, failed, verdict))
                plan.failed(
                    index, verdict, now: continuity.now.tick, movesOnRefusal: policy.movesOnRefusal,
                    byChance: byChance)
            }
            return false
        case .interrupted(let interrupted):
            let verdict = await learn(interrupted.symptom, interrupted.word, of: runner)
            return try await interrupt(index, inOurWords(interrupted, verdict, of: runner), verdict)
        case .mismatch(.diverged):
            // It is well, and says something else.
            noteSuccess(runner)
            record.attempts[runner.number].failure = "diverged"
            tryAnotherManner(index, hasDiverged: true)
            return false
        case .mismatch(.unusable(let reason)):
            noteSuccess(runner)
            record.attempts[runner.number].failure = "unusable"
            giveUpContinuing("\(runner.attempt.upstream.id) did not bring it to an end: \(reason)")
            return false
        case .other(let error):
            abandon(runner)
            if let interruption, error is Problem {
                try await leaveUnfinished(interruption)
                return true
            }
            throw error
        }
    }

    /// Returns whether a failure looks like chance: it came at once, from a
    /// candidate that had not failed for a while. Must be called before the
    /// failure is reported to the health memory.
    private func isByChance(_ failed: FailedAttempt, of runner: Runner) -> Bool {
        guard runner.began.elapsed() <= Self.atOnce, failed.mayBeChance, runner.attempt.provider.hosted == nil else {
            return false
        }
        return !memory(of: runner.attempt.upstream).hasFailed(runner.place, now: continuity.now)
    }

    private static var atOnce: Duration { .seconds(1) }

    /// Our own words in place of a provider's about our key or our account:
    /// those are not for the caller.
    private func inOurWords(
        _ interrupted: InterruptedStream, _ verdict: Verdict, of runner: Runner
    ) -> InterruptedStream {
        guard let problem = Problem(between: verdict.cause, and: runner.attempt.provider) else { return interrupted }
        var interrupted = interrupted
        interrupted.reason = problem.code
        interrupted.lastWords = admitted.call.door.encodeStreamProblem(problem, requestID: admitted.call.id)
        return interrupted
    }

    /// Puts the route's replacement where the request names a model that is
    /// gone. Once a field: a table may lead in circles.
    private func rewriteNested(_ verdict: Verdict) async throws -> Bool {
        guard verdict.cause == .nestedReference, let field = verdict.field, !policy.nested.isEmpty,
            rewritten.insert(field).inserted
        else { return false }
        let (known, table) = (admitted, policy.nested)
        let rewrite = { () throws(Problem) -> AdmittedCall? in
            guard let call = known.replacingModel(at: field, by: table) else { return nil }
            return try AdmittedCall(call, isHeavy: known.isHeavy)
        }
        guard let new = known.isHeavy ? try await gateway.reading.run(rewrite) : try rewrite() else { return false }
        admitted = new
        prepared = []
        return true
    }

    /// Between the look at its standing and the leave to enter, somebody else
    /// was faster: the next look finds it open, and the plan goes on from
    /// there.
    private func noteLostTrial(_ index: Int) {
        trialsLost += 1
        if trialsLost == 1 {
            record.skipped.append("\(upstreams[index].id): its breaker lets one request through at a time")
        }
        // Never round and round, whatever memory says.
        if trialsLost > 8 { plan.ruleOut(index) }
    }
}
