/// A value of the file with its references replaced.
struct Text {
    var value: String
    /// The text to show in messages: as the file spells it if any part of it came from the environment, which may
    /// contain secrets.
    var shown: String
    var position: Position
    /// Variables that it needs and that are not set.
    var missing: [String]
}

extension Section {
    /// A single value; nil if absent. Noted if it is a list or a mapping or
    /// its references are malformed. Variables that are not set are noted
    /// only by `text`.
    func rawText(_ key: String) -> Text? { node(key).flatMap { rawText($0, path(key)) } }

    func rawText(_ node: DocumentNode, _ path: String) -> Text? {
        guard case .scalar(let written, _) = node.content else {
            notes.error(node.position, "\(path) must be a single value, not \(node.kind)")
            return nil
        }
        guard notes.readsReferences else {
            return Text(value: written, shown: quoted(written), position: node.position, missing: [])
        }
        let expansion = References.expand(written, environment: notes.environment)
        if let malformed = expansion.malformed {
            notes.error(node.position, "\(path): \(malformed)")
            return nil
        }
        let shown = expansion.isReferring ? quoted(expansion.spelled) : quoted(expansion.value)
        return Text(value: expansion.value, shown: shown, position: node.position, missing: expansion.missing)
    }

    /// A single value whose variables are all set; nil if absent, noted if
    /// it is wrong.
    func text(_ key: String) -> Text? { node(key).flatMap { text($0, path(key)) } }

    func text(_ node: DocumentNode, _ path: String) -> Text? {
        guard let text = rawText(node, path) else { return nil }
        guard text.missing.isEmpty else {
            notes.error(text.position, "\(path): \(notes.absence(of: text.missing)), and there is no default")
            return nil
        }
        return text
    }

    func string(_ key: String) -> String? {
        guard let text = text(key) else { return nil }
        guard !text.value.isEmpty else {
            notes.error(text.position, "\(path(key)) is empty")
            return nil
        }
        return text.value
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        value(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func number(_ key: String) -> Double? {
        value(key, "must be a number, zero or more") { text in
            Double(text).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        }
    }

    func flag(_ key: String) -> Bool? { value(key, "must be true or false") { Bool($0) } }

    /// `on` or `off`.
    func isOn(_ key: String) -> Bool? {
        value(key, "must be on or off") { text in
            switch text {
            case "on": true
            case "off": false
            default: nil
            }
        }
    }

    func duration(_ key: String) -> Duration? {
        value(key, "must be a time such as 500ms, 10s, 2m or 1h") { Duration(written: $0) }
    }

    /// A time that may not be zero.
    func positiveDuration(_ key: String) -> Duration? {
        guard let duration = duration(key) else { return nil }
        if duration <= .zero { error(key, "must be more than nothing") }
        return duration
    }

    func bytes(_ key: String) -> Int? {
        value(key, "must be a size such as 64KiB or 32MiB") { bytesWritten($0) }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) -> Choice? where Choice.RawValue == String {
        value(key, "must be \(Choice.alternatives)") { Choice(rawValue: $0) }
    }

    /// A path; relative ones start from the folder that the file is in.
    /// Notes a file that is not there, or cannot be read.
    func path(of key: String, in folder: String, absence: SettingsIssue.Severity) -> String? {
        guard let path = string(key).map({ resolved($0, in: folder) }) else { return nil }
        if !notes.isReadable(path) {
            let message = "\(self.path(key)): cannot read \(rawText(key)?.shown ?? "it")"
            switch absence {
            case .error: notes.error(place(key), message)
            case .warning: notes.warning(place(key), message + " yet")
            }
        }
        return path
    }

    /// A list of values; a single value counts as a list of one. Nil if
    /// absent.
    func list(_ key: String) -> [Text]? {
        guard let node = node(key) else { return nil }
        switch node.content {
        case .list(let nodes):
            return nodes.compactMap { text($0, path(key)) }
        case .scalar:
            return text(node, path(key)).map { [$0] }
        case .mapping:
            notes.error(node.position, "\(path(key)) must be a list, not a mapping")
            return nil
        }
    }

    func value<Value>(_ key: String, _ expectation: String, _ read: (String) -> Value?) -> Value? {
        guard let text = text(key) else { return nil }
        if let value = read(text.value) { return value }
        notes.error(text.position, "\(path(key)) \(expectation), not \(text.shown)")
        return nil
    }
}

func quoted(_ text: String) -> String { "\"\(shortened(text))\"" }

/// Joins a path to a folder unless it is absolute. Purely by its text.
func resolved(_ path: String, in folder: String) -> String {
    if path.hasPrefix("/") || folder.isEmpty || folder == "." { return path }
    let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return folder.hasSuffix("/") ? folder + rest : "\(folder)/\(rest)"
}

/// The folder of a path, `.` for a bare name.
func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

extension CaseIterable where Self: RawRepresentable, RawValue == String {
    /// The words that a key may have, for messages: `a, b or c`.
    static var alternatives: String {
        let names = allCases.map(\.rawValue)
        return names.count > 1 ? names.dropLast().joined(separator: ", ") + " or \(names.last ?? "")" : names.joined()
    }
}
