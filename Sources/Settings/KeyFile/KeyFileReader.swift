import Access
import Encodings

/// Reads key files.
enum KeyFileReader {
    private static let keys = [
        "id", "name", "tenant", "digest", "salt", "server_key", "routes", "admin", "requests_per_minute",
        "tokens_per_minute",
        "residency", "not_labs", "not_hosts", "not_regions", "logprobs", "logit_bias", "forbid",
        "notify", "notify_secret", "created", "expires", "revoked",
    ]

    /// 32 MiB, some hundred thousand keys.
    static let longest = 32 << 20

    /// Any problem refuses the whole file: half a key file could let a revoked
    /// key in, or keep a good one out.
    /// - Returns: nil where there is no list of keys: the file is empty, or
    ///   its `keys` are.
    static func read(_ bytes: [UInt8], file: String) throws(KeyFileError) -> [KeyRecord]? {
        // No references: what a key may do must not depend on who reads it.
        let notes = Notes(file: file, environment: [:], readsReferences: false)
        let (root, problems) = Composer(file: file, readsReferences: false, longest: longest).compose(bytes)
        notes.add(problems)
        guard let root else {
            if problems.map(\.message) == ["the file is empty"] { return nil }
            throw .invalid(notes.sorted)
        }
        var records: [KeyRecord] = []
        var ids: Set<String> = []
        var digests: Set<KeyDigest> = []
        var isListed = false
        if !root.isNull, let section = Section(root, name: "", keys: ["keys"], notes: notes),
            let list = section.node("keys")
        {
            if case .list(let nodes) = list.content {
                isListed = true
                for (index, node) in nodes.enumerated() {
                    guard let record = record(node, name: "keys[\(index)]", notes: notes) else { continue }
                    let isNew = record.digest.map { digests.insert($0).inserted } ?? true
                    if !ids.insert(record.id).inserted || !isNew {
                        notes.error(node.position, "keys[\(index)] repeats the id or the digest of another key")
                    }
                    records.append(record)
                }
            } else {
                notes.error(list.position, "keys must be a list, not \(list.kind)")
            }
        }
        guard notes.errorCount == 0 else { throw .invalid(notes.sorted) }
        return isListed ? records : nil
    }

    private static func record(_ node: DocumentNode, name: String, notes: Notes) -> KeyRecord? {
        guard let section = Section(node, name: name, keys: keys, notes: notes) else { return nil }
        let before = notes.errorCount
        let signs = section.node("salt") != nil || section.node("server_key") != nil
        section.requires(signs ? ["id", "name", "salt", "server_key", "created"] : ["name", "digest", "created"])
        let proof = signs ? signature(section) : digest(section)
        let admin = section.flag("admin")
        let limits = RateLimits(
            requestsPerMinute: section.integer("requests_per_minute", in: 1...1_000_000_000),
            tokensPerMinute: section.integer("tokens_per_minute", in: 1...1_000_000_000_000))
        let routes = section.list("routes").map { Set($0.map(\.value)) }
        let residency = section.list("residency").map { $0.map(\.value) }
        let exclusions = Exclusions(
            labs: section.list("not_labs")?.map(\.value) ?? [], hosts: section.list("not_hosts")?.map(\.value) ?? [],
            regions: section.list("not_regions")?.map(\.value) ?? [])
        let disclosures = Disclosures(
            logprobs: section.flag("logprobs") ?? false, logitBias: section.flag("logit_bias") ?? false)
        let forbidden = section.forbidden()
        let notify = notify(section)
        let created = time(section, "created")
        let expires = time(section, "expires")
        let revoked = time(section, "revoked")
        let label = section.string("name")
        let tenant = section.string("tenant")
        let id = section.string("id")
        guard notes.errorCount == before, let label, let proof, let created else { return nil }
        var record: KeyRecord
        switch proof {
        case .digest(let digest):
            record = KeyRecord(name: label, digest: digest, admin: admin ?? false, created: created, id: id)
        case .signature(let seed):
            guard let id = id.flatMap({ SigningKeyID($0) }) else { return nil }
            record = KeyRecord(name: label, id: id, seed: seed, created: created)
        }
        (record.tenant, record.routes, record.limits) = (tenant, routes, limits)
        (record.residency, record.exclusions, record.disclosures) = (residency, exclusions, disclosures)
        (record.forbidden, record.notify) = (forbidden, notify)
        (record.expires, record.revoked) = (expires, revoked)
        return record
    }

    private static func digest(_ section: Section) -> KeyProof? {
        section.value("digest", "must be sha256: and 64 hexadecimal digits") { text in
            text.hasPrefix("sha256:") ? KeyDigest(hex: String(text.dropFirst(7))).map { .digest($0) } : nil
        }
    }

    /// The proof of a key that signs; such a key has no digest, since nobody
    /// presents it, and doesn't administer.
    private static func signature(_ section: Section) -> KeyProof? {
        if section.node("digest") != nil {
            section.error("digest", "does not go with salt and server_key: a key that signs is never presented")
        }
        if section.flag("admin") == true {
            section.error("admin", "does not go with salt and server_key: administrators' keys are presented")
        }
        let id = section.value("id", "must be \(SigningKeyID.prefix) and 16 characters of A-Z and 2-7") {
            SigningKeyID($0)
        }
        let salt = section.value("salt", "must be \(SigningSeed.saltLength) bytes in base 64") { text in
            Base64.decode(text).flatMap { $0.count == SigningSeed.saltLength ? $0 : nil }
        }
        let version = section.integer("server_key", in: 1...999_999)
        guard id != nil, let salt, let version else { return nil }
        return .signature(SigningSeed(salt: salt, version: version))
    }

    private static func notify(_ section: Section) -> KeyNotice? {
        guard let text = section.string("notify") else {
            if section.node("notify_secret") != nil { section.error("notify_secret", "is of no use without notify") }
            return nil
        }
        guard text.contains(":") else {
            if !isName(text) { section.error("notify", "must be the name of a webhook, or an address") }
            if section.node("notify_secret") != nil {
                section.error("notify_secret", "is of no use: the webhook has a secret of its own")
            }
            return .webhook(text)
        }
        guard KeyNotice.isAddress(text) else {
            section.error("notify", "must begin with https:// (or http://), and hold no spaces")
            return nil
        }
        guard let secret = section.string("notify_secret"), secret.utf8.count >= 24 else {
            section.error("notify_secret", "is needed for an address: 24 bytes or more, by which notices are signed")
            return nil
        }
        return .url(text, secret: secret)
    }

    private static func time(_ section: Section, _ key: String) -> UnixTime? {
        section.value(key, "must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z") { UnixTime($0) }
    }
}
