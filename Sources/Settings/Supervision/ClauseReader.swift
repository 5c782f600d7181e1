import Conversation
import Routing
import Supervision

/// Reads one clause of a constitution.
struct ClauseReader {
    static let keys = [
        "id", "text", "severity", "scope", "literals", "detectors", "hidden_text", "examples", "counter_examples",
    ]
    /// Bytes; a phrase that may be split between two pieces of a text is found
    /// up to this length.
    static let longestLiteral = 160
    /// Shorter ones would stand in every second text.
    static let shortestLiteral = 3

    let section: Section

    /// - Returns: nil where the clause has no usable id.
    func read() -> Clause? {
        for key in ["id", "text", "scope"] where section.node(key) == nil {
            section.notes.error(section.position, "\(section.name) needs \(Self.need(key))")
        }
        guard let id = section.string("id") else { return nil }
        if !isName(id) {
            section.error("id", "must be of letters, digits, \".\", \"_\" and \"-\", not \(quoted(id))")
        }
        var clause = Clause(id: id, text: section.string("text") ?? "", actions: actions())
        clause.severity = section.choice("severity") ?? clause.severity
        clause.literals = literals()
        clause.detectors = detectors()
        clause.hiddenText = section.choice("hidden_text")
        clause.examples = examples("examples")
        clause.counterexamples = examples("counter_examples")
        check(clause)
        return clause
    }

    private static func need(_ key: String) -> String {
        switch key {
        case "id": "an id, such as no-hidden-instructions"
        case "text": "a text: the rule in words"
        default: "a scope: the texts that it is about, each with an action, such as {tool result: withhold}"
        }
    }

    private func actions() -> [PassageScope: Clause.Action] {
        guard let scopes = section.named("scope") else { return [:] }
        var actions: [PassageScope: Clause.Action] = [:]
        for entry in scopes.entries {
            guard let scope = scope(entry.key, at: entry.position, in: scopes.name) else { continue }
            guard let action: Clause.Action = scopes.choice(entry.key) else {
                if scopes.node(entry.key) == nil {
                    scopes.notes.error(
                        entry.position, "\(scopes.path(entry.key)) needs an action: block, withhold or flag")
                }
                continue
            }
            if scope == .system, action == .withhold {
                scopes.error(
                    entry.key,
                    "can't be withhold: an application without its instructions is another one; use flag or block")
            }
            actions[scope] = action
        }
        return actions
    }

    private func scope(_ word: String, at position: Position, in path: String) -> PassageScope? {
        if let scope = PassageScope(rawValue: word) { return scope }
        let names = PassageScope.allCases.map(\.rawValue)
        let hint =
            Spelling.closest(to: word, among: names).map { "did you mean \"\($0)\"?" }
            ?? "they are \(names.joined(separator: ", "))"
        section.notes.error(position, "\(path) has no \(quoted(word)); \(hint)")
        return nil
    }

    private func literals() -> [String] {
        (section.list("literals") ?? []).compactMap { literal in
            let folded = CanonicalText.fold(literal.value)
            guard folded.count >= Self.shortestLiteral, literal.value.utf8.count <= Self.longestLiteral else {
                section.notes.error(
                    literal.position,
                    "\(section.path("literals")) has \(literal.shown); a literal has from \(Self.shortestLiteral) to "
                        + "\(Self.longestLiteral) bytes, white space apart")
                return nil
            }
            return literal.value
        }
    }

    private func detectors() -> [Clause.Detector] {
        guard let heads = section.named("detectors") else { return [] }
        return heads.entries.compactMap { entry in
            guard let head = Head(rawValue: entry.key) else {
                let names = Head.allCases.map(\.rawValue)
                let hint =
                    Spelling.closest(to: entry.key, among: names).map { "did you mean \"\($0)\"?" }
                    ?? "they are \(names.joined(separator: ", "))"
                section.notes.error(entry.position, "\(heads.name) has no \(quoted(entry.key)); \(hint)")
                return nil
            }
            guard heads.node(entry.key) != nil else {
                section.notes.error(
                    entry.position, "\(heads.path(entry.key)) needs a threshold; 100% is the one it was made with")
                return nil
            }
            return heads.value(
                entry.key, "must be a part of its own threshold from 10% to 1000%, such as 100%; more finds less"
            ) { text in
                guard text.hasSuffix("%"), let percent = Double(text.dropLast()), (10...1000).contains(percent) else {
                    return nil
                }
                return Clause.Detector(head, strictness: Int((percent * 10).rounded()))
            }
        }
    }

    private func examples(_ key: String) -> [Clause.Example] {
        guard let node = section.node(key) else { return [] }
        guard case .list(let nodes) = node.content else {
            section.error(key, "must be a list such as [{user: TEXT}], not \(node.kind)")
            return []
        }
        return nodes.enumerated().compactMap { number, node in
            let name = "\(section.path(key))[\(number)]"
            guard let example = Section(anyKeys: node, name: name, notes: section.notes) else { return nil }
            guard example.entries.count == 1, let entry = example.entries.first else {
                section.notes.error(node.position, "\(name) must be one scope and one text, such as {user: TEXT}")
                return nil
            }
            guard let scope = scope(entry.key, at: entry.position, in: name) else { return nil }
            guard example.node(entry.key) != nil else {
                section.notes.error(entry.position, "\(name) has no text")
                return nil
            }
            return example.string(entry.key).map { Clause.Example(scope, $0) }
        }
    }

    private func check(_ clause: Clause) {
        if clause.literals.isEmpty, clause.detectors.isEmpty, clause.hiddenText == nil,
            ["literals", "detectors", "hidden_text"].allSatisfy({ section.node($0) == nil })
        {
            section.notes.error(
                section.position,
                "\(section.name) finds nothing: add literals, detectors such as {attack: 100%}, or hidden_text")
        }
        if section.node("scope") != nil, clause.actions.isEmpty, section.named("scope")?.entries.isEmpty == true {
            section.error("scope", "is empty; a clause is about at least one kind of text")
        }
        for key in ["examples", "counter_examples"] {
            let list = key == "examples" ? clause.examples : clause.counterexamples
            for example in list where !clause.actions.isEmpty && clause.actions[example.scope] == nil {
                section.error(key, "has one for \(example.scope.rawValue), which the clause's scope doesn't name")
            }
        }
        let isHarmAlone =
            !clause.detectors.isEmpty && clause.detectors.allSatisfy { $0.head == .harm } && clause.literals.isEmpty
            && clause.hiddenText == nil
        if isHarmAlone, let scope = clause.actions.first(where: { $0.value == .block })?.key {
            section.error(
                "scope",
                "has \(scope.rawValue): block, but harm never blocks alone; use flag, or name another detector, too")
        }
    }
}
