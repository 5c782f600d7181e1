import Access
import Conversation
import NIOCore
import Resilience
import Routing

/// A second request beside one that says nothing: soon where the route wants
/// to be quick (`hedge`), else once it is silent for far longer than usual
/// (`silence`). Who says something first is heard, the other is ended.
///
/// The first attempt runs on as it was begun, whether or not a second one
/// comes: what all streams would have to pay for is in ``SilentAttempts``.
struct HedgedExecutor {
    let loop: AttemptLoop

    private var context: RequestContext { loop.context }
    private var continuity: Continuity { loop.context.continuity }
    private var policy: RoutePolicy { loop.context.policy }
    private var reporter: FailureReporter { FailureReporter(context: context) }

    private func clock(_ upstream: Upstream) -> String {
        context.request.isStream ? upstream.streamClock : upstream.wholeClock
    }

    /// An attempt has something to say.
    func noteLatency(_ attempt: ActiveAttempt) {
        guard !attempt.provider.usesCallersCredential else { return }
        if let race = attempt.race, race.kind == .rescue, race.second === attempt, race.first.isSilent {
            continuity.hedges.noteOvertaken(after: race.first.began.elapsed(), of: clock(race.first.upstream))
        }
        guard loop.interruption == nil, policy.hedge != nil || attempt.ending?.isWatched == true else { return }
        continuity.hedges.note(attempt.began.elapsed(), of: clock(attempt.upstream))
    }

    // MARK: When

    /// Starts the watch over an attempt that is about to be made.
    /// - Parameter isBeginning: True for the request's first attempt.
    func watch(_ attempt: ActiveAttempt, _ retry: RetryKind, isBeginning: Bool, _ now: Moment) {
        // A large request isn't sent twice, nor made ready on the event loop.
        guard loop.interruption == nil, !context.request.isHeavy, let route = context.record.route,
            case .request = attempt.prepared.outgoing.kind, !attempt.provider.usesCallersCredential
        else { return }
        let mayBeRescued = mayBeRescued
        if mayBeRescued, isBeginning { continuity.hedges.noteStream(on: route, now: now) }
        if retry == .first, let delay = hedgeDelay(attempt, on: route, now) {
            attempt.makeEnding()
            let (hedging, running) = (OnLoop(self), OnLoop(attempt))
            attempt.watch = .timed(
                context.call.executor.eventLoop.scheduleTask(in: TimeAmount(delay)) {
                    hedging.value.isSlow(running.value)
                })
        } else if mayBeRescued {
            attempt.makeEnding()
            watchSilence(attempt)
        }
    }

    /// True when another candidate may be asked beside one that is silent.
    private var mayBeRescued: Bool {
        context.request.isStream && context.upstreams.count > 1 && policy.silence != .never
    }

    private func watchSilence(_ attempt: ActiveAttempt) {
        let least: Duration =
            if case .after(let limit) = policy.silence { limit } else { continuity.hedges.shortestSilence }
        context.call.executor.silent.add(attempt, of: loop, due: attempt.began + TimeAmount(least))
    }

    /// After how long a second request may be sent; nil where none may be.
    private func hedgeDelay(_ attempt: ActiveAttempt, on route: String, _ now: Moment) -> Duration? {
        guard let hedge = policy.hedge else { return nil }
        continuity.hedges.noteRequest(on: route, now: now)
        if let known = continuity.hedges.delay(hedge.quantile, of: clock(attempt.upstream)) { return known }
        guard context.request.isStream, policy.silence != .never else { return nil }
        return silence(of: attempt)
    }

    /// After how long without a word a stream is taken to be silent.
    private func silence(of attempt: ActiveAttempt) -> Duration {
        if case .after(let limit) = policy.silence { return limit }
        return continuity.hedges.silence(of: attempt.upstream.streamClock)
    }

    /// Handles an attempt that is slower than the route wants.
    private func isSlow(_ attempt: ActiveAttempt) {
        guard attempt.watch != nil else { return }
        attempt.watch = nil
        if case .notAsked = ask(beside: attempt, .hedge), mayBeRescued { watchSilence(attempt) }
    }

    /// Handles an attempt that has sent nothing for a while.
    /// - Returns: The time at which to check again; nil where that isn't
    ///   necessary.
    func isSilent(_ attempt: ActiveAttempt, now: NIODeadline) -> NIODeadline? {
        let limit = attempt.began + TimeAmount(silence(of: attempt))
        guard limit <= now else { return limit }
        return switch ask(beside: attempt, .rescue) {
        case .asked: nil
        // A candidate that may not be asked now may be in a moment.
        case .notAsked: now + .seconds(1)
        }
    }

    // MARK: Whom

    private enum Second {
        case asked
        case notAsked
    }

    /// Asks another candidate, if one may be asked.
    private func ask(beside first: ActiveAttempt, _ kind: Race.Kind) -> Second {
        guard first.race?.isOpen ?? true, let second = second(to: first, kind) else { return .notAsked }
        let race = first.race ?? Race(kind, first)
        let (hedging, running, shared) = (OnLoop(self), OnLoop(second), OnLoop(race))
        race.enter(
            second,
            Task(executorPreference: context.call.executor) {
                let outcome = await AttemptExecutor(loop: hedging.value.loop).run(running.value, beside: shared.value)
                await hedging.value.secondIsOver(running.value, outcome, in: shared.value)
                return outcome
            })
        return .asked
    }

