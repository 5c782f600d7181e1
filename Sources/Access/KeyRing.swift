import Atomics

/// The result of checking a presented key.
package enum Authentication: Sendable {
    /// A key that counts, or anybody where keys are switched off.
    case granted(Principal)
    /// No key was presented.
    case missing
    /// No such key.
    case unknown
    /// The key was valid until this time.
    case expired(UnixTime)
    /// The key was valid until its owner revoked it.
    case revoked
}

/// The keys that are valid at present.
///
/// A caller presents a key with each request, and the ring returns the key's ``Principal``, or the reason why the key
/// is refused. Only digests of keys are stored, so a copy of the ring or of its file contains no usable key.
///
/// Finding a key takes no lock: the current table is loaded through an atomic reference, the presented text is hashed,
/// and the hash is looked up. An edit of the key file makes a new table, which replaces the old one as a whole; the
/// used part of each key's limits is kept.
package final class KeyRing: Sendable {
    /// Longer texts are no keys of ours and not worth hashing.
    package static let longestKey = 256

    private let table: ManagedAtomic<KeyTable>

    /// Starts with these keys.
    /// - Parameter serverKeys: The keys from which the secrets of those come
    ///   that sign.
    package init(_ records: [KeyRecord], serverKeys: ServerKeys = ServerKeys(), now: ContinuousClock.Instant) {
        table = ManagedAtomic(KeyTable(records, serverKeys, previous: nil, now: now))
    }

    private init(table: KeyTable) { self.table = ManagedAtomic(table) }

    /// Returns a ring for `keys: none`: all callers are the same principal, which may use every route and is not an
    /// admin. Settings allow it on loopback only.
    package static func withoutKeys() -> KeyRing { KeyRing(table: KeyTable(anonymous: .anonymous)) }

    /// Takes over an edited key file. Requests under way keep the principal
    /// they have, which is marked where its key is gone or revoked. Also leaves
    /// the mode without keys.
    /// - Returns: the number of keys that counted before and no longer do.
    @discardableResult
    package func replace(
        with records: [KeyRecord], serverKeys: ServerKeys = ServerKeys(), now: ContinuousClock.Instant
    ) -> Int {
        // One caller at a time in practice (the file watch); with two, the
        // last one to swap wins, and both tables came from the file.
        let previous = table.load(ordering: .acquiring)
        let next = KeyTable(records, serverKeys, previous: previous, now: now)
        table.store(next, ordering: .releasing)
        // Afterwards: nobody is admitted any more with a principal that is
        // marked here.
        return next.revokeMissing(of: previous)
    }

    /// Takes over the mode without keys.
    package func removeKeys() { table.store(KeyTable(anonymous: .anonymous), ordering: .releasing) }

    /// The number of keys, including revoked and expired ones.
    package var count: Int { table.load(ordering: .acquiring).count }

    /// The records of all keys, also of those that are revoked or expired, by
    /// their ids.
    package var records: [KeyRecord] { table.load(ordering: .acquiring).records.sorted { $0.id < $1.id } }

    /// The ids of signing keys whose secrets can't be made, because their version
    /// of the server's key is missing.
    package var unready: [String] { table.load(ordering: .acquiring).unready }

    /// True if keys are switched off.
    package var isOpen: Bool { table.load(ordering: .acquiring).anonymous != nil }

    /// Says whose key this is; nil where the request had none.
    ///
    /// `now` is read only for keys that expire.
    package func authenticate(_ presented: String?, now: @autoclosure () -> UnixTime) -> Authentication {
        let table = table.load(ordering: .acquiring)
        if let anonymous = table.anonymous { return .granted(anonymous) }
        guard let presented, !presented.isEmpty else { return .missing }
        guard presented.utf8.count <= Self.longestKey else { return .unknown }
        return Self.judge(table[KeyDigest(of: presented)], now: now)
    }

    /// Authenticates a key that is in a buffer.
    package func authenticate(
        _ presented: UnsafeRawBufferPointer, now: @autoclosure () -> UnixTime
    ) -> Authentication {
        let table = table.load(ordering: .acquiring)
        if let anonymous = table.anonymous { return .granted(anonymous) }
        guard !presented.isEmpty else { return .missing }
        guard presented.count <= Self.longestKey else { return .unknown }
        return Self.judge(table[KeyDigest(of: presented)], now: now)
    }

    /// Returns the key that a signed request names by its id, before the
    /// signature is checked.
    ///
    /// Not for a server without keys, whose requests ``authenticate(_:now:)``
    /// has let in. `now` is read only for keys that expire.
    package func claim(_ id: String, now: @autoclosure () -> UnixTime) -> SigningClaim {
        let table = table.load(ordering: .acquiring)
        guard SigningKeyID(id) != nil, let (principal, secret) = table.signer(id) else { return .unknown }
        switch Self.judge(principal, now: now) {
        case .granted, .missing: break
        case .unknown: return .unknown
        case .expired(let time): return .expired(time)
        case .revoked: return .revoked
        }
        guard let secret else {
            guard case .signature(let seed) = principal.record.proof else { return .unknown }
            return .unready(version: seed.version)
        }
        return .claimed(ClaimedKey(principal, secret: secret))
    }

    private static func judge(_ principal: Principal?, now: () -> UnixTime) -> Authentication {
        guard let principal else { return .unknown }
        if principal.record.revoked != nil { return .revoked }
        if let expires = principal.record.expires, now() >= expires { return .expired(expires) }
        return .granted(principal)
    }
}

extension Principal {
    /// The id of Holdfast itself, where it makes requests for a drill.
    package static let drillKey = "drill"

    /// Holdfast itself, where it makes requests for a drill.
    package static func drill(_ id: String) -> Principal {
        Principal(
            record: KeyRecord(
                name: "drill", digest: KeyDigest(of: id), created: UnixTime(seconds: 0), id: Self.drillKey),
            limiter: nil)
    }

    /// Everybody, where keys are switched off.
    static let anonymous = Principal(
        record: KeyRecord(
            name: "anonymous", digest: KeyDigest(of: ""), created: UnixTime(seconds: 0), id: "anonymous"),
        limiter: nil)
}
