/// A reader of `cors` and `hosts`: the web pages that may use the applications' listener, and the names under which it
/// is reached.
struct OriginReader {
    let file: Section

    func origins() -> [String] {
        guard let section = file.section("cors", keys: ["origins"]) else { return [] }
        var origins: [String] = []
        for text in section.list("origins") ?? [] {
            if let complaint = Self.complaint(text.value) {
                file.notes.error(
                    text.position,
                    "cors.origins has \(shortened(text.value)), \(complaint); an origin is a scheme and a host, such as "
                        + "https://app.example.com, with a port if it has one")
            } else {
                origins.append(text.value)
            }
        }
        return origins
    }

    func hosts() -> [String] {
        var hosts: [String] = []
        for text in file.list("hosts") ?? [] {
            let isName =
                !text.value.isEmpty && text.value.utf8.allSatisfy(Self.isOfHost) && text.value.utf8.count <= 253
            if isName {
                hosts.append(text.value)
            } else {
                file.notes.error(
                    text.position,
                    "hosts has \(shortened(text.value)), which is no host name; list names without scheme and port, such "
                        + "as holdfast.internal")
            }
        }
        return hosts
    }

    /// - Returns: nil for an origin as browsers send it.
    private static func complaint(_ text: String) -> String? {
        if text == "*" { return "which would let every page in" }
        if text == "null" { return "which many pages share" }
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
            let parts = text.utf8.dropFirst(scheme.utf8.count).split(
                separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard let host = parts.first, !host.isEmpty, host.allSatisfy(isOfHost) else { return "which names no host" }
            guard parts.count == 2 else { return nil }
            let isPort = (1...5).contains(parts[1].count) && parts[1].allSatisfy { (0x30...0x39).contains($0) }
            return isPort ? nil : "whose port is none"
        }
        return "which has no scheme"
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}
