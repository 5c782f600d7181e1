import Atomics

/// The keys of one moment, by digest. Immutable; `KeyRing` swaps whole tables.
final class KeyTable: AtomicReference, Sendable {
    private let principals: [KeyDigest: Principal]
    /// The principal of callers that present no key, if keys are switched off.
    let anonymous: Principal?

    /// Limits go on from where they stood in `previous` for every key that it
    /// has too. Where two records share a digest, the first one counts.
    init(_ records: [KeyRecord], previous: KeyTable?, now: ContinuousClock.Instant) {
        var principals: [KeyDigest: Principal] = [:]
        principals.reserveCapacity(records.count)
        for record in records where principals[record.digest] == nil {
            let known = previous?.principals[record.digest]
            if let known, known.record == record {
                principals[record.digest] = known
                continue
            }
            var limiter: RateLimiter?
            if !record.limits.isEmpty {
                limiter = known?.limiter ?? RateLimiter(record.limits, now: now)
                limiter?.change(to: record.limits, now: now)
            }
            principals[record.digest] = Principal(record: record, limiter: limiter)
        }
        self.principals = principals
        anonymous = nil
    }

    /// The table of a Holdfast whose keys are switched off.
    init(anonymous: Principal) {
        principals = [:]
        self.anonymous = anonymous
    }

    subscript(digest: KeyDigest) -> Principal? { principals[digest] }

    var count: Int { principals.count }

    /// In no order.
    var records: [KeyRecord] { principals.values.map(\.record) }
}
