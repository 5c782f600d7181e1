import Access
import Continuation
import Conversation
import Failures
import NIOCore
import Resilience
import Routing

/// The attempts of one request: one candidate after the other, as the plan
/// says, until the answer is whole or no candidate is left.
///
/// The loop decides which attempt comes next and what follows from its
/// outcome. ``CandidateScreening`` says which candidates may be asked,
/// ``AttemptExecutor`` asks one, ``HedgedExecutor`` asks a second one beside
/// it, ``ContinuationExecutor`` goes on with a stream that broke off,
/// ``FailureReporter`` judges failures, and ``FinalAnswer`` is the caller's
/// when no candidate is left. All of them work on the state in here.
///
/// Belongs to the request's task.
final class AttemptLoop {
    let context: RequestContext
    /// The stream that the caller reads; of the attempt that tells it, or told
    /// it last.
    var stream: CallerStream
    var plan: AttemptPlan
    /// Encoded requests, once they were needed.
    var prepared: [(index: Int, attempt: PreparedAttempt)] = []
    /// The candidates that weren't asked, each with its reason.
    var passedOver = PassedOver()
    var failures: [JudgedFailure] = []
    /// The stream that broke off while its caller reads it; nil otherwise.
    var interruption: Interruption?
    /// The ways in which candidates are brought to go on with it, where the
    /// first way failed.
    var modes: [Int: ContinuationMode] = [:]
    /// The provider's no to the caller's own credential, which is the answer.
    var refusalOfCaller: JudgedFailure?
    /// True once a request went out again because its kept-alive connection
    /// had been closed: it happens once.
    var hasRepeatedStale = false

    /// True when another candidate could go on with an answer that broke off.
    private let keepsJournal: Bool
    private var trialsLost = 0
    private(set) var amendments = Amendments()

    init(_ context: RequestContext) {
        self.context = context
        plan = AttemptPlan(contexts: context.upstreams.lazy.map(\.candidate.context))
        keepsJournal = context.policy.continues && context.upstreams.count > 1 && context.request.isContinuable
        stream = CallerStream(context, keepsJournal: keepsJournal)
    }

    /// Returns a stream for an attempt that begins at the beginning.
    func newStream() -> CallerStream { CallerStream(context, keepsJournal: keepsJournal) }

    private var continuity: Continuity { context.continuity }
    private var screening: CandidateScreening { CandidateScreening(loop: self) }
    private var reporter: FailureReporter { FailureReporter(context: context) }
    private var continuation: ContinuationExecutor { ContinuationExecutor(loop: self) }

    /// The state of the request after one step of the loop.
    enum Progress {
        /// The caller has the end of its answer.
        case answered
        /// The plan says what comes next.
        case unanswered
    }

    /// - Throws: ``APIProblem`` when no candidate can serve and Holdfast has to
    ///   say so; `CancellationError`.
    func run() async throws {
        var now = continuity.now
        let deadline = now.tick + context.policy.deadline - context.call.arrived.elapsed()
        var latest = lastMoment(from: now)
        if context.request.isHeavy {
            try await context.gateway.reading.run { self.screening.screenAll() }
        } else {
            screening.screenAll()
        }
        if context.policy.stay > .zero { mayStay(now, deadline: deadline) }
        while true {
            try Task.checkCancellation()
            let step = nextStep(now, latest: latest)
            // No time is left to ask a candidate; that is no failure of one.
            if now.tick >= deadline, !context.record.attempts.isEmpty { return try await end() }
            switch step {
            case .ask(let index, let retry):
                let wasInterrupted = interruption != nil
                if case .answered = try await ask(index, retry, now) { return }
                if !wasInterrupted, interruption != nil { latest = lastMoment(from: continuity.now) }
            case .wait(let until):
                context.record.waited += max(.zero, until - now.tick)
                try await Task.sleep(for: max(.milliseconds(1), until - now.tick))
            case .stop:
                return try await end()
            }
            now = continuity.now
        }
    }

    // Not inlined: what these work with would stay in memory for as long as a
    // stream runs.

