import Access
import Conversation
import Routing
import Veto

/// The permit stage: the suspensions that are in force.
///
/// Asked by every request, before every exchange with a candidate, whatever
/// its reason, and before every write of a stream (``LiveExchange``). A gateway
/// without a ``PermitBook`` pays one comparison with nil.
extension Gateway {
    /// - Throws: ``APIProblem`` where the key or the route is suspended.
    func checkPermit(
        _ choice: RouteChoice, _ request: AdmittedCall, _ book: PermitBook, _ record: RequestRecord
    ) throws(APIProblem) {
        _ = book.tick()
        guard !book.isQuiet else { return }
        let key = request.call.principal.id
        let name = choice.served.route.name
        let route = name.isEmpty ? nil : name
        guard let order = book.inForce.stopping(key: key, route: route, chance: record.id.chance) else { return }
        record.noteSuspension(order.id)
        throw order.problem(for: .request(key: key, route: route), now: book.clock.wall())
    }

    /// Returns the suspension that keeps a candidate from being asked for a
    /// request of this id; nil where none is known that does. The look is for
    /// ``LiveExchange/begin()``, right before the candidate is asked.
    func suspension(of upstream: Upstream, id: String) -> SuspensionOrder? {
        guard let book = stages.permits, !book.isQuiet else { return nil }
        let tick = book.tick()
        let permit = upstream.permit(in: book)
        guard let order = book.inForce.stopping(permit.subject, chance: id.chance) else { return nil }
        book.deny(permit, by: order, at: tick)
        return order
    }

    /// Ends what runs with keys that were revoked, or are gone from the key
    /// file.
    package func endRevoked() { stages.permits?.endRevoked() }

    /// Returns the problem that a suspended candidate is for its caller.
    func problem(of order: SuspensionOrder, at upstream: Upstream) -> APIProblem {
        order.problem(for: .candidate(upstream.id), now: stages.permits?.clock.wall() ?? 0)
    }
}
