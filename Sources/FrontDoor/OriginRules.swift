package import NIOHTTP1

/// Which web pages may use the applications' listener (`cors`), and, where no
/// keys are asked for, under which names it is reached (`hosts`).
///
/// Without keys every page that a browser on this machine shows could use it:
/// by its address, or under a name of its own that leads here (DNS rebinding).
/// Both show in `Origin` and `Host`, which pages can't choose.
package struct OriginRules: Sendable, Equatable {
    /// Origins that are answered with the fields of CORS, such as
    /// `https://app.example.com`; in lower case.
    package var origins: Set<String>
    /// Names beside the loopback ones under which it may be reached; nil where
    /// keys are asked for, and names make no difference.
    package var hosts: Set<String>?

    package init(origins: Set<String> = [], hosts: Set<String>? = nil) {
        self.origins = Set(origins.map { $0.lowercased() })
        self.hosts = hosts.map { Set($0.map { $0.lowercased() }) }
    }

    /// Tells whether there is anything to look at.
    var isEmpty: Bool { origins.isEmpty && hosts == nil }

    package enum Objection: Equatable {
        case host(String)
        case origin(String)
    }

    /// Longer ones are none of those that are known, and not worth looking at.
    private static let longest = 300

    /// - Parameter authority: of an absolute target.
    package func objection(to headers: HTTPHeaders, authority: Substring?) -> Objection? {
        guard hosts != nil else { return nil }
        var named = headers["host"]
        if let authority { named = [String(authority)] }
        for host in named where !Self.isPlainLoopback(host) && !isKnown(Self.name(of: host)) { return .host(host) }
        for origin in headers["origin"] where !isKnown(origin: origin) { return .origin(origin) }
        return nil
    }

    /// The origin that the answer's fields name; nil where it isn't one of
    /// those that are listed.
    package func allowedOrigin(_ headers: HTTPHeaders) -> String? {
        guard !origins.isEmpty, let origin = headers.first(name: "origin"), origin.utf8.count <= Self.longest,
            origins.contains(origin.lowercased())
        else { return nil }
        return origin
    }

    /// Tells the usual names apart by their bytes, as every request has one.
    private static func isPlainLoopback(_ host: String) -> Bool {
        for name in ["127.0.0.1", "localhost"] as [StaticString] {
            let length = name.utf8CodeUnitCount
            guard host.utf8.starts(with: UnsafeBufferPointer(start: name.utf8Start, count: length)) else { continue }
            let rest = host.utf8.dropFirst(length)
            return rest.isEmpty
                || rest.first == UInt8(ascii: ":") && rest.count <= 6
                    && rest.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
        }
        return false
    }

    private func isKnown(origin: String) -> Bool {
        guard origin.utf8.count <= Self.longest else { return false }
        let origin = origin.lowercased()
        if origins.contains(origin) { return true }
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            return isKnown(Self.name(of: String(origin.dropFirst(scheme.utf8.count))))
        }
        return false
    }

    private func isKnown(_ name: String) -> Bool {
        Self.isLoopback(name) || hosts?.contains(name) == true
    }

    /// A host without its port, in lower case; brackets stay off.
    static func name(of host: String) -> String {
        guard host.utf8.count <= longest else { return "" }
        var name = host.lowercased()[...]
        if name.first == "[" {
            guard let end = name.firstIndex(of: "]") else { return "" }
            let rest = name[name.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" && isPort(rest.dropFirst()) else { return "" }
            return String(name[name.index(after: name.startIndex)..<end])
        }
        if let colon = name.lastIndex(of: ":") {
            guard isPort(name[name.index(after: colon)...]) else { return "" }
            name = name[..<colon]
        }
        if name.last == "." { name = name.dropLast() }
        return String(name)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.count <= 5 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Names that lead to this machine wherever they are looked up (RFC 6761
    /// §6.3).
    static func isLoopback(_ name: String) -> Bool {
        if name == "localhost" || name.hasSuffix(".localhost") || name == "::1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil && $0.first != "+" }
    }
}
