/// An HTTP proxy that a provider is reached through with CONNECT.
package struct ProxyAddress: Sendable, Hashable {
    /// The proxy's own host, IPv6 without brackets.
    package var host: String
    /// The proxy's port; 3128 does not count as usual, 80 does.
    package var port: Int
    /// `user:password` for `Proxy-Authorization: Basic`, not yet encoded.
    package var credentials: Secret?

    /// Reads `http://host:port` or `http://user:password@host:port` (with
    /// percent escapes in the credentials left as they are); nil for anything
    /// else, an https proxy too.
    package init?(_ text: String) {
        guard text.lowercased().hasPrefix("http://") else { return nil }
        var authority = text.dropFirst(7)
        if let at = authority.lastIndex(of: "@") {
            credentials = Secret(String(authority[..<at]))
            authority = authority[authority.index(after: at)...]
        }
        guard let url = try? BaseURL("http://\(authority)"), url.path.isEmpty else { return nil }
        (host, port) = (url.host, url.port)
    }

    /// The proxy that the environment names for a URL: `HTTPS_PROXY` or
    /// `https_proxy` for https, unless `NO_PROXY` or `no_proxy` lists the
    /// host; none for http and none for this machine.
    package static func fromEnvironment(_ environment: [String: String], for url: BaseURL) -> ProxyAddress? {
        guard url.isSecure, !url.isLoopback,
            let text = environment["HTTPS_PROXY"] ?? environment["https_proxy"], !text.isEmpty
        else { return nil }
        let exempt = (environment["NO_PROXY"] ?? environment["no_proxy"] ?? "").split(separator: ",")
        for entry in exempt.map({ $0.filter { $0 != " " }.lowercased() }) where !entry.isEmpty {
            let name = entry.hasPrefix(".") ? String(entry.dropFirst()) : entry
            let host = url.host.lowercased()
            if name == "*" || host == name || host.hasSuffix(".\(name)") { return nil }
        }
        return ProxyAddress(text.contains("://") ? text : "http://\(text)")
    }
}
