/// An address that may hand out credentials: over https, or on a network that
/// ends at this machine.
///
/// Over plain http anywhere else, everybody on the way could read the
/// credential, and an environment variable could send a token abroad.
package struct CredentialURL: Sendable, Hashable {
    /// Without a slash at its end.
    package let text: String

    /// - Parameter name: The variable that says it, for messages.
    package init(_ text: String, from name: String) throws(CredentialProblem) {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard let host = Self.host(of: text) else {
            throw CredentialProblem("\(name) must be an http or https address without a user name")
        }
        guard text.hasPrefix("https://") || Self.isLocal(host) else {
            throw CredentialProblem(
                "\(name) has http and the host \(host): credentials are fetched over https, or from a loopback or "
                    + "link-local address")
        }
        self.text = text
    }

    /// The address of something below.
    func appending(_ path: String) -> String { text + path }

    /// Nil for anything but an address with a host and without a user name.
    private static func host(of url: String) -> String? {
        let rest: Substring
        if url.hasPrefix("https://") {
            rest = url.dropFirst(8)
        } else if url.hasPrefix("http://") {
            rest = url.dropFirst(7)
        } else {
            return nil
        }
        guard url.utf8.count <= 2048, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { return nil }
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            return String(authority[authority.index(after: authority.startIndex)..<end]).lowercased()
        }
        let host = authority.prefix { $0 != ":" }
        return host.isEmpty ? nil : host.lowercased()
    }

    /// Loopback and link-local addresses, and those that Amazon has for this
    /// purpose on its machines.
    private static func isLocal(_ host: String) -> Bool {
        if ["localhost", "::1", "fd00:ec2::23", "fd00:ec2::254"].contains(host) { return true }
        // fe80::/10
        if let first = host.split(separator: ":").first, host.contains(":"), first.utf8.count == 4,
            let number = UInt16(first, radix: 16), number & 0xFFC0 == 0xFE80
        {
            return true
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return false }
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } && (part == "0" || part.first != "0")
                ? UInt8(part) : nil
        }
        guard numbers.count == 4 else { return false }
        return numbers[0] == 127 || numbers[0] == 169 && numbers[1] == 254
    }
}
