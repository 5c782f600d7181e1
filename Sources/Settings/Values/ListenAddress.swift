/// An address to listen on: an IP address or a host name, and a port.
package struct ListenAddress: Sendable, Hashable {
    /// An IPv4 or IPv6 address (without brackets) or a host name.
    package var host: String
    /// 0 lets the system choose.
    package var port: Int

    /// Takes both as they are; `init(_:)` checks.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:8080`, `localhost:8080` or `[::1]:8080`; nil for
    /// anything else, a port without an address too.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(digits),
            port <= 65535
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || ":.%".contains($0) }) else { return nil }
        } else {
            let letters = host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
            guard !host.isEmpty, letters else { return nil }
        }
        self.host = String(host)
        self.port = port
    }

    /// True if only this machine can reach it.
    package var isLoopback: Bool { isLoopbackHost(host) }
}

extension ListenAddress: CustomStringConvertible {
    /// As `init(_:)` reads it, IPv6 in brackets.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// `localhost`, 127.0.0.0/8 (RFC 1122), `::1` (RFC 4291) and the first two
/// mapped into IPv6. By the text alone: no name is looked up, so a name that
/// merely resolves to loopback does not count.
func isLoopbackHost(_ host: String) -> Bool {
    var host = host.lowercased()
    if host == "localhost" || host.hasSuffix(".localhost") || host == "0:0:0:0:0:0:0:1" || host == "::1" {
        return true
    }
    if host.hasPrefix("::ffff:") { host = String(host.dropFirst(7)) }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
}
