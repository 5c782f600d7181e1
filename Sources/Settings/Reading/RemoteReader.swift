import Conversation
import Routing

/// A reader of the keys that only providers with a remote API have.
struct RemoteReader {
    let notes: Notes
    let folder: String
    let section: Section
    let dialect: ProviderDialect

    /// Sets `unavailable` when the provider's credential is not there.
    func read(_ unavailable: inout String?) -> RemoteProvider? {
        let apiKey = secret("api_key", &unavailable)
        let headers = headers(&unavailable)
        let caFile = section.path(of: "ca_file", in: folder, absence: .error)
        let saysProxy = section.node("proxy") != nil
        let ownProxy = proxy()
        guard section.node("base_url") != nil else {
            notes.error(section.position, "\(section.name) needs a base_url")
            return nil
        }
        guard let baseURL = baseURL() else { return nil }
        if !baseURL.isSecure, !baseURL.isLoopback, section.node("api_key") != nil {
            notes.warning(
                section.place("base_url"),
                "\(section.path("base_url")) is http: the key of \(section.name) and every prompt cross the network in clear"
            )
        }
        return RemoteProvider(
            dialect: dialect, baseURL: baseURL, apiKey: apiKey, headers: headers,
            proxy: saysProxy ? ownProxy : .fromEnvironment(notes.environment, for: baseURL), caFile: caFile,
            choices: choices(), minimumTLS: minimumTLS(baseURL),
            server: ServerReader(section: section, dialect: dialect).read(baseURL))
    }

    /// `allow`
    private func choices() -> CallerChoices {
        section.words("allow", CallerChoices.names).reduce(into: []) { $0.insert($1) }
    }

    private func minimumTLS(_ baseURL: BaseURL) -> TLSMinimum {
        guard let tls = section.section("tls", keys: ["minimum"]) else { return .v12 }
        if !baseURL.isSecure { section.error("tls", "has no effect: base_url is http") }
        return tls.choice("minimum") ?? .v12
    }

    private func baseURL() -> BaseURL? {
        guard let text = section.text("base_url") else { return nil }
        do {
            return try BaseURL(text.value)
        } catch {
            // Also with another fault, queries and what is before an @ may be
            // secrets.
            let isShown = error.mayBeShown && !text.value.contains { "?@".contains($0) }
            let remedy = error == .credentials ? "; use api_key or headers" : ""
            section.error("base_url", error.words + remedy + (isShown ? ": \(text.shown)" : ""))
            return nil
        }
    }

    private func secret(_ key: String, _ unavailable: inout String?) -> Secret? {
        guard let node = section.node(key) else { return nil }
        return secret(node, section.path(key), &unavailable)
    }

    private func secret(_ node: DocumentNode, _ path: String, _ unavailable: inout String?) -> Secret? {
        guard let text = section.rawText(node, path) else { return nil }
        guard text.missing.isEmpty else {
            unavailable = unavailable ?? notes.absence(of: text.missing)
            return nil
        }
        // Line ends would let a value add header lines of its own.
        guard text.value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F || $0 == "\t" }) else {
            notes.error(text.position, "\(path) has a line end or a control character in it")
            return nil
        }
        return text.value.isEmpty ? nil : Secret(text.value)
    }

    private func headers(_ unavailable: inout String?) -> [RemoteProvider.Header] {
        guard let given = section.named("headers") else { return [] }
        var headers: [RemoteProvider.Header] = []
        var names: Set<String> = []
        for entry in given.entries {
            if !names.insert(entry.key.lowercased()).inserted {
                notes.error(
                    entry.position, "\(given.name) has \"\(shortened(entry.key))\" twice; case makes no difference")
            }
            guard isToken(entry.key) else {
                notes.error(entry.position, "\(quoted(entry.key)) cannot be the name of a header")
                continue
            }
            // These belong to the connection or are counted from the body.
            guard !["host", "content-length", "transfer-encoding", "connection"].contains(entry.key.lowercased())
            else {
                notes.error(entry.position, "\(given.name) may not set \"\(entry.key)\"")
                continue
            }
            let value = secret(entry.value, given.path(entry.key), &unavailable)
            if let value { headers.append(RemoteProvider.Header(name: entry.key, value: value)) }
        }
        return headers
    }

    private func proxy() -> ProxyAddress? {
        guard let text = section.text("proxy"), text.value != "none" else { return nil }
        guard let proxy = ProxyAddress(text.value) else {
            // Not shown: there may be a password in it.
            section.error("proxy", "must be http://host:port, http://user:password@host:port or none")
            return nil
        }
        return proxy
    }
}

/// A header's name, RFC 9110 section 5.6.2.
private func isToken(_ text: String) -> Bool {
    !text.isEmpty
        && text.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
                    || "!#$%&'*+-.^_`|~".unicodeScalars.contains($0))
        }
}
