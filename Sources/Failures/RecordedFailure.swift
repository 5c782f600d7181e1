import NIOCore
package import Wire

/// A failure as somebody wrote it down, one JSON object a line: what it
/// looked like and, where they knew, what it meant.
package struct RecordedFailure: Sendable {
    package var id: String
    package var symptom: Symptom
    /// The meaning, in the words of ``Cause``, ``Scope`` and ``Evidence``; nil
    /// where the line doesn't say.
    package var cause: String?
    package var scope: String?
    package var evidence: String?

    /// An error about a line: the part that it lacks.
    package struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        package var description: String
    }

    /// - Throws: ``Problem`` if it isn't one.
    package init(line: JSONDocument) throws(Problem) {
        let root = line.root
        guard root.kind == .object else { throw Problem(description: "not an object") }
        guard let position = root["position"]?.string.flatMap(Symptom.Position.init(rawValue:)) else {
            let known = Symptom.Position.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(description: "`position` has to be one of \(known)")
        }
        id = root["id"]?.string ?? ""
        var fields = HTTPFieldList()
        if let headers = root["headers"] {
            for (name, value) in headers.members {
                guard let name = name.string, let value = value.string ?? value.int.map(String.init) else { continue }
                fields.append(name.lowercased(), value)
            }
        }
        var body = ByteBuffer()
        if let recorded = root["body"], !recorded.isNull {
            if let text = recorded.string { body.writeString(text) } else { body.writeString(recorded.fragment.text) }
        }
        let dialect = root["dialect"]?.string
        symptom = Symptom(
            dialect: dialect == "any" ? nil : dialect, position: position, status: root["status"]?.int ?? 0,
            fields: fields, body: body, hadContent: root["had_content"]?.bool ?? false)
        symptom.transport =
            root["transport"]?.string.flatMap(Symptom.Transport.init(rawValue:))
            ?? Self.transport(position, told: (root["note"]?.string ?? "") + " " + id)
        cause = root["cause"]?.string
        scope = root["scope"]?.string
        evidence = root["evidence"]?.string
    }

    /// Finds out from the notes of a record how a connection failed: not every
    /// record has a field for that.
    private static func transport(_ position: Symptom.Position, told: String) -> Symptom.Transport? {
        let words = Set(told.lowercased().split { !$0.isLetter }.map(String.init))
        func has(_ some: String...) -> Bool { some.contains(where: words.contains) }
        switch position {
        case .connect:
            if has("accepted", "silent", "silence") { return .silent }
            if has("refused", "dns", "tls", "reset", "unreachable") { return .unreachable }
            return has("timeout", "byte", "stall", "stalled") ? .silent : .unreachable
        case .streamEnd:
            if has("clean", "cleanly") { return .clean }
            if has("stall", "stalled", "silent", "silence", "timeout") { return .silent }
            return has("cut", "reset", "dropped", "broke", "broken", "aborted") ? .cut : nil
        case .head, .body, .stream: return nil
        }
    }
}
