/// Finds where inside a request a model is named: `tools.0.model`,
/// `mcp_servers[1].config.model`.
enum NestedPath {
    static func find(in reading: Reading) -> String? {
        if let field = reading.field, isNested(field) { return field }
        let message = String(decoding: reading.message.utf8.prefix(2000), as: UTF8.self)
        for word in message.split(whereSeparator: { " \t\r\n\"'`(),".contains($0) }) {
            var path = word
            while let last = path.last, ":.;".contains(last) { path.removeLast() }
            if isNested(path) { return String(path) }
        }
        return nil
    }

    private static let names: Set<String> = ["model", "model_id", "modelid", "model_name", "modelname"]
    /// The request itself, as some hosts call it: its `model` is not nested.
    private static let roots: Set<String> = ["request", "body", "$", ""]

    /// A model's name at the end of a path with an index or a member before
    /// it. No address and no model's id: those have other characters, or end
    /// otherwise.
    private static func isNested(_ path: some StringProtocol) -> Bool {
        guard (7...200).contains(path.utf8.count) else { return false }
        var parts = path.split(whereSeparator: { ".[]/".contains($0) })
        guard let last = parts.last, names.contains(last.lowercased()) else { return false }
        if let first = parts.first, roots.contains(first.lowercased()) { parts.removeFirst() }
        return parts.count >= 2
            && parts.allSatisfy { $0.utf8.allSatisfy { $0 == 0x5F || $0 == 0x2D || isAlphanumeric($0) } }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
