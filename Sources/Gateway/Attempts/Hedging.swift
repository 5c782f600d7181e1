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
extension Attempts {
    private func clock(_ upstream: Upstream) -> String {
        admitted.isStream ? upstream.streamClock : upstream.wholeClock
    }

    /// An attempt has something to say.
    func noteLatency(_ runner: Runner) {
        if let race = runner.race, race.kind == .rescue, race.second === runner, race.first.isSilent {
            continuity.hedges.noteOvertaken(after: race.first.began.elapsed(), of: clock(race.first.attempt.upstream))
        }
        guard interruption == nil, policy.hedge != nil || runner.ending != nil else { return }
        continuity.hedges.note(runner.began.elapsed(), of: clock(runner.attempt.upstream))
    }

    // MARK: When

    /// Starts the watch over an attempt that is about to be made.
    /// - Parameter isBeginning: True for the request's first attempt.
    func watch(_ runner: Runner, _ manner: AttemptPlan.Manner, isBeginning: Bool, _ now: Moment) {
        // A large request isn't sent twice, nor made ready on the event loop.
        guard interruption == nil, !admitted.isHeavy, let route = record.route,
            case .request = runner.attempt.outgoing.kind
        else { return }
        let mayBeRescued = mayBeRescued
        if mayBeRescued, isBeginning { continuity.hedges.noteStream(on: route, now: now) }
        if manner == .first, let delay = hedgeDelay(runner, on: route, now) {
            runner.ending = ExchangeEnd()
            let (attempts, running) = (OnLoop(self), OnLoop(runner))
            runner.watch = .timed(
                admitted.call.executor.eventLoop.scheduleTask(in: TimeAmount(delay)) {
                    attempts.value.isSlow(running.value)
                })
        } else if mayBeRescued {
            runner.ending = ExchangeEnd()
            watchSilence(runner)
        }
    }

    /// True when another candidate may be asked beside one that is silent.
    private var mayBeRescued: Bool {
        admitted.isStream && upstreams.count > 1 && policy.silence != .never
    }

    private func watchSilence(_ runner: Runner) {
        let least: Duration =
            if case .after(let limit) = policy.silence { limit } else { continuity.hedges.shortestSilence }
        admitted.call.executor.silent.add(runner, of: self, due: runner.began + TimeAmount(least))
    }

    /// After how long a second request may be sent; nil where none may be.
    private func hedgeDelay(_ runner: Runner, on route: String, _ now: Moment) -> Duration? {
        guard let hedge = policy.hedge else { return nil }
        continuity.hedges.noteRequest(on: route, now: now)
        if let known = continuity.hedges.delay(hedge.quantile, of: clock(runner.attempt.upstream)) { return known }
        guard admitted.isStream, policy.silence != .never else { return nil }
        return silence(of: runner)
    }

    /// After how long without a word a stream is taken to be silent.
    private func silence(of runner: Runner) -> Duration {
        if case .after(let limit) = policy.silence { return limit }
        return continuity.hedges.silence(of: runner.attempt.upstream.streamClock)
    }

    /// Handles an attempt that is slower than the route wants.
    private func isSlow(_ runner: Runner) {
        guard runner.watch != nil else { return }
        runner.watch = nil
        if !ask(beside: runner, .hedge), mayBeRescued { watchSilence(runner) }
    }

    /// Handles an attempt that has sent nothing for a while.
    /// - Returns: The time at which to check again; nil where that isn't
    ///   necessary.
    func isSilent(_ runner: Runner, now: NIODeadline) -> NIODeadline? {
        let limit = runner.began + TimeAmount(silence(of: runner))
        guard limit <= now else { return limit }
        // Where nobody may be asked now, somebody may be in a moment.
        return ask(beside: runner, .rescue) ? nil : now + .seconds(1)
    }

    // MARK: Whom

    /// Asks another candidate, if one may be asked.
    private func ask(beside first: Runner, _ kind: Race.Kind) -> Bool {
        guard first.race?.isOpen ?? true, let second = second(to: first, kind) else { return false }
        let race = first.race ?? Race(kind, first)
        let (attempts, running, shared) = (OnLoop(self), OnLoop(second), OnLoop(race))
        race.enter(
            second,
            Task(executorPreference: admitted.call.executor) {
                let outcome = await attempts.value.run(running.value, beside: shared.value)
                await attempts.value.secondIsOver(running.value, outcome, in: shared.value)
                return outcome
            })
        return true
    }

