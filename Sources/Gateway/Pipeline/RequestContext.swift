import Conversation
import Resilience
import Routing
import Veto

/// One request after its admission: everything that its attempts and its
/// answer share. Belongs to the request's task.
final class RequestContext {
    let gateway: Gateway
    /// The settings that were in force when the request came.
    let state: GatewayState
    /// The request; another one once a model that it names inside has been
    /// replaced.
    var request: AdmittedCall
    let choice: RouteChoice
    let reply: any CallerReply
    let record: RequestRecord
    /// The release point at which a supervised answer waits; nil for all
    /// others.
    var release: ReleasePoint?

    init(
        _ gateway: Gateway, _ state: GatewayState, _ request: AdmittedCall, _ choice: RouteChoice,
        _ reply: any CallerReply, _ record: RequestRecord
    ) {
        self.gateway = gateway
        self.state = state
        self.request = request
        self.choice = choice
        self.reply = reply
        self.record = record
    }

    var call: Call { request.call }
    /// True when a stream has begun, even if the caller has heard nothing of it.
    var isTelling: Bool { release?.isTelling ?? reply.hasBegun }
    /// The candidates, in the order in which they are asked.
    var upstreams: [Upstream] { choice.upstreams }
    var served: ServedRoute { choice.served }
    var policy: RoutePolicy { choice.served.route.policy }
    /// The drill that runs on the route.
    var rehearsal: Rehearsal? { choice.rehearsal }
    var continuity: Continuity { gateway.continuity }

    /// Returns the place of an exchange among those that suspensions end; nil
    /// where there can be none.
    func liveExchange(with upstream: Upstream) -> LiveExchange? {
        guard let book = gateway.stages.permits else { return nil }
        return LiveExchange(
            book, upstream.permit(in: book), .init(record: record, reply: reply, call: call),
            call.executor)
    }

    /// Returns whether a suspension ends the request itself, and not only one
    /// candidate's part in it.
    func isOver(by order: SuspensionOrder) -> Bool { order.covers(key: record.keyID, route: record.route) }

    /// Returns whether a standby may go on with a stream that a suspension has
    /// ended.
    func mayGoOn(after order: SuspensionOrder) -> Bool { !isOver(by: order) && order.suspension.mayContinue }

    /// Seconds since 1970, by the clock of the permits.
    var wall: Int { gateway.stages.permits?.clock.wall() ?? 0 }

    /// Returns the caller's own credential, where the candidate is asked with
    /// it: nothing that comes of it is remembered but under its digest. Nil for
    /// all others, and while a drill stands before the candidate.
    func ownCredential(for upstream: Upstream) -> CallerCredential? {
        guard upstream.provider?.usesCallersCredential == true, rehearsal?.covers(upstream) != true else { return nil }
        return call.credential
    }

    /// The health memory for a candidate: a drill's own for the candidate that
    /// it pulls, else the real one.
    func memory(of upstream: Upstream) -> HealthBook {
        if let rehearsal, rehearsal.covers(upstream) { rehearsal.book } else { continuity.book }
    }
}