    /// The one that could answer sooner: the next candidate that is free; for
    /// a hedge also the same once more.
    private func second(to first: ActiveAttempt, _ kind: Race.Kind) -> ActiveAttempt? {
        guard let route = context.record.route else { return nil }
        // A hosted engine that works is silent because it works.
        if kind == .rescue, first.provider.lane.isAtWork { return nil }
        let now = continuity.now
        let screening = CandidateScreening(loop: loop)
        var others = context.upstreams.indices.filter {
            $0 != first.index && loop.plan.mayAsk($0) && screening.standing(of: $0, now) == .free
                // Nobody's own credential pays for the same twice.
                && context.upstreams[$0].provider?.usesCallersCredential != true
        }
        if kind == .hedge { others.append(first.index) }
        for index in others {
            guard let prepared = screening.prepare(index) else { continue }
            if kind == .rescue, prepared.provider.lane.isAtWork { continue }
            guard mayAsk(prepared, beside: first, kind, on: route, now),
                let token = context.memory(of: prepared.upstream).enter(
                    prepared.place, for: context.call.principal.id, now: now)
            else { return nil }
            loop.plan.asked(index)
            continuity.book.noteRequest(at: prepared.place.provider, now: now)
            let second = ActiveAttempt(index, prepared, token, loop.newStream())
            second.ending = context.liveExchange(with: second.upstream)
            return second
        }
        return nil
    }

    private func mayAsk(
        _ prepared: PreparedAttempt, beside first: ActiveAttempt, _ kind: Race.Kind, on route: String, _ now: Moment
    ) -> Bool {
        switch kind {
        case .rescue: return continuity.hedges.mayRescue(on: route, now: now)
        case .hedge:
            guard let share = policy.hedge?.share else { return false }
            return continuity.hedges.mayHedge(on: route, share: share, now: now)
                && continuity.book.mayRepeat(at: prepared.place.provider, now: now)
        }
    }

    // MARK: What came of it

    /// The second is over. Where it failed, or is suspended, and the first is
    /// still silent, a third may be asked.
    private func secondIsOver(_ second: ActiveAttempt, _ outcome: AttemptOutcome, in race: Race) async {
        guard race.kind == .rescue, !race.isFirstOver, race.winner == nil, race.second === second,
            !Task.isCancelled
        else { return }
        switch outcome {
        case .failed(let failed):
            race.leave()
            let verdict = await reporter.report(failed.symptom, failed.word, of: second)
            loop.noteFailure(second, failed, verdict)
        case .suspended(let order):
            race.leave()
            reporter.abandon(second)
            CandidateScreening(loop: loop).passOver(second.index, order)
        default: return
        }
        context.state.instruments.rescued(route: context.record.route ?? "", won: false)
        if race.isOpen, race.first.isSilent { watchSilence(race.first) }
    }

    /// Concludes a race whose first attempt is over, while the other may still
    /// run.
    func conclude(_ race: Race, _ outcome: AttemptOutcome) async throws -> AttemptLoop.Progress {
        defer { race.dissolve() }
        race.isFirstOver = true
        var outcomes = [(race.first, outcome)]
        if let second = race.second, let task = race.task {
            // Whoever has won has ended the other; both end with the caller.
            let other = await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
            outcomes.append((second, other))
            noteResult(of: race)
        }
        if Task.isCancelled, !outcomes.contains(where: { $0.1.isServed }) {
            // The caller has gone: no verdict, and a trial is another's.
            for (attempt, _) in outcomes { reporter.abandon(attempt) }
            throw CancellationError()
        }
        return try await conclude(outcomes, race.kind)
    }

    /// Failures first: who has been heard decides what comes next.
    private func conclude(
        _ outcomes: [(ActiveAttempt, AttemptOutcome)], _ kind: Race.Kind
    ) async throws -> AttemptLoop.Progress {
        let isHeard = outcomes.contains { $0.1.wasHeard }
        var progress = AttemptLoop.Progress.unanswered
        var last: (ActiveAttempt, AttemptOutcome)?
        for (attempt, outcome) in outcomes {
            switch outcome {
            case .other(let error):
                reporter.abandon(attempt)
                // The loser of a race; anything else is nobody's verdict.
                if !(error is CancellationError), !isHeard { throw error }
                noteLoser(attempt, kind)
            case .suspended(let order):
                if isHeard {
                    reporter.abandon(attempt)
                } else {
                    progress = try await loop.conclude(attempt, .suspended(order))
                }
            case .failed(let failed):
                // Where another has been heard, there is nothing left to ask
                // for on this one's behalf.
                if isHeard {
                    await reporter.report(failed.symptom, failed.word, of: attempt)
                } else {
                    progress = try await loop.conclude(attempt, outcome)
                }
            case .served, .interrupted, .cut, .mismatch: last = (attempt, outcome)
            }
        }
        if let last { progress = try await loop.conclude(last.0, last.1) }
        return progress
    }

    /// Records an attempt that was ended because another one had the first
    /// word. That is no failure of its own; its cost is the price of asking
    /// both.
    private func noteLoser(_ attempt: ActiveAttempt, _ kind: Race.Kind) {
        loop.plan.overtaken(attempt.index)
        switch kind {
        case .hedge: context.record.attempts[attempt.number].failure = AttemptRecord.lostHedge
        case .rescue:
            context.record.attempts[attempt.number].failure = AttemptRecord.overtaken
            context.record.attempts[attempt.number].unheard =
                attempt.unheard ?? Usage(input: context.record.requestBytes / 4, output: 0)
        }
    }

    private func noteResult(of race: Race) {
        let route = context.record.route ?? ""
        let won = race.winner != nil && race.winner === race.second
        switch race.kind {
        case .hedge: context.state.instruments.hedged(route: route, won: won)
        case .rescue: context.state.instruments.rescued(route: route, won: won)
        }
    }
}

/// Something of a request that goes to a task of the same request.
// All tasks of a request run on its one event loop, so that nobody else
// touches what is inside.
private struct OnLoop<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