    /// The one that could answer sooner: the next candidate that is free; for
    /// a hedge also the same once more.
    private func second(to first: Runner, _ kind: Race.Kind) -> Runner? {
        guard let route = record.route else { return nil }
        // A hosted engine that works is silent because it works.
        if kind == .rescue, first.attempt.provider.lane.isAtWork { return nil }
        let now = continuity.now
        var others = upstreams.indices.filter {
            $0 != first.index && plan.mayAsk($0) && standing(of: $0, now) == .free
        }
        if kind == .hedge { others.append(first.index) }
        for index in others {
            guard let attempt = attempt(index) else { continue }
            if kind == .rescue, attempt.provider.lane.isAtWork { continue }
            guard mayAsk(attempt, beside: first, kind, on: route, now),
                let permit = memory(of: attempt.upstream).enter(
                    attempt.place, for: admitted.call.principal.id, now: now)
            else { return nil }
            plan.asked(index)
            continuity.book.noteRequest(at: attempt.place.provider, now: now)
            return Runner(index, attempt, permit, newStream())
        }
        return nil
    }

    private func mayAsk(
        _ attempt: Attempt, beside first: Runner, _ kind: Race.Kind, on route: String, _ now: Moment
    ) -> Bool {
        switch kind {
        case .rescue: return continuity.hedges.mayRescue(on: route, now: now)
        case .hedge:
            guard let share = policy.hedge?.share else { return false }
            return continuity.hedges.mayHedge(on: route, share: share, now: now)
                && continuity.book.mayRepeat(at: attempt.place.provider, now: now)
        }
    }

    // MARK: What came of it

    /// The second is over. Where it failed and the first is still silent, a
    /// third may be asked.
    private func secondIsOver(_ second: Runner, _ outcome: Runner.Outcome, in race: Race) async {
        guard race.kind == .rescue, !race.isFirstOver, race.winner == nil, race.second === second,
            !Task.isCancelled, case .failed(let failed) = outcome
        else { return }
        race.leave()
        let verdict = await learn(failed.symptom, failed.word, of: second)
        failures.append((second, failed, verdict))
        plan.failed(second.index, verdict, now: continuity.now.tick, movesOnRefusal: policy.movesOnRefusal)
        state.instruments.rescued(route: record.route ?? "", won: false)
        if race.isOpen, race.first.isSilent { watchSilence(race.first) }
    }

    /// Concludes a race whose first attempt is over, while the other may still
    /// run.
    /// - Returns: True when the caller has received the end of its answer.
    func conclude(_ race: Race, _ outcome: Runner.Outcome) async throws -> Bool {
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
            for (runner, _) in outcomes { abandon(runner) }
            throw CancellationError()
        }
        return try await conclude(outcomes, race.kind)
    }

    /// Failures first: who has been heard decides what comes next.
    private func conclude(_ outcomes: [(Runner, Runner.Outcome)], _ kind: Race.Kind) async throws -> Bool {
        let isHeard = outcomes.contains { $0.1.wasHeard }
        var isToldTheEnd = false
        var last: (Runner, Runner.Outcome)?
        for (runner, outcome) in outcomes {
            switch outcome {
            case .other(let error):
                abandon(runner)
                // The loser of a race; anything else is nobody's verdict.
                if !(error is CancellationError), !isHeard { throw error }
                noteLoser(runner, kind)
            case .failed(let failed):
                // Where another has been heard, there is nothing left to ask
                // for on this one's behalf.
                if isHeard {
                    await learn(failed.symptom, failed.word, of: runner)
                } else {
                    isToldTheEnd = try await conclude(runner, outcome)
                }
            case .served, .interrupted, .mismatch: last = (runner, outcome)
            }
        }
        if let last { isToldTheEnd = try await conclude(last.0, last.1) }
        return isToldTheEnd
    }

    /// Records an attempt that was ended because another one had the first
    /// word. That is no failure of its own; its cost is the price of asking
    /// both.
    private func noteLoser(_ runner: Runner, _ kind: Race.Kind) {
        plan.overtaken(runner.index)
        switch kind {
        case .hedge: record.attempts[runner.number].failure = RequestRecord.Attempt.lostHedge
        case .rescue:
            record.attempts[runner.number].failure = RequestRecord.Attempt.overtaken
            record.attempts[runner.number].unheard =
                runner.unheard ?? Usage(input: record.requestBytes / 4, output: 0)
        }
    }

    private func noteResult(of race: Race) {
        let route = record.route ?? ""
        let won = race.winner != nil && race.winner === race.second
        switch race.kind {
        case .hedge: state.instruments.hedged(route: route, won: won)
        case .rescue: state.instruments.rescued(route: route, won: won)
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
