// A table in words: docs/supervision-reading.md has these lines, and a test
// holds them to the code.

extension ReadingTable {
    /// One line for each entry, in the order of their names, as Markdown's
    /// tables have them: the entry, and its members with their readings.
    package var lines: [String] {
        entries.sorted { $0.key < $1.key }.map { name, entry in
            "| \(name) | \(entry.kind) | \(entry.rows) |"
        }
    }
}

extension ReadingTable.Entry {
    fileprivate var kind: String {
        switch self {
        case .part: "part"
        case .frame: "frame"
        case .choice(let member, _, _): "by `\(member)`"
        }
    }

    fileprivate var rows: String {
        func list(_ rows: [String: Reading]) -> [String] {
            rows.sorted { $0.key < $1.key }.map { "`\($0.key)`: \($0.value)" }
        }
        switch self {
        case .part(let rows), .frame(let rows): return list(rows).joined(separator: "; ")
        case .choice(_, let cases, let otherwise):
            return (list(cases) + ["others: \(otherwise)"]).joined(separator: "; ")
        }
    }
}

extension Reading: CustomStringConvertible {
    package var description: String {
        switch self {
        case .text: "text"
        case .structural(let form): "\(form.rawValue)"
        case .unseen(let part, let form): "\(form.rawValue) (unseen: \(part.rawValue))"
        case .fixed: "text that keeps its form"
        case .named: "defined name"
        case .keys(let form): "names are \(form.rawValue)"
        case .schema: "schema"
        case .examples: "examples"
        case .arguments: "arguments"
        case .tokens: "tokens"
        case .entry(let name): "→ \(name)"
        case .either(let first, let second): "\(first), or \(second)"
        case .turns(let reading): "turns \(reading)"
        case .scoped(let scope, let reading): "\(reading) as \(scope.rawValue)"
        case .whole(_, nil, let reading): "\(reading), withheld whole"
        case .whole(_, let member?, let reading): "\(reading), withheld whole with `\(member)`"
        }
    }
}
