/// A piece of a YAML file, with its place. Scalars are kept as text: what a
/// setting means is decided by the setting, not by how YAML 1.1 reads `on`,
/// `1_000` or `12:30`.
struct DocumentNode {
    enum Content {
        /// Text; `plain` when it was written without quotes.
        case scalar(String, plain: Bool)
        case list([DocumentNode])
        case mapping([Entry])
    }

    struct Entry {
        var key: String
        var position: Position
        var value: DocumentNode
    }

    var content: Content
    var position: Position

    /// Nothing written, `~` or `null`: the same as leaving the key out.
    var isNull: Bool {
        guard case .scalar(let text, plain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// One value that says something: no list and no mapping.
    var isScalar: Bool {
        if case .scalar = content { !isNull } else { false }
    }

    /// A description of the node's kind, for people.
    var kind: String {
        switch content {
        case .scalar: isNull ? "nothing" : "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}
