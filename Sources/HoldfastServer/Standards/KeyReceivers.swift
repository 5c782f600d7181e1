package import Access
package import Settings

/// The receivers of keys' notices, by names that no webhook can have.
package enum KeyReceivers {
    /// The name in the outbox of the receiver of a key's notices; nil where the
    /// key has none.
    package static func name(of record: KeyRecord) -> String? {
        switch record.notify {
        case .webhook(let name)?: name
        case .url?: "key:\(record.id)"
        case nil: nil
        }
    }

    /// The receiver of that name; nil where the key is gone, or tells nobody by
    /// address any more.
    package static func receiver(named name: String, among records: [KeyRecord]) -> Webhook? {
        guard name.hasPrefix("key:"), let record = records.first(where: { $0.id == name.dropFirst(4) }),
            record.revoked == nil, case .url(let url, let secret)? = record.notify
        else { return nil }
        return Webhook(name: name, url: Secret(url), secret: Secret(secret))
    }
}