    /// The end of the time in which a candidate may be waited for: a wait has to
    /// leave time for an answer.
    @inline(never)
    private func lastMoment(from now: Moment) -> Duration {
        now.tick + min(context.policy.patience, context.policy.deadline)
    }

    @inline(never)
    private func nextStep(_ now: Moment, latest: Duration) -> AttemptPlan.Step {
        plan.next(
            now: now.tick, latest: latest, standing: { screening.standing(of: $0, now) },
            mayRepeat: {
                context.ownCredential(for: context.upstreams[$0]) == nil
                    && continuity.book.mayRepeat(at: context.upstreams[$0].candidate.provider, now: now)
            })
    }

    @inline(never)
    private func mayStay(_ now: Moment, deadline: Duration) {
        let target = plan.first.flatMap { context.upstreams[$0].place }
        let named = target.flatMap { continuity.book.namedWait(of: $0, now: now) }
        plan.mayStay(context.policy.stay, deadline: deadline, named: named, now: now.tick)
    }

    @inline(never)
    private func end() async throws {
        if let interruption {
            try await continuation.leaveUnfinished(interruption)
        } else {
            try FinalAnswer(loop: self).give()
        }
    }

    // MARK: One attempt

    private enum Beginning {
        /// The candidate isn't asked now.
        case passed
        /// The caller has its answer already.
        case answered
        case run(ActiveAttempt)
    }

    private func ask(_ index: Int, _ retry: RetryKind, _ now: Moment) async throws -> Progress {
        switch try await begin(index, retry, now) {
        case .passed: return .unanswered
        case .answered: return .answered
        case .run(let attempt):
            let outcome = await AttemptExecutor(loop: self).run(attempt)
            attempt.endSilence()
            if let race = attempt.race { return try await HedgedExecutor(loop: self).conclude(race, outcome) }
            if case .served = outcome {
                reporter.noteSuccess(attempt)
                return .answered
            }
            return try await conclude(attempt, outcome)
        }
    }

    // Apart from ``ask(_:_:_:)``, or all of it would stay in memory for as long
    // as an answer streams.
    @inline(never)
    private func begin(_ index: Int, _ retry: RetryKind, _ now: Moment) async throws -> Beginning {
        if retry == .again { try await Task.sleep(for: continuity.jitter()) }
        let ready =
            context.request.isHeavy
            ? try await context.gateway.reading.run { self.ready(index, retry) } : ready(index, retry)
        return begin(index, ready, retry, retry == .again ? continuity.now : now)
    }

    private func begin(_ index: Int, _ ready: Ready?, _ retry: RetryKind, _ now: Moment) -> Beginning {
        guard let prepared = ready?.attempt else { return .passed }
        if case .estimate(let counting, _) = prepared.outgoing.kind, let estimate = ready?.estimate {
            AttemptExecutor(loop: self).answerEstimate(
                ActiveAttempt(index, prepared, nil, stream), counting, estimate)
            return .answered
        }
        let token: AttemptToken?
        if context.ownCredential(for: prepared.upstream) != nil {
            token = nil
        } else {
            guard let entered = enter(index, prepared, retry, now) else { return .passed }
            token = entered
            continuity.book.noteRequest(at: prepared.place.provider, now: now)
        }
        let isBeginning = context.record.attempts.isEmpty
        plan.asked(index)
        if context.isTelling {
            stream.beginAttempt()
        } else if !isBeginning {
            stream = newStream()
        }
        let attempt = ActiveAttempt(index, prepared, token, stream)
        attempt.ending = context.liveExchange(with: attempt.upstream)
        HedgedExecutor(loop: self).watch(attempt, retry, isBeginning: isBeginning, now)
        return .run(attempt)
    }

