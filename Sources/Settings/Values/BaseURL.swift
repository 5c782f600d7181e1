/// The address at which a provider's API starts, e.g. `https://api.example.com/v1`.
package struct BaseURL: Sendable, Hashable {
    /// True if the scheme is https.
    package var isSecure: Bool
    /// A host name or an address, IPv6 without brackets.
    package var host: String
    /// The one that is written, else 80 or 443.
    package var port: Int
    /// Starts with `/` unless it is empty; never ends with one.
    package var path: String

    /// The reason why a text is not a base URL.
    package enum Refusal: Error, Sendable, Hashable {
        /// The text begins with neither `http://` nor `https://`.
        case scheme
        /// `?` or `#` in it.
        case query
        /// `user:password@` in it: a key belongs into `api_key`.
        case credentials
        /// No host, or not a host, or not a port.
        case host

        /// As it is said of the URL.
        package var words: String {
            switch self {
            case .scheme: "must start with https:// or http://"
            case .query: "may not have a query or a fragment"
            case .credentials: "may not hold a user or a password"
            case .host: "has no valid host and port"
            }
        }

        /// Tells whether the URL may be shown: a query and what is before an @
        /// may be secrets.
        var mayBeShown: Bool {
            switch self {
            case .scheme, .host: true
            case .query, .credentials: false
            }
        }
    }

    /// Reads the URL; throws what keeps it from being one.
    package init(_ text: String) throws(Refusal) {
        let lower = text.lowercased()
        var rest: Substring
        if lower.hasPrefix("https://") {
            (isSecure, rest) = (true, text.dropFirst(8))
        } else if lower.hasPrefix("http://") {
            (isSecure, rest) = (false, text.dropFirst(7))
        } else {
            throw .scheme
        }
        guard !rest.contains("?"), !rest.contains("#") else { throw .query }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else { throw .credentials }
        rest = rest[authority.endIndex...]
        while rest.last == "/" { rest.removeLast() }
        guard rest.unicodeScalars.allSatisfy({ $0.isASCII && $0.value > 0x20 && $0.value < 0x7F }) else {
            throw .host
        }
        path = String(rest)
        // `[::1]` has colons but no port.
        let hasPort = authority.contains(":") && !authority.hasSuffix("]")
        let complete = hasPort ? String(authority) : "\(authority):\(isSecure ? 443 : 80)"
        guard let address = ListenAddress(complete), address.port > 0 else { throw .host }
        (host, port) = (address.host, address.port)
    }

    /// `scheme://host:port/path`, the port left out where it is the scheme's.
    package var text: String {
        let scheme = isSecure ? "https" : "http"
        let address = ListenAddress(host: host, port: port).description
        let usual = isSecure ? ":443" : ":80"
        return "\(scheme)://\(address.hasSuffix(usual) ? String(address.dropLast(usual.count)) : address)\(path)"
    }

    /// True if the address is on this machine.
    package var isLoopback: Bool { isLoopbackHost(host) }
}
