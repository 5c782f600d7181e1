package import Failures

/// A request, off the request path, to find out whether a hold is still
/// right.
package struct ProbeOrder: Sendable, Hashable {
    package var hold: Hold
    /// Where it showed last; after a restart without what the hold's scope
    /// does not reach.
    package var place: Place
    /// Whether the request that failed was to be answered as a stream.
    package var streams: Bool
    /// Tells this hold from a later one with the same id.
    let serial: UInt64
}

package enum ProbeResult: Sendable, Hashable {
    case answered
    case failed(Verdict, status: Int?)
    /// It says nothing either way, and why.
    case inconclusive(String)
}

/// When holds of a kind are probed.
struct ProbeSchedule: Sendable {
    /// Before the first, the second, …; the last one repeats.
    var waits: [Duration]

    func wait(_ step: Int) -> Duration { waits[min(step, waits.count - 1)] }

    /// Nil where no probe may lift the hold: what is surely withdrawn, what
    /// somebody holds by hand, and what ends by itself.
    init?(_ hold: Hold, _ policy: ResiliencePolicy) {
        guard hold.origin != .administrator, hold.firmness != .timed else { return nil }
        switch hold.cause {
        case .exhausted, .credential: waits = policy.accountProbes
        case .denied: waits = policy.deniedProbes
        default:
            guard hold.firmness == .provisional else { return nil }
            waits = policy.provisionalProbes
        }
        if waits.isEmpty { return nil }
    }
}
