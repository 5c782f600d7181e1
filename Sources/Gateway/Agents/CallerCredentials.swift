package import Access
package import Failures
package import Resilience
import Synchronization

/// The memory of what providers have said to callers' own credentials: until
/// when one is to wait, and which models are gone for it.
///
/// It holds digests, is bounded, and lasts a minute at the most: nothing asks
/// in the caller's place whether it is still so. It moves requests of the same
/// credential to another candidate, and refuses none. Another credential's
/// requests, and those under Holdfast's own, never see it.
package final class CallerCredentials: Sendable {
    private struct Place: Hashable {
        var credential: KeyDigest
        /// `provider/model`.
        var candidate: String
    }

    private struct Standing {
        var until: Duration
        var cause: Cause
    }

    private let known = Mutex<AgingTable<Place, Standing>>(AgingTable(generation: 2048))
    /// However long a provider says.
    package static let longest = Duration.seconds(60)

    package init() {}

    /// The number of places that are remembered.
    package var count: Int { known.withLock { $0.count } }

    package func note(_ verdict: Verdict, to credential: KeyDigest, at candidate: String, now: Duration) {
        let time: Duration
        switch verdict.cause {
        case .throttled: time = min(max(.milliseconds(250), verdict.retryAfter ?? .seconds(1)), Self.longest)
        case .withdrawn, .exhausted: time = Self.longest
        default: return
        }
        let standing = Standing(until: now + time, cause: verdict.cause)
        known.withLock { $0[Place(credential: credential, candidate: candidate)] = standing }
    }

    package func noteAnswer(to credential: KeyDigest, at candidate: String) {
        known.withLock { $0.remove(Place(credential: credential, candidate: candidate)) }
    }

    package func standing(of credential: KeyDigest, at candidate: String, now: Duration) -> TargetState {
        let known = known.withLock { $0[Place(credential: credential, candidate: candidate)] }
        guard let known, known.until > now else { return .free }
        return known.cause == .throttled
            ? .waiting(until: known.until, known.cause) : .open(until: known.until, known.cause)
    }
}
