import FoundationEssentials

/// A page of `docs`, for tests that hold the program to what is written there.
package struct DocumentedPage: Sendable {
    package struct APIProblem: Error, CustomStringConvertible {
        package let description: String
    }

    package let name: String
    private let lines: [String]

    /// - Parameter name: of the file, without `.md`.
    package init(_ name: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(decoding: Data(contentsOf: root.appending(path: "docs/\(name).md")), as: UTF8.self)
        self.name = name
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// All of them, with their marks.
    package var headings: [String] { lines.filter { $0.hasPrefix("#") } }

    /// The tables between a heading and the next one, in their order.
    /// - Parameter heading: with its marks, e.g. `## Requests`.
    package func tables(under heading: String) throws -> [DocumentedTable] {
        guard let start = lines.firstIndex(of: heading) else {
            throw APIProblem(description: "docs/\(name).md has no heading \(heading)")
        }
        let section = lines[(start + 1)...].prefix { !$0.hasPrefix("#") }
        var tables: [DocumentedTable] = []
        for block in section.split(whereSeparator: { !$0.hasPrefix("|") }) {
            // The second line only draws a rule.
            guard block.count > 2 else { throw APIProblem(description: "a table under \(heading) has no rows") }
            let rows = block.map(Self.cells)
            guard rows.allSatisfy({ $0.count == rows[0].count }) else {
                throw APIProblem(description: "rows of a table under \(heading) differ in their number of cells")
            }
            tables.append(DocumentedTable(columns: rows[0], rows: rows.dropFirst(2).map(DocumentedRow.init)))
        }
        return tables
    }

    /// The table under a heading.
    /// - Parameter number: The index among the tables there, from 0.
    package func table(under heading: String, _ number: Int = 0) throws -> DocumentedTable {
        let tables = try tables(under: heading)
        guard tables.indices.contains(number) else {
            throw APIProblem(description: "docs/\(name).md has \(tables.count) tables under \(heading)")
        }
        return tables[number]
    }

    /// The blocks of code between a heading and the next one, without their fences.
    package func code(under heading: String) throws -> [String] {
        guard let start = lines.firstIndex(of: heading) else {
            throw APIProblem(description: "docs/\(name).md has no heading \(heading)")
        }
        var blocks: [String] = []
        var block: [String]?
        for line in lines[(start + 1)...] {
            if line.hasPrefix("```") {
                if let done = block { blocks.append(done.joined(separator: "\n")) }
                block = block == nil ? [] : nil
            } else if block != nil {
                block?.append(line)
            } else if line.hasPrefix("#") {
                break
            }
        }
        return blocks
    }

    /// Tells whether these words stand on the page, however their lines are broken.
    package func says(_ words: String) -> Bool { Self.joined(lines).contains(Self.joined([words])) }

    /// The paragraph that begins with these words, in one line.
    package func paragraph(_ beginning: String) throws -> String {
        let paragraphs = lines.split(whereSeparator: \.isEmpty).map { Self.joined(Array($0)) }
        guard let found = paragraphs.first(where: { $0.hasPrefix(beginning) }) else {
            throw APIProblem(description: "docs/\(name).md has no paragraph “\(beginning)…”")
        }
        return found
    }

    /// The items of the list behind the paragraph that begins with these words.
    package func list(after beginning: String) throws -> [String] {
        let blocks = lines.split(whereSeparator: \.isEmpty)
        guard let place = blocks.firstIndex(where: { Self.joined(Array($0)).hasPrefix(beginning) }),
            let list = blocks.dropFirst(place + 1).first, list.first?.hasPrefix("- ") == true
        else {
            throw APIProblem(description: "docs/\(name).md has no list after “\(beginning)…”")
        }
        return list.filter { $0.hasPrefix("- ") }
    }

    private static func joined(_ lines: [String]) -> String {
        lines.flatMap { $0.split(separator: " ") }.joined(separator: " ")
    }

    private static func cells(_ line: String) -> [String] {
        var cells = line.split(separator: "|", omittingEmptySubsequences: false).map { cell in
            cell.split(separator: " ").joined(separator: " ")
        }
        // A line begins and ends with a bar.
        cells.removeFirst()
        cells.removeLast()
        return cells
    }
}

package struct DocumentedTable: Sendable {
    package let columns: [String]
    package let rows: [DocumentedRow]

    /// The name of each row: its first cell, and the second one too where two
    /// rows begin alike.
    package var names: [String] {
        rows.map { row in
            let isAlone = rows.count(where: { $0.cells[0] == row.cells[0] }) == 1
            return isAlone ? row.cells[0] : "\(row.cells[0]) | \(row.cells[1])"
        }
    }
}

package struct DocumentedRow: Sendable {
    package let cells: [String]

    init(_ cells: [String]) { self.cells = cells }
}

extension String {
    /// The texts between back quotes.
    package var codeSpans: [String] {
        // Every second piece stands between two of them.
        split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// The names of members among its code spans, without the path before them:
    /// `tools[].function` is `function`.
    package var memberNames: [String] {
        codeSpans.compactMap { span in
            guard span.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_.\-\[\]]*/) != nil else { return nil }
            let last = span.split(separator: ".").last.map(String.init) ?? span
            return last.hasSuffix("[]") ? String(last.dropLast(2)) : last
        }
    }
}
