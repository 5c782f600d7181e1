import Access
import Conversation
import Resilience
import Routing

/// A second request while the first is slow, where the route wants it: who
/// says something first is heard, the other is cancelled and not billed.
extension Attempts {
    /// How candidates' times are told apart: a whole answer takes longer than
    /// the beginning of a stream.
    private func clockName(_ upstream: Upstream) -> String {
        "\(record.route ?? "")\n\(upstream.id)\n\(admitted.isStream ? "stream" : "whole")"
    }

    func noteLatency(_ runner: Runner) {
        guard policy.hedge != nil, interruption == nil else { return }
        continuity.hedges.note(runner.began.elapsed(), of: clockName(runner.attempt.upstream))
    }

    /// After how long a second request may be sent; nil where none may be.
    func hedgeDelay(_ attempt: Attempt) -> Duration? {
        // A large request isn't sent twice, nor made ready on the event loop.
        guard let hedge = policy.hedge, interruption == nil, !admitted.isHeavy, let route = record.route,
            case .request = attempt.outgoing.kind
        else { return nil }
        continuity.hedges.noteRequest(on: route, now: continuity.now)
        return continuity.hedges.delay(hedge.quantile, of: clockName(attempt.upstream))
    }

    /// The one that could answer sooner: the next candidate that is free,
    /// else the same once more.
    private func second(to first: Runner, in race: Race) -> Runner? {
        guard let hedge = policy.hedge, let route = record.route else { return nil }
        let now = continuity.now
        let others = upstreams.indices.filter {
            $0 != first.index && plan.mayAsk($0) && standing(of: $0, now) == .free
        }
        for index in others + [first.index] {
            guard let attempt = attempt(index) else { continue }
            let place = attempt.place
            guard continuity.hedges.mayHedge(on: route, share: hedge.share, now: now),
                continuity.book.mayRepeat(at: place.provider, now: now),
                let permit = memory(of: attempt.upstream).enter(
                    place, for: admitted.call.principal.id, now: now)
            else { return nil }
            plan.asked(index)
            continuity.book.noteRequest(at: place.provider, now: now)
            return Runner(index, attempt, permit, newStream(), race: race)
        }
        return nil
    }

    private enum Event: Sendable {
        case late
        case finished(isSecond: Bool, Runner.Outcome)
    }

    /// - Returns: whether the caller has been told the end.
    func race(_ first: Runner, _ race: Race, after delay: Duration) async throws -> Bool {
        let attempts = OnLoop(self)
        var second: Runner?
        var outcomes: [(Runner, Runner.Outcome)] = []
        await withTaskCancellationHandler {
            await withTaskGroup(of: Event.self) { group in
                start(first, in: race, isSecond: false, &group)
                group.addTask {
                    try? await Task.sleep(for: delay)
                    return .late
                }
                var running = 1
                while running > 0, let event = await group.next() {
                    switch event {
                    case .late:
                        guard !race.isDecided, outcomes.isEmpty, !Task.isCancelled else { continue }
                        guard let runner = attempts.value.second(to: first, in: race) else { continue }
                        second = runner
                        running += 1
                        start(runner, in: race, isSecond: true, &group)
                    case .finished(let isSecond, let outcome):
                        running -= 1
                        outcomes.append((isSecond ? second! : first, outcome))
                    }
                }
                group.cancelAll()
            }
        } onCancel: {
            race.cancelAll()
        }
        if Task.isCancelled, !outcomes.contains(where: { $0.1.isServed }) {
            // The caller has gone: no verdict, and a trial is another's.
            for (runner, _) in outcomes { abandon(runner) }
            throw CancellationError()
        }
        if let second { noteHedge(second, outcomes) }
        return try await conclude(outcomes)
    }

    private func start(_ runner: Runner, in race: Race, isSecond: Bool, _ group: inout TaskGroup<Event>) {
        let attempts = OnLoop(self)
        let running = OnLoop(runner)
        let task = Task(executorPreference: admitted.call.executor) {
            await attempts.value.run(running.value, isHedge: isSecond)
        }
        race.enter(runner) { task.cancel() }
        group.addTask { .finished(isSecond: isSecond, await task.value) }
    }

    /// Failures first: who has been heard decides what comes next.
    private func conclude(_ outcomes: [(Runner, Runner.Outcome)]) async throws -> Bool {
        var isToldTheEnd = false
        var last: (Runner, Runner.Outcome)?
        for (runner, outcome) in outcomes {
            switch outcome {
            case .other(let error):
                abandon(runner)
                // The loser of a race; anything else is nobody's verdict.
                if !(error is CancellationError) { throw error }
                record.attempts[runner.number].failure = "hedge_lost"
            case .failed(let failed):
                // Where another has been heard, there is nothing left to ask
                // for on this one's behalf.
                if outcomes.contains(where: { $0.1.wasHeard }) {
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

    private func noteHedge(_ second: Runner, _ outcomes: [(Runner, Runner.Outcome)]) {
        let won = outcomes.contains { runner, outcome in
            if case .served = outcome { runner === second } else { false }
        }
        state.instruments.hedged(route: record.route ?? "", won: won)
    }
}

/// Something of a request that goes to a task of the same request.
// All tasks of a request run on its one event loop, so that nobody else
// touches what is inside.
private struct OnLoop<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
