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
        let usesCallers = usesCallersCredential(headers)
        let caFile = section.path(of: "ca_file", in: folder, absence: .error)
        let saysProxy = section.node("proxy") != nil
        let ownProxy = proxy()
        var cloud: CloudSettings?
        if dialect == .bedrock {
            guard let read = cloudSettings(&unavailable) else { return nil }
            cloud = read
        } else {
            for key in CloudReader.keys where section.node(key) != nil {
                section.error(key, "goes with dialect bedrock only")
            }
        }
        guard section.node("base_url") != nil || cloud != nil else {
            notes.error(section.position, "\(section.name) needs a base_url")
            return nil
        }
        guard let baseURL = cloud.flatMap(runtimeURL) ?? baseURL() else { return nil }
        if !baseURL.isSecure, !baseURL.isLoopback, section.node("api_key") != nil || cloud != nil || usesCallers {
            let whose = usesCallers ? "its callers' own credentials" : "the key of \(section.name)"
            notes.warning(
                section.place("base_url"),
                "\(section.path("base_url")) is http: \(whose) and every prompt cross the network in clear")
        }
        var remote = RemoteProvider(
            dialect: dialect, baseURL: baseURL, apiKey: apiKey, usesCallersCredential: usesCallers, headers: headers,
            proxy: saysProxy ? ownProxy : .fromEnvironment(notes.environment, for: baseURL), caFile: caFile,
            choices: choices(), minimumTLS: minimumTLS(baseURL),
            server: ServerReader(section: section, dialect: dialect).read(baseURL))
        remote.speaksResponses = speaksResponses(baseURL)
        remote.cloud = cloud
        if cloud != nil, apiKey == nil { remote.apiKey = bearer(&remote) }
        return remote
    }

    /// `responses`
    private func speaksResponses(_ baseURL: BaseURL) -> Bool {
        guard dialect == .openai else {
            let remedy = dialect == .responses ? ", which speaks nothing else" : ": it is OpenAI's"
            if section.node("responses") != nil {
                section.error("responses", "does not go with dialect \(dialect.rawValue)\(remedy)")
            }
            return false
        }
        if let said = section.flag("responses") { return said }
        let known = Flavour(host: baseURL.host, port: baseURL.port)
        return known == .openai || known == .azure
    }

    private func cloudSettings(_ unavailable: inout String?) -> CloudSettings? {
        CloudReader(notes: notes, folder: folder, section: section).read(
            hasKey: section.node("api_key") != nil, &unavailable)
    }

    /// The address of Bedrock in its region, unless the file says another.
    private func runtimeURL(_ cloud: CloudSettings) -> BaseURL? {
        section.node("base_url") == nil ? CloudReader.address("bedrock-runtime", cloud.region) : nil
    }

    /// The key that Amazon's own clients take before all other credentials.
    private func bearer(_ remote: inout RemoteProvider) -> Secret? {
        guard remote.cloud?.credentials == .usual,
            let key = remote.cloud?.environment["AWS_BEARER_TOKEN_BEDROCK"]
        else { return nil }
        remote.cloud?.credentials = nil
        return key
    }

    private enum CredentialOwner: String, CaseIterable { case settings, caller }

    /// `credential`. Nothing that would be a second credential, or ask without a caller, goes with the callers' own.
    private func usesCallersCredential(_ headers: [RemoteProvider.Header]) -> Bool {
        let owner: CredentialOwner? = section.choice("credential")
        guard owner == .caller else { return false }
        if section.node("api_key") != nil {
            section.error("api_key", "does not go with credential: caller; leave one of them out")
        }
        for header in headers where ["authorization", "x-api-key"].contains(header.name.lowercased()) {
            section.error("headers", "may not have \(header.name) beside credential: caller; leave one of them out")
        }
        for key in ["probes", "model_list"] where section.node(key) != nil && section.string(key) != "off" {
            section.error(key, "must be off with credential: caller: nothing is asked without a caller's credential")
        }
        return true
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
