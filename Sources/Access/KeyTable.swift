import Atomics

/// The keys of one moment, by digest, and by id those that sign. Immutable;
/// `KeyRing` swaps whole tables.
final class KeyTable: AtomicReference, Sendable {
    private struct Signer {
        let principal: Principal
        /// Nil where its version of the server's key is missing.
        let secret: String?
    }

    private let principals: [KeyDigest: Principal]
    private let signers: [String: Signer]
    /// The principal of callers that present no key, if keys are switched off.
    let anonymous: Principal?

    /// Limits go on from where they stood in `previous` for every key that it
    /// has too. Where two records share a digest or an id, the first one counts.
    init(_ records: [KeyRecord], _ serverKeys: ServerKeys, previous: KeyTable?, now: ContinuousClock.Instant) {
        var principals: [KeyDigest: Principal] = [:]
        principals.reserveCapacity(records.count)
        var signers: [String: Signer] = [:]
        for record in records {
            switch record.proof {
            case .digest(let digest) where principals[digest] == nil:
                principals[digest] = .of(record, after: previous?.principals[digest], now: now)
            case .signature(let seed) where signers[record.id] == nil:
                let known = previous?.signers[record.id]?.principal
                signers[record.id] = Signer(
                    principal: .of(record, after: known, now: now),
                    secret: serverKeys.secret(of: record.id, seed))
            case .digest, .signature: break
            }
        }
        self.principals = principals
        self.signers = signers
        anonymous = nil
    }

    /// The table of a Holdfast whose keys are switched off.
    init(anonymous: Principal) {
        principals = [:]
        signers = [:]
        self.anonymous = anonymous
    }

    /// Marks the principals of another table that don't count in this one: their
    /// keys are gone, or revoked.
    /// - Returns: the number of those that counted until now.
    func revokeMissing(of previous: KeyTable) -> Int {
        let bearers = previous.principals.filter { Self.ends($0.value, principals[$0.key]) }.map(\.value)
        let signing = previous.signers.filter { Self.ends($0.value.principal, signers[$0.key]?.principal) }
            .map(\.value.principal)
        for principal in bearers + signing { principal.revoke() }
        return bearers.count + signing.count
    }

    private static func ends(_ known: Principal, _ now: Principal?) -> Bool {
        known.record.revoked == nil && now.map { $0.record.revoked != nil } ?? true
    }

    subscript(digest: KeyDigest) -> Principal? { principals[digest] }

    /// A key that signs, with its secret.
    func signer(_ id: String) -> (principal: Principal, secret: String?)? {
        signers[id].map { ($0.principal, $0.secret) }
    }

    var count: Int { principals.count + signers.count }

    /// In no order.
    var records: [KeyRecord] { principals.values.map(\.record) + signers.values.map(\.principal.record) }

    /// The ids of keys whose secrets can't be made, in their order.
    var unready: [String] { signers.filter { $0.value.secret == nil }.keys.sorted() }
}

extension Principal {
    /// Returns the principal of a record: the one that was known, if nothing of
    /// it has changed, and else a new one, which goes on with what is spent of
    /// the known one's limits.
    fileprivate static func of(
        _ record: KeyRecord, after known: Principal?, now: ContinuousClock.Instant
    ) -> Principal {
        if let known, known.record == record { return known }
        var limiter: RateLimiter?
        if !record.limits.isEmpty {
            limiter = known?.limiter ?? RateLimiter(record.limits, now: now)
            limiter?.change(to: record.limits, now: now)
        }
        return Principal(record: record, limiter: limiter, previous: known)
    }
}
