import Atomics

/// The authenticated caller of a request: a valid key and its limits.
///
/// Only `KeyRing.authenticate` creates principals, so a value of this type proves that the key was checked.
package final class Principal: Sendable {
    /// The stored record of the key.
    package let record: KeyRecord
    /// Nil for a key without limits.
    package let limiter: RateLimiter?
    /// One for all that a key ever was, so that requests that began before an
    /// edit of its record end with it, too.
    private let ended: ManagedAtomic<Bool>

    /// - Parameter previous: the same key before an edit of its record.
    init(record: KeyRecord, limiter: RateLimiter?, previous: Principal? = nil) {
        self.record = record
        self.limiter = limiter
        ended = previous.flatMap { $0.isRevoked ? nil : $0.ended } ?? ManagedAtomic(false)
    }

    /// The key's id, for logs.
    package var id: String { record.id }

    /// True once the key was revoked, or taken out of the key file, while
    /// requests with it were under way.
    package var isRevoked: Bool { ended.load(ordering: .acquiring) }

    func revoke() { ended.store(true, ordering: .releasing) }

    /// True if the administrators' listener accepts the key.
    package var isAdmin: Bool { record.admin }

    /// The routes it may use; nil is all. What `RouteTable` calls `allowed`.
    package var allowedRoutes: Set<String>? { record.routes }

    /// Returns whether the key may use this route.
    package func mayUse(route: String) -> Bool { record.routes?.contains(route) ?? true }

    /// True if the key may name `provider/model`. A key that is limited to routes may not, since it could bypass the
    /// limitation in this way.
    package var mayNameProviders: Bool { record.routes == nil }

    /// Counts one request against the key's limits.
    package func admit(now: @autoclosure () -> ContinuousClock.Instant) -> Admission {
        // The clock is not even read for a key without limits.
        limiter?.admit(now: now()) ?? .allowed
    }

    /// Tells whether its requests set tokens aside.
    package var hasTokenLimit: Bool { record.limits.tokensPerMinute != nil }

    /// Takes the tokens that an admitted request may need.
    package func setAside(tokens: Int, now: @autoclosure () -> ContinuousClock.Instant) -> Admission {
        limiter?.setAside(tokens: tokens, now: now()) ?? .allowed
    }

    /// Takes the tokens that a finished request used, in place of those that
    /// were set aside for it.
    package func settle(used: Int, setAside: Int, now: @autoclosure () -> ContinuousClock.Instant) {
        limiter?.settle(used: used, setAside: setAside, now: now())
    }

    /// Returns the remaining requests and tokens, for rate-limit headers; nil where there is no limit.
    package func remaining(now: @autoclosure () -> ContinuousClock.Instant) -> (requests: Int?, tokens: Int?) {
        limiter?.remaining(now: now()) ?? (nil, nil)
    }
}
