/// Who a request comes from: a key that was found valid, and its limits.
///
/// Only `KeyRing.authenticate` hands these out, so holding one is the proof.
package final class Principal: Sendable {
    /// What is stored of the key.
    package let record: KeyRecord
    /// Nil for a key without limits.
    package let limiter: RateLimiter?

    init(record: KeyRecord, limiter: RateLimiter?) {
        self.record = record
        self.limiter = limiter
    }

    /// The key's id, for logs.
    package var id: String { record.id }

    /// Whether the admin listener takes it.
    package var isAdmin: Bool { record.admin }

    /// The routes it may use; nil is all. What `RouteTable` calls `allowed`.
    package var allowedRoutes: Set<String>? { record.routes }

    /// Whether it may ask for this route.
    package func mayUse(route: String) -> Bool { record.routes?.contains(route) ?? true }

    /// Whether it may ask for `provider/model`: not when it is scoped to
    /// routes, or the scope could be walked around.
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

    /// What is left of its limits, for rate-limit headers; nil where there is
    /// no limit.
    package func remaining(now: @autoclosure () -> ContinuousClock.Instant) -> (requests: Int?, tokens: Int?) {
        limiter?.remaining(now: now()) ?? (nil, nil)
    }
}
