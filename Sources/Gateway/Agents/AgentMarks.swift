import Encodings

/// The words in which a coding agent, or any other client, says to which
/// session and to which of its agents a request belongs.
///
/// They are a caller's words: they are shown cut and printable, prove nothing,
/// and decide nothing but which of equal candidates is asked first.
package struct AgentMarks: Sendable, Hashable {
    private struct Words: Sendable, Hashable {
        var session: String?
        var agent: String?
        var parent: String?
        var requestClass: String?
    }

    /// One or none: behind a single reference, since a call is copied often and
    /// few have marks.
    private var words: [Words] = []

    package init(session: String? = nil, agent: String? = nil, parent: String? = nil, requestClass: String? = nil) {
        let given = Words(session: session, agent: agent, parent: parent, requestClass: requestClass)
        if given != Words() { words = [given] }
    }

    package var session: String? { words.first?.session }
    /// The agent of the session, where it has several.
    package var agent: String? { words.first?.agent }
    /// The agent that began this one.
    package var parent: String? { words.first?.parent }
    /// The kind of the request: `main`, `subagent`, `compaction`, …
    package var requestClass: String? { words.first?.requestClass }

    package var isEmpty: Bool { words.isEmpty }

    /// The longest mark that is kept, in bytes.
    package static let longest = 128

    /// Takes note of a field.
    /// - Parameter name: in lower case.
    package mutating func note(_ name: String, _ value: String) {
        guard let place = Self.places[name], words.first?[keyPath: place] == nil, !value.isEmpty else { return }
        if words.isEmpty { words = [Words()] }
        words[0][keyPath: place] = Printable.excerpt(value, Self.longest)
    }

    /// The fields of the agents that are known. One of Holdfast's own is for
    /// everybody else.
    private static let places: [String: any WritableKeyPath<Words, String?> & Sendable] = [
        "x-holdfast-session": \.session, "x-holdfast-agent": \.agent,
        // Claude Code's.
        "x-claude-code-session-id": \.session, "x-claude-code-agent-id": \.agent,
        "x-claude-code-parent-agent-id": \.parent, "x-claude-code-request-class": \.requestClass,
        // Codex', new and old.
        "session-id": \.session, "session_id": \.session, "thread-id": \.agent, "conversation_id": \.agent,
        "x-codex-parent-thread-id": \.parent, "x-openai-subagent": \.requestClass,
    ]

    /// Returns whether a field, in whatever case, may be a mark: a quick check,
    /// by its first letters and its length.
    package static func mayBe(_ name: String) -> Bool {
        let bytes = name.utf8
        switch bytes.first.map({ $0 | 0x20 }) {
        case UInt8(ascii: "x"): return bytes.count >= 16
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "c"): return [9, 10, 15].contains(bytes.count)
        default: return false
        }
    }
}
