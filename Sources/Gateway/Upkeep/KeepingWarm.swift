import Conversation
import Failures
import Resilience
import Routing

/// Standbys are asked for a token now and then, so that a dead one is known
/// before it is needed. (One host revokes models that idle for 15 to 30
/// days.)
extension Gateway {
    /// Asks every candidate that has answered nothing for as long as its
    /// route's `keep_warm` says; returns when all have answered.
    package func keepWarm(on executor: EventLoopTaskExecutor) async {
        let due = continuity.dueForWarming(state)
        await withTaskGroup(of: Void.self) { group in
            for (provider, model) in due {
                group.addTask { await self.warm(provider, model, on: executor) }
            }
        }
    }

    private func warm(_ provider: Provider, _ model: String, on executor: EventLoopTaskExecutor) async {
        let place = provider.place(of: model)
        // Who is held, throttled or ill is looked after already.
        guard let permit = continuity.book.enter(place, now: continuity.now) else { return }
        let result = await ask(provider, model, .whole, within: .seconds(30), on: executor)
        state.instruments.warmed(provider: provider.name, result: result)
        switch result {
        case .answered: continuity.succeeded(permit, at: place)
        case .failed(let verdict, let status):
            var report = FailureReport(Judgement(verdict, memory: verdict), status: status)
            report.everAnswered = continuity.hasAnswered(place)
            report.isOwn = true
            note(report, of: permit, at: place, on: executor)
        case .inconclusive, .impossible: continuity.abandoned(permit)
        }
    }
}

extension Continuity {
    /// Returns the models to ask; each counts as asked from here on.
    func dueForWarming(_ state: GatewayState) -> [(Provider, String)] {
        let now = now.tick
        var due: [(Provider, String)] = []
        for route in state.routes.routes {
            guard let period = route.policy.keepWarm else { continue }
            for candidate in route.candidates where candidate.unavailable == nil {
                guard let provider = state.providers[candidate.provider], provider.mayBeProbed,
                    lastWord(of: ServedModel(host: provider.host, model: candidate.model)) + period <= now
                else { continue }
                noteAsked(ServedModel(host: provider.host, model: candidate.model))
                due.append((provider, candidate.model))
            }
        }
        return due
    }
}
