import Yams

/// Turns the bytes of a YAML file into nodes with places, or says what keeps
/// it from being one.
struct Composer {
    /// The characters that replace the first letter of a key which the file repeats, see `compose`.
    static let markers: ClosedRange<UInt32> = 0xE100...0xE117

    /// The file as its owner named it, for messages.
    let file: String
    /// True if `${NAME}` is replaced by a variable's value; false for key files.
    var readsReferences = true
    /// The longest file that is read, in bytes: larger ones are not settings.
    var longest = Composer.longestSettings

    /// 1 MiB.
    static let longestSettings = 1 << 20

    /// Nil, with at least one problem, when there is nothing to read on with.
    /// Duplicate keys are problems too, but don't end the reading.
    func compose(_ bytes: [UInt8]) -> (root: DocumentNode?, problems: [SettingsIssue]) {
        guard bytes.count <= longest else {
            let message = "the file is longer than \(longest >> 20) MiB, which is the limit"
            return (nil, [SettingsIssue(file: file, message: message)])
        }
        var bytes = bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return (nil, [SettingsIssue(file: file, message: "the file is not text in UTF-8")])
        }
        let hidden = readsReferences ? References.hide(in: text) : text
        let findings = Screen.findings(in: text, hidden: hidden)
        guard findings.isEmpty else {
            return (nil, findings.map { SettingsIssue(file: file, position: $0.0, message: $0.1) })
        }
        return compose(hidden: hidden)
    }

    /// The parser gives up at the first key that a mapping repeats, and says
    /// only where it stood first. So that the rest of the file is checked as
    /// well, that key's first letter is replaced by a marker and the text
    /// parsed again; `convert` puts the letter back. Large files are parsed
    /// once only.
    private func compose(hidden: String) -> (root: DocumentNode?, problems: [SettingsIssue]) {
        var scalars = Array(hidden.unicodeScalars)
        var marked: [UnicodeScalar: UnicodeScalar] = [:]
        while true {
            do {
                let parser = try Parser(yaml: String(String.UnicodeScalarView(scalars)), resolver: .basic)
                guard let root = try parser.singleRoot() else {
                    return (nil, [SettingsIssue(file: file, message: "the file is empty")])
                }
                var conversion = Conversion(file: file, marked: marked)
                let node = conversion.convert(root, depth: 0)
                return (node, conversion.problems)
            } catch YamlError.duplicatedKeysInMapping(_, let context) {
                let place = Position(line: context.mark.line, column: context.mark.column)
                guard scalars.count <= 1 << 16,
                    let marker = UnicodeScalar(Self.markers.lowerBound + UInt32(marked.count)),
                    Self.markers.contains(marker.value), var index = scalars.index(of: place)
                else { return (nil, [SettingsIssue(file: file, position: place, message: "a key is repeated")]) }
                if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
                marked[marker] = scalars[index]
                scalars[index] = marker
            } catch {
                return (nil, [problem(error)])
            }
        }
    }

    private func problem(_ error: any Error) -> SettingsIssue {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            var message = "this is not YAML: \(problem)"
            if let context { message += " \(context.text)" }
            if let context, context.mark.line != mark.line { message += " that starts in line \(context.mark.line)" }
            if ["did not find expected key", "did not find expected '-' indicator"].contains(problem) {
                message += "; is this line indented as those that belong with it?"
            }
            if problem == "but found another document" {
                message = "a second document starts here; a settings file is one document"
            }
            return SettingsIssue(file: file, position: Position(line: mark.line, column: mark.column), message: message)
        default:
            return SettingsIssue(file: file, message: "this is not YAML")
        }
    }
}

extension [UnicodeScalar] {
    /// Returns the index of a position in the text.
    fileprivate func index(of place: Position) -> Int? {
        var line = 1
        var start = startIndex
        while line < place.line {
            guard let end = self[start...].firstIndex(of: "\n") else { return nil }
            start = end + 1
            line += 1
        }
        let index = start + place.column - 1
        return index < endIndex ? index : nil
    }
}

/// From the parser's nodes to ours.
private struct Conversion {
    let file: String
    let marked: [UnicodeScalar: UnicodeScalar]
    var problems: [SettingsIssue] = []

    mutating func convert(_ node: Node, depth: Int) -> DocumentNode {
        let position = position(node)
        guard depth <= Screen.deepest else {
            note(position, "nested too deeply")
            return DocumentNode(content: .scalar("", plain: true), position: position)
        }
        switch node {
        case .scalar(let scalar):
            return DocumentNode(
                content: .scalar(scalar.string, plain: scalar.style == .plain || scalar.style == .any),
                position: position)
        case .sequence(let sequence):
            return DocumentNode(content: .list(sequence.map { convert($0, depth: depth + 1) }), position: position)
        case .mapping(let mapping):
            var entries: [DocumentNode.Entry] = []
            var first: [String: Position] = [:]
            for (key, value) in mapping {
                guard case .scalar(let scalar) = key else {
                    note(self.position(key), "a key must be plain text")
                    continue
                }
                let name = References.show(restore(scalar.string))
                let place = self.position(key)
                let value = convert(value, depth: depth + 1)
                if let earlier = first[name] {
                    note(place, "\"\(name)\" is given twice; the first one is in line \(earlier.line)")
                    continue
                }
                first[name] = place
                entries.append(DocumentNode.Entry(key: name, position: place, value: value))
            }
            return DocumentNode(content: .mapping(entries), position: position)
        case .alias:
            note(position, "aliases are not read here; write the value out")
            return DocumentNode(content: .scalar("", plain: true), position: position)
        }
    }

    private func restore(_ key: String) -> String {
        guard let first = key.unicodeScalars.first, let letter = marked[first] else { return key }
        var scalars = String.UnicodeScalarView([letter])
        scalars.append(contentsOf: key.unicodeScalars.dropFirst())
        return String(scalars)
    }

    private func position(_ node: Node) -> Position {
        Position(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }

    private mutating func note(_ position: Position, _ message: String) {
        problems.append(SettingsIssue(file: file, position: position, message: message))
    }
}
