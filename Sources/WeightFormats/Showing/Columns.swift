/// Cells below each other.
enum Columns {
    enum Alignment { case left, right }

    static func lines(_ rows: [[String]], aligned: [Alignment], gap: String = "  ") -> [String] {
        let widths = aligned.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                if column > 0 { line += gap }
                line += aligned[column] == .left ? cell + space : space + cell
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
