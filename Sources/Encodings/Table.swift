/// Columns of text for people, in lines that fit a terminal of 80 columns.
///
/// Cells are wrapped between words, in the widest columns first. Where words
/// alone are too wide, the last columns stand below each row instead, with
/// their heads; names of more than 40 columns are broken, and shorter ones
/// where nothing else helps.
package struct Table {
    /// With a head, all in capitals, or without.
    package var rows: [[String]]
    /// Spaces before every line.
    package var indent: Int
    /// Columns whose cells end below each other: numbers.
    package var rightAligned: Set<Int>

    package init(rows: [[String]], indent: Int = 0, rightAligned: Set<Int> = []) {
        self.rows = rows
        self.indent = indent
        self.rightAligned = rightAligned
    }

    private static let width = 80
    private static let longestWord = 40
    private static let gap = 2
    /// A placeholder for a space at which no line may end.
    private static let tie: Character = "\u{A0}"

    /// The rows in lines, nothing after the last.
    package var text: String {
        let rows = rows.enumerated().map { number, row in
            row.map { Self.tied(Printable.text($0), isHead: number == 0 && hasHead) }
        }
        let count = rows.map(\.count).max() ?? 0
        let words = (0..<count).map { column in
            rows.map { column < $0.count ? Self.longestWord(of: $0[column]) : 0 }.max() ?? 0
        }
        let kept = hasHead ? columns(holding: words) : count
        let layout = Layout(
            rows.map { Array($0.prefix(kept)) }, least: words, indent: indent, width: Self.width,
            rightAligned: rightAligned)
        var lines: [String] = []
        for (number, row) in rows.enumerated() {
            lines += layout.lines(of: number)
            lines += below(row, from: kept, isHead: number == 0, heads: rows[0])
        }
        return lines.map(Self.finished).joined(separator: "\n")
    }

    /// With spaces for ties, and none at its end.
    private static func finished(_ line: String) -> String {
        var line = String(line.map { $0 == tie ? " " : $0 })
        while line.last == " " { line.removeLast() }
        return line
    }

    private var hasHead: Bool {
        rows.count > 1 && rows[0].allSatisfy { !$0.contains(where: \.isLowercase) } && rows[0].contains { !$0.isEmpty }
    }

    /// Returns the number of columns that fit if no word is broken; at least two.
    private func columns(holding words: [Int]) -> Int {
        var count = words.count
        while count > 2, words[..<count].reduce(0, +) + (count - 1) * Self.gap + indent > Self.width { count -= 1 }
        return count
    }

    /// The columns that didn't fit, below their row.
    private func below(_ row: [String], from kept: Int, isHead: Bool, heads: [String]) -> [String] {
        let parts = row.indices.dropFirst(kept).compactMap { column -> String? in
            guard !row[column].isEmpty, isHead || row[column] != "-" else { return nil }
            return isHead ? row[column] : "\(heads[column]):\(Self.tie)\(row[column])"
        }
        guard !parts.isEmpty else { return [] }
        let margin = indent + 2 * Self.gap
        return Layout.wrapped(parts.joined(separator: isHead ? ", " : "; "), to: Self.width - margin).map {
            String(repeating: " ", count: margin) + $0
        }
    }

    private static let units: Set<Substring> = [
        "%", "ms", "s", "min", "h", "d", "byte", "bytes", "kB", "MB", "GB", "TB", "PB", "EB",
    ]

    /// A head stays whole, and so does a number with its unit or with what it
    /// counts.
    private static func tied(_ cell: String, isHead: Bool) -> String {
        if isHead { return String(cell.map { $0 == " " ? tie : $0 }) }
        var tied = ""
        for word in cell.split(separator: " ", omittingEmptySubsequences: false) {
            let isUnit = units.contains(word.prefix { !",;)".contains($0) }) && tied.last?.isNumber == true
            let isCount = !word.isEmpty && word.allSatisfy { $0.isNumber || $0 == "," }
            if !tied.isEmpty { tied.append(isUnit || isCount ? tie : " ") }
            tied += word
        }
        return tied
    }

    private static func longestWord(of cell: String) -> Int {
        min(longestWord, cell.split(separator: " ").map(\.columns).max() ?? 0)
    }

    /// Widths for some columns, and the lines that come of them.
    private struct Layout {
        private let rows: [[String]]
        private let indent: Int
        private let rightAligned: Set<Int>
        private var widths: [Int]

        init(_ rows: [[String]], least: [Int], indent: Int, width: Int, rightAligned: Set<Int>) {
            self.rows = rows
            self.indent = indent
            self.rightAligned = rightAligned
            let count = rows.map(\.count).max() ?? 0
            widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].columns : 0 }.max() ?? 0 }
            var excess = widths.reduce(0, +) + Table.gap * max(0, count - 1) + indent - width
            // Words stay whole as long as that is possible.
            for least in [least, Array(repeating: 1, count: count)] {
                while excess > 0, let widest = widest(above: least) {
                    widths[widest] -= 1
                    excess -= 1
                }
            }
        }

        private func widest(above least: [Int]) -> Int? {
            widths.indices.filter { widths[$0] > least[$0] }.max { widths[$0] < widths[$1] }
        }

        func lines(of number: Int) -> [String] {
            let cells = zip(rows[number], widths).map { Self.wrapped($0, to: $1) }
            return (0..<max(1, cells.map(\.count).max() ?? 0)).map { line in
                let parts = cells.map { line < $0.count ? $0[line] : "" }
                return String(repeating: " ", count: indent) + joined(parts)
            }
        }

        private func joined(_ parts: [String]) -> String {
            var line = ""
            // What follows the last text would be spaces.
            let last = parts.lastIndex { !$0.isEmpty } ?? -1
            for (column, part) in parts.prefix(last + 1).enumerated() {
                let space = String(repeating: " ", count: max(0, widths[column] - part.columns))
                if rightAligned.contains(column) {
                    line += space + part
                } else {
                    line += column < last ? part + space : part
                }
                if column < last { line += String(repeating: " ", count: Table.gap) }
            }
            return line
        }

        /// A cell in lines: broken at spaces, else behind a mark that joins
        /// words, else anywhere.
        static func wrapped(_ cell: String, to width: Int) -> [String] {
            guard width > 0 else { return [cell] }
            var lines: [String] = []
            var rest = Substring(cell)
            while true {
                let limit = limit(of: rest, width)
                guard limit < rest.endIndex else { break }
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
            if !rest.isEmpty || lines.isEmpty { lines.append(String(rest)) }
            return lines
        }

        /// The first character that doesn't fit a line, and never the first of
        /// all: one may be wider than its column.
        private static func limit(of text: Substring, _ width: Int) -> String.Index {
            var used = 0
            var index = text.startIndex
            while index < text.endIndex {
                used += text[index].columns
                guard used <= width || index == text.startIndex else { return index }
                index = text.index(after: index)
            }
            return index
        }
    }
}
