import NIOCore
package import Wire

/// A failure as somebody wrote it down, one JSON object a line: what it
/// looked like and, where they knew, what it meant.
package struct RecordedFailure: Sendable {
    package var id: String
    package var symptom: Symptom
    /// What it meant, in the words of ``Cause``, ``Scope`` and ``Evidence``;
    /// nil where the line doesn't say.
    package var cause: String?
    package var scope: String?
    package var evidence: String?

    /// - Returns: nil if it isn't one.
    package init?(_ line: JSONDocument) {
        let root = line.root
        guard root.kind == .object,
            let position = root["position"]?.string.flatMap(Symptom.Position.init(rawValue:))
        else { return nil }
        id = root["id"]?.string ?? ""
        var fields = HTTPFieldList()
        if let headers = root["headers"] {
            for (name, value) in headers.members {
                if let name = name.string, let value = value.string { fields.append(name.lowercased(), value) }
            }
        }
        var body = ByteBuffer()
        if let recorded = root["body"], !recorded.isNull {
            if let text = recorded.string { body.writeString(text) } else { body.writeString(recorded.fragment.text) }
        }
        let dialect = root["dialect"]?.string
        symptom = Symptom(
            dialect: dialect == "any" ? nil : dialect, position: position, status: root["status"]?.int ?? 0,
            fields: fields, body: body)
        // How a connection failed has no field of its own there.
        let said = ((root["note"]?.string ?? "") + " " + id).lowercased()
        if position == .connect {
            let isSilent = ["timeout", "no byte", "silent", "silence"].contains { said.contains($0) }
            symptom.transport = isSilent ? .silent : .unreachable
        }
        cause = root["cause"]?.string
        scope = root["scope"]?.string
        evidence = root["evidence"]?.string
    }
}
