/// The authenticated caller of a request: a valid key and its limits.
///
/// Only `KeyRing.authenticate` creates principals, so a value of this type proves that the key was checked.
package final class Principal: Sendable {
    /// The stored record of the key.
    package let record: KeyRecord
    /// Nil for a key without limits.
    package let limiter: RateLimiter?

    init(record: KeyRecord, limiter: RateLimiter?) {
        self.record = record
        self.limiter = limiter
    }

    /// The key's id, for logs.
    package var id: String { record.id }

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
