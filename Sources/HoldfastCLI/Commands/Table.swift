import Encodings

/// Columns of text for people, in lines of at most 80 characters where that
/// can be helped: cells are wrapped, the widest columns first.
struct Table {
    var rows: [[String]]
    /// Spaces before every line.
    var indent = 0
    /// The longest line that is aimed at.
    static let width = 80
    /// Columns keep so much of their longest word: the length of an id that
    /// people copy, and where that is too much, of a short word.
    private static let narrowest = [14, 8]

    /// The rows in lines, columns two spaces apart, nothing after the last.
    var text: String {
        let rows = rows.map { $0.map { Printable.text($0) } }
        let widths = widths(of: rows)
        return rows.map { row in
            let cells = zip(row, widths).map { Self.wrapped($0, to: $1) }
            let height = cells.map(\.count).max() ?? 0
            return (0..<max(1, height)).map { line in
                let parts = cells.map { line < $0.count ? $0[line] : "" }
                return String(repeating: " ", count: indent) + Self.joined(parts, widths)
            }.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func joined(_ parts: [String], _ widths: [Int]) -> String {
        var line = ""
        // What follows the last text would be spaces.
        let last = parts.lastIndex { !$0.isEmpty } ?? -1
        for (column, part) in parts.prefix(last + 1).enumerated() {
            line += part
            if column < last { line += String(repeating: " ", count: max(0, widths[column] - part.count) + 2) }
        }
        return line
    }

    private func widths(of rows: [[String]]) -> [Int] {
        var widths: [Int] = []
        var words: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count {
                    widths.append(0)
                    words.append(0)
                }
                widths[column] = max(widths[column], cell.count)
                words[column] = max(words[column], cell.split(separator: " ").map(\.count).max() ?? 0)
            }
        }
        var excess = widths.reduce(0, +) + 2 * max(0, widths.count - 1) + indent - Self.width
        for narrowest in Self.narrowest {
            func canShrink(_ column: Int) -> Bool { widths[column] > min(words[column], narrowest) }
            while excess > 0,
                let widest = widths.indices.filter(canShrink).max(by: { widths[$0] < widths[$1] })
            {
                widths[widest] -= 1
                excess -= 1
            }
        }
        return widths
    }

    /// A cell in lines: broken at spaces, else behind a mark that joins words,
    /// else anywhere.
    private static func wrapped(_ cell: String, to width: Int) -> [String] {
        guard cell.count > width, width > 0 else { return [cell] }
        var lines: [String] = []
        var rest = Substring(cell)
        while rest.count > width {
            let limit = rest.index(rest.startIndex, offsetBy: width)
            var end = limit
            if rest[limit] == " " {
                end = limit
            } else if let space = rest[..<limit].lastIndex(of: " "), space > rest.startIndex {
                end = space
            } else if let mark = rest[..<limit].lastIndex(where: { "/,-_:".contains($0) }), mark > rest.startIndex {
                end = rest.index(after: mark)
            }
            lines.append(String(rest[..<end]))
            rest = rest[end...].drop { $0 == " " }
        }
        if !rest.isEmpty { lines.append(String(rest)) }
        return lines
    }
}
