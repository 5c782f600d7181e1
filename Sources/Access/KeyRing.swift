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
    package init(_ records: [KeyRecord], now: ContinuousClock.Instant) {
        table = ManagedAtomic(KeyTable(records, previous: nil, now: now))
    }

    private init(table: KeyTable) { self.table = ManagedAtomic(table) }

    /// Returns a ring for `keys: none`: all callers are the same principal, which may use every route and is not an
    /// admin. Settings allow it on loopback only.
    package static func withoutKeys() -> KeyRing { KeyRing(table: KeyTable(anonymous: .anonymous)) }

    /// Takes over an edited key file. Requests under way keep the principal
    /// they have. Also leaves the mode without keys.
    package func replace(with records: [KeyRecord], now: ContinuousClock.Instant) {
        // One caller at a time in practice (the file watch); with two, the
        // last one to swap wins, and both tables came from the file.
        let previous = table.load(ordering: .acquiring)
        table.store(KeyTable(records, previous: previous, now: now), ordering: .releasing)
    }

    /// Takes over the mode without keys.
    package func removeKeys() { table.store(KeyTable(anonymous: .anonymous), ordering: .releasing) }

    /// The number of keys, including revoked and expired ones.
    package var count: Int { table.load(ordering: .acquiring).count }

    /// The records of all keys, also of those that are revoked or expired, by
    /// their ids.
    package var records: [KeyRecord] { table.load(ordering: .acquiring).records.sorted { $0.id < $1.id } }

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
