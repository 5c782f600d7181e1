import Access

/// Reads key files.
enum KeyFileReader {
    private static let keys = [
        "id", "name", "tenant", "digest", "routes", "admin", "requests_per_minute", "tokens_per_minute",
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
                    let isNew = ids.insert(record.id).inserted && digests.insert(record.digest).inserted
                    if !isNew {
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
        for key in ["name", "digest", "created"] where section.node(key) == nil {
            notes.error(section.position, "\(name) needs a \(key)")
        }
        let digest = section.value("digest", "must be sha256: and 64 hexadecimal digits") { text in
            text.hasPrefix("sha256:") ? KeyDigest(hex: String(text.dropFirst(7))) : nil
        }
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
        guard notes.errorCount == before, let label, let digest, let created else { return nil }
        return KeyRecord(
            name: label, digest: digest, tenant: tenant, routes: routes, admin: admin ?? false, limits: limits,
            residency: residency, exclusions: exclusions, disclosures: disclosures, forbidden: forbidden,
            notify: notify, created: created,
            expires: expires, revoked: revoked, id: id)
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
