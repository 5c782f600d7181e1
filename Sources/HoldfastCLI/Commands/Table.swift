import Encodings

/// Columns of text for people.
struct Table {
    var rows: [[String]]
    /// Spaces before every line.
    var indent = 0

    /// The rows in lines, columns two spaces apart, nothing after the last.
    var text: String {
        let rows = rows.map { $0.map { Printable.text($0) } }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            var line = String(repeating: " ", count: indent)
            for (column, cell) in row.enumerated() {
                line += cell
                guard column < row.count - 1 else { break }
                line += String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            return line
        }.joined(separator: "\n")
    }
}
