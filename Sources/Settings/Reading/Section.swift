import Routing

/// One mapping of a file, read key by key. What is wrong goes to the notes,
/// and the reader carries on with nil.
struct Section {
    /// The path of the section in messages, e.g. `providers.here`; empty for the whole file.
    let name: String
    let position: Position
    let notes: Notes
    /// In the order of the file.
    let entries: [DocumentNode.Entry]

    /// A mapping with fixed keys; notes every other key. Nil, noted, if the
    /// node is something else.
    init?(_ node: DocumentNode, name: String, keys: [String], notes: Notes) {
        self.init(anyKeys: node, name: name, notes: notes)
        for entry in entries where !keys.contains(entry.key) {
            let place = name.isEmpty ? "" : " in \(name)"
            let hint =
                Spelling.closest(to: entry.key, among: keys).map { "did you mean \"\($0)\"?" }
                ?? "known here: \(keys.joined(separator: ", "))"
            notes.error(entry.position, "unknown key \"\(shortened(entry.key))\"\(place); \(hint)")
        }
    }

    /// A mapping whose keys are names that its owner chose.
    init?(anyKeys node: DocumentNode, name: String, notes: Notes) {
        guard case .mapping(let entries) = node.content else {
            notes.error(node.position, "\(name.isEmpty ? "the file" : name) must be a mapping, not \(node.kind)")
            return nil
        }
        self.name = name
        position = node.position
        self.notes = notes
        self.entries = entries
    }

    /// The node of a key; nil if it is absent or null.
    func node(_ key: String) -> DocumentNode? {
        guard let entry = entries.first(where: { $0.key == key }), !entry.value.isNull else { return nil }
        return entry.value
    }

    /// Returns the position of a key, or of the section if the key is missing, for messages about this key.
    func place(_ key: String) -> Position { entries.first { $0.key == key }?.value.position ?? position }

    func section(_ key: String, keys: [String]) -> Section? {
        node(key).flatMap { Section($0, name: path(key), keys: keys, notes: notes) }
    }

    func named(_ key: String) -> Section? {
        node(key).flatMap { Section(anyKeys: $0, name: path(key), notes: notes) }
    }

    /// Reports each of these keys that the section lacks.
    func requires(_ keys: [String]) {
        for key in keys where node(key) == nil {
            // No key begins with a `u` that is spoken as in "under".
            let article = key.first.map { "aeio".contains($0) } == true ? "an" : "a"
            notes.error(position, "\(name) needs \(article) \(key)")
        }
    }

    /// Returns the path of a key of this section, for messages.
    func path(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

    func error(_ key: String, _ message: String) { notes.error(place(key), "\(path(key)) \(message)") }
}

/// Shortens a text for a message, because a long text may have been pasted where a name belongs.
func shortened(_ text: String) -> String { text.count > 64 ? text.prefix(60) + "…" : text }
