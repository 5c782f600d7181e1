import Access
import Encodings

/// Writes key files.
enum KeyFileWriter {
    /// The whole file.
    static func text(_ records: [KeyRecord]) -> String {
        var text = """
            # The keys of a Holdfast. Only hashes (SHA-256) are stored, and of a key that signs a salt:
            # a key is shown once, when it is made. `holdfast keys` changes this file; a
            # running server takes over changes at once. Values may be edited by hand, comments
            # below this one are lost at the next change.
            keys:
            """
        if records.isEmpty { text += " []" }
        text += "\n"
        for record in records { text += entry(record) }
        return text
    }

    private static func entry(_ record: KeyRecord) -> String {
        var lines = ["id: \(quote(record.id))", "name: \(quote(record.name))"]
        if let tenant = record.tenant { lines.append("tenant: \(quote(tenant))") }
        switch record.proof {
        case .digest(let digest): lines.append("digest: sha256:\(digest.hex)")
        case .signature(let seed):
            lines += ["salt: \(quote(Base64.encode(seed.salt)))", "server_key: \(seed.version)"]
        }
        if let routes = record.routes { lines.append("routes: \(list(routes.sorted()))") }
        if record.admin { lines.append("admin: true") }
        if let count = record.limits.requestsPerMinute { lines.append("requests_per_minute: \(count)") }
        if let count = record.limits.tokensPerMinute { lines.append("tokens_per_minute: \(count)") }
        if let residency = record.residency { lines.append("residency: \(list(residency))") }
        let exclusions = record.exclusions
        for (name, names) in [
            ("not_labs", exclusions.labs), ("not_hosts", exclusions.hosts), ("not_regions", exclusions.regions),
        ] where !names.isEmpty {
            lines.append("\(name): \(list(names))")
        }
        if record.disclosures.logprobs { lines.append("logprobs: true") }
        if record.disclosures.logitBias { lines.append("logit_bias: true") }
        if !record.forbidden.isEmpty { lines.append("forbid: \(list(record.forbidden))") }
        switch record.notify {
        case .webhook(let name)?: lines.append("notify: \(quote(name))")
        case .url(let url, let secret)?:
            lines += ["notify: \(quote(url))", "notify_secret: \(quote(secret))"]
        case nil: break
        }
        lines.append("created: \(record.created)")
        if let expires = record.expires { lines.append("expires: \(expires)") }
        if let revoked = record.revoked { lines.append("revoked: \(revoked)") }
        return "  - " + lines.joined(separator: "\n    ") + "\n"
    }

    private static func list(_ names: [String]) -> String { "[\(names.map(quote).joined(separator: ", "))]" }

    /// Double quotes, and escapes for what our own reader refuses.
    private static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: result += "\\\(scalar)"
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF, 0xE000...0xE1FF:
                let code = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