    /// - Returns: nil where another request has the candidate's trial; the plan
    ///   sees that at its next look.
    private func enter(_ index: Int, _ prepared: PreparedAttempt, _ retry: RetryKind, _ now: Moment) -> AttemptToken? {
        let book = context.memory(of: prepared.upstream)
        if let token = book.enter(prepared.place, for: context.call.principal.id, now: now) { return token }
        if retry == .first, context.record.route != nil, !book.isQuiet {
            noteLostTrial(index)
            return nil
        }
        return book.enterInSpite(prepared.place, now: now)
    }

    /// A request that a candidate can carry, made ready.
    private struct Ready {
        var attempt: PreparedAttempt
        /// The tokens of its prompt, where only Holdfast counts them.
        var estimate: Int?
    }

    private func ready(_ index: Int, _ retry: RetryKind) -> Ready? {
        // A request that failed once may fail for what was added to it.
        if retry == .again, interruption != nil { modes[index] = .instruction }
        let prepared = interruption.map { continuation.prepare(index, $0) } ?? screening.prepare(index)
        guard let prepared else { return nil }
        guard case .estimate(let counting, let request) = prepared.outgoing.kind else {
            return Ready(attempt: prepared)
        }
        return Ready(attempt: prepared, estimate: counting.estimateTokens(request))
    }

    // MARK: The outcome of an attempt

    func conclude(_ attempt: ActiveAttempt, _ outcome: AttemptOutcome) async throws -> Progress {
        let index = attempt.index
        switch outcome {
        case .served:
            reporter.noteSuccess(attempt)
            return .answered
        case .failed(let failed): return try await conclude(attempt, failed)
        case .interrupted(let interrupted):
            let verdict = await reporter.report(interrupted.symptom, interrupted.word, of: attempt)
            return try await continuation.interrupt(index, interrupted, verdict, of: attempt)
        case .suspended(let order):
            reporter.abandon(attempt)
            return try await passOver(index, order)
        case .cut(let order, let mayContinue):
            reporter.abandon(attempt)
            return try await continuation.cut(index, order, mayContinue: mayContinue)
        case .mismatch(.diverged):
            // The candidate is well, and says something else.
            reporter.noteSuccess(attempt)
            context.record.attempts[attempt.number].failure = "diverged"
            continuation.tryAnotherMode(index, hasDiverged: true)
            return .unanswered
        case .mismatch(.unusable(let reason)):
            reporter.noteSuccess(attempt)
            context.record.attempts[attempt.number].failure = "unusable"
            continuation.giveUp("\(attempt.upstream.id) did not bring it to an end: \(reason)")
            return .unanswered
        case .other(let error):
            reporter.abandon(attempt)
            if let interruption, error is APIProblem {
                try await continuation.leaveUnfinished(interruption)
                return .answered
            }
            throw error
        }
    }

    /// Goes on without a candidate that a suspension has stopped before the
    /// caller heard of it.
    private func passOver(_ index: Int, _ order: SuspensionOrder) async throws -> Progress {
        if context.isOver(by: order) {
            if let interruption {
                try await continuation.leaveUnfinished(interruption)
                return .answered
            }
            throw order.problem(for: context.record.suspendedSubject, now: context.wall)
        }
        screening.passOver(index, order)
        return .unanswered
    }

    private func conclude(_ attempt: ActiveAttempt, _ failed: FailedAttempt) async throws -> Progress {
        let byChance = isByChance(failed, of: attempt)
        let verdict = await reporter.report(failed.symptom, failed.word, of: attempt)
        if failed.refusesCredential, interruption == nil, context.ownCredential(for: attempt.upstream) != nil {
            // For its owner to mend: nobody else answers in its place.
            refusalOfCaller = JudgedFailure(attempt: attempt, failed: failed, verdict: verdict)
            plan.ruleOutAll()
            return .unanswered
        }
        if interruption != nil, continuation.isOurOwnFault(verdict) {
            continuation.tryAnotherMode(attempt.index, hasDiverged: false)
            return .unanswered
        }
        if case .rewritten = try await rewriteNested(verdict) {
            return try await ask(attempt.index, .first, continuity.now)
        }
        if leavesOutItems(after: failed, of: attempt) {
            return try await ask(attempt.index, .first, continuity.now)
        }
        noteFailure(attempt, failed, verdict, byChance: byChance)
        return .unanswered
    }

