import Synchronization

/// The decision whether a key may make another request.
package enum Admission: Sendable, Hashable {
    /// The limit that a key has reached.
    package enum Limit: String, Sendable, Hashable {
        case requests
        case tokens
    }

    /// Go ahead; the request has been counted.
    case allowed
    /// The request is not admitted now. After `retryAfter` the same request is admitted, unless other requests of the
    /// same key come first.
    case limited(Limit, retryAfter: Duration)
}

/// The limits of one key: requests a minute and tokens a minute.
///
/// Shared by all requests of the key. Only keys that have limits have one,
/// so the others never come to its lock; it is held for a few divisions.
package final class RateLimiter: Sendable {
    private struct State {
        var requests: TokenBucket?
        var tokens: TokenBucket?
    }

    private let state: Mutex<State>

    /// Starts with a full minute's worth of both.
    package init(_ limits: RateLimits, now: ContinuousClock.Instant) {
        state = Mutex(
            State(
                requests: limits.requestsPerMinute.map { TokenBucket(perMinute: $0, now: now) },
                tokens: limits.tokensPerMinute.map { TokenBucket(perMinute: $0, now: now) }))
    }

    /// Counts one request, or says which limit it meets and for how long.
    ///
    /// A key without a token left is refused here; others set tokens aside
    /// once it is known how many they may need (``setAside(tokens:now:)``). A
    /// refused request counts against nothing.
    package func admit(now: ContinuousClock.Instant) -> Admission {
        state.withLock { state in
            let requests = state.requests?.wait(for: 1, now: now) ?? .zero
            let tokens = state.tokens?.wait(for: 1, now: now) ?? .zero
            guard max(requests, tokens) == .zero else {
                return .limited(requests >= tokens ? .requests : .tokens, retryAfter: max(requests, tokens))
            }
            state.requests?.spend(1, now: now)
            return .allowed
        }
    }

    /// Takes the tokens that an admitted request may need, or says how long to
    /// wait for them; the request then counts no more. One that may need more
    /// than a minute's worth is let through alone, once that is there whole.
    package func setAside(tokens: Int, now: ContinuousClock.Instant) -> Admission {
        state.withLock { state in
            let wait = state.tokens?.waitToSetAside(tokens, now: now) ?? .zero
            guard wait == .zero else {
                state.requests?.giveBack(1, now: now)
                return .limited(.tokens, retryAfter: wait)
            }
            state.tokens?.spend(tokens, now: now)
            return .allowed
        }
    }

    /// Takes what a finished request used beyond what was set aside for it, or
    /// gives back what it didn't need.
    package func settle(used: Int, setAside: Int, now: ContinuousClock.Instant) {
        state.withLock { state in
            if used > setAside {
                state.tokens?.spend(used - setAside, now: now)
            } else {
                state.tokens?.giveBack(setAside - used, now: now)
            }
        }
    }

    /// Returns the remaining requests and tokens at this moment, for rate-limit headers; negative for a key in debt,
    /// nil where there is no limit.
    package func remaining(now: ContinuousClock.Instant) -> (requests: Int?, tokens: Int?) {
        state.withLock { ($0.requests?.available(now: now), $0.tokens?.available(now: now)) }
    }

    /// Takes over new limits from an edited key file; what was spent under
    /// the old ones stays spent.
    func change(to limits: RateLimits, now: ContinuousClock.Instant) {
        state.withLock { state in
            Self.change(&state.requests, to: limits.requestsPerMinute, now: now)
            Self.change(&state.tokens, to: limits.tokensPerMinute, now: now)
        }
    }

    private static func change(_ bucket: inout TokenBucket?, to perMinute: Int?, now: ContinuousClock.Instant) {
        guard let perMinute else {
            bucket = nil
            return
        }
        if bucket == nil { bucket = TokenBucket(perMinute: perMinute, now: now) }
        bucket?.change(perMinute: perMinute, now: now)
    }
}
