import Atomics
import NIOCore
package import Resilience
import Routing
import Veto

/// The result of a gate's own request.
package struct GateAnswer: Sendable, Hashable {
    package var result: ProbeResult
    /// The tick at which the request was allowed; 0 where it wasn't.
    package var tick: UInt64
    /// The custody receipt of the weights that answered; nil for models that
    /// others host, and while there is none.
    package var receipt: String?
}

extension Gateway {
    /// The field by which a provider's operator can tell the requests of a
    /// gate, with the suspension's id.
    package static let gateField = "x-holdfast-gate"

    /// Asks a suspended candidate for one token, with words of Holdfast's own,
    /// while its suspension is verifying or half-open. Other suspensions of
    /// the candidate count. Goes on record as ``PermitEvent/askedByGate``.
    ///
    /// - Parameters:
    ///   - candidate: `provider/model`.
    ///   - number: Of the suspension whose gate asks.
    ///   - patience: The time after which it is inconclusive.
    package func askAsGate(
        _ candidate: String, number: Int, within patience: Duration = .seconds(30),
        on executor: EventLoopTaskExecutor
    ) async -> GateAnswer {
        func no(_ reason: String) -> GateAnswer { GateAnswer(result: .impossible(reason), tick: 0, receipt: nil) }
        guard let book = stages.permits else { return no("this Holdfast has no suspensions") }
        _ = book.tick()
        guard let order = book.inForce.orders.first(where: { $0.number == number }) else {
            return no("S\(number) is not in force")
        }
        guard order.lets(number) else { return no("\(order.id) is \(order.phase.name): nothing may be asked yet") }
        guard let known = state.routes.candidate(candidate), let provider = state.providers[known.provider]
        else { return no("\(candidate) is not in service") }
        let asking = GateAsking(order: order)
        let result = await ask(provider, known.model, .whole, within: patience, as: asking, on: executor)
        let answer = GateAnswer(result: result, tick: asking.tick.load(ordering: .acquiring), receipt: provider.receipt)
        if answer.tick > 0 {
            book.note(
                .askedByGate(
                    candidate: known.id, suspension: order.id, tick: answer.tick, answered: result == .answered))
        }
        return answer
    }
}

/// One request of a gate.
struct GateAsking: Sendable {
    let order: SuspensionOrder
    /// The tick at which it was allowed.
    let tick = ManagedAtomic<UInt64>(0)
}