    /// Returns whether the candidate is to be asked once more, without the
    /// reasoning that it says it can't read: that of another provider, which Holdfast
    /// has forgotten, as at a restart.
    private func leavesOutItems(after failed: FailedAttempt, of attempt: ActiveAttempt) -> Bool {
        let provider = attempt.provider
        guard let items = context.call.door.items, provider.takesBytes(of: context.call.door),
            let error = failed.error(at: provider, for: context.call.door),
            items.refusesItem(error)
        else { return false }
        let known = screening.foreignItems(to: attempt.upstream, provider)
        let unread = context.request.boundItems.filter { !$0.isRecord && !known.contains($0) }
        guard !unread.isEmpty, amendments.itemsRefused.insert(provider.name).inserted else { return false }
        context.gateway.itemOrigins.noteRefusal(unread.compactMap(\.mark), by: provider.name)
        prepared.removeAll { $0.attempt.provider.name == provider.name }
        return true
    }

    /// Has the plan go on from a failure.
    func noteFailure(
        _ attempt: ActiveAttempt, _ failed: FailedAttempt, _ verdict: Verdict, byChance: Bool = false
    ) {
        failures.append(JudgedFailure(attempt: attempt, failed: failed, verdict: verdict))
        plan.failed(
            attempt.index, verdict, now: continuity.now.tick, movesOnRefusal: context.policy.movesOnRefusal,
            byChance: byChance)
    }

    /// Returns whether a failure looks like chance: it came at once, from a
    /// candidate that had not failed for a while. To be asked before the
    /// failure is reported.
    private func isByChance(_ failed: FailedAttempt, of attempt: ActiveAttempt) -> Bool {
        guard attempt.began.elapsed() <= Self.atOnce, failed.mayBeChance, attempt.provider.hosted == nil else {
            return false
        }
        return !context.memory(of: attempt.upstream).hasFailed(attempt.place, now: continuity.now)
    }

    private static var atOnce: Duration { .seconds(1) }

    private enum Rewriting {
        case rewritten
        case notRewritten
    }

    /// Puts the route's replacement where the request names a model that is
    /// gone. Once a field: a table may lead in circles.
    private func rewriteNested(_ verdict: Verdict) async throws -> Rewriting {
        let table = context.policy.nested
        guard verdict.cause == .nestedReference, let field = verdict.field, !table.isEmpty,
            amendments.rewritten.insert(field).inserted
        else { return .notRewritten }
        let known = context.request
        let rewrite = { () throws(APIProblem) -> AdmittedCall? in
            guard let call = known.replacingModel(at: field, by: table) else { return nil }
            return try AdmittedCall(call, isHeavy: known.isHeavy, isStrict: known.isStrict)
        }
        let new = known.isHeavy ? try await context.gateway.reading.run(rewrite) : try rewrite()
        guard let new else { return .notRewritten }
        context.request = new
        prepared = []
        return .rewritten
    }

    /// Takes note that another request was faster between the look at a
    /// candidate's standing and the permission to enter: the next look finds
    /// the breaker open, and the plan goes on from there.
    private func noteLostTrial(_ index: Int) {
        trialsLost += 1
        if trialsLost == 1 {
            context.record.skipped.append(
                "\(context.upstreams[index].id): its breaker lets one request through at a time")
        }
        // Never round and round, whatever memory says.
        if trialsLost > 8 { plan.ruleOut(index) }
    }
}

/// The changes to a request after which a candidate is asked once more, each of
/// them once.
struct Amendments {
    /// Fields that name a model inside the request and were rewritten.
    var rewritten: Set<String> = []
    /// The providers that get no more reasoning of others, as they have refused it.
    var itemsRefused: Set<String> = []
}

/// An attempt that failed before the caller heard of it, and the verdict on
/// the failure.
struct JudgedFailure {
    let attempt: ActiveAttempt
    let failed: FailedAttempt
    let verdict: Verdict
}
