import Encodings
import Testing

/// Tables fit a terminal of 80 columns, whatever stands in their cells.
@Suite struct TableTests {
    private static let long = String(repeating: "abcdefgh", count: 12)

    /// Cells that are hard to lay out.
    private static let cells = [
        long, String(repeating: "word ", count: 40), String(repeating: "模型", count: 60),
        String(repeating: "e\u{301}", count: 120), String(repeating: "👩🏽‍🚀", count: 30), "", "-", "1,000 ms",
        "\u{1B}[2J\u{202E}gone\r\n\t\u{7}", String(repeating: "/", count: 200), String(repeating: "\u{301}", count: 90),
        String(repeating: "각", count: 70), String(repeating: "❤\u{FE0F}", count: 60), String(repeating: "🇩🇪", count: 50),
    ]

    @Test("no line is wider than 80 columns", arguments: cells, 1...6)
    func fits(cell: String, columns: Int) {
        for indent in [0, 2, 4] {
            for head in [[], [(0..<columns).map { "COLUMN NUMBER \($0)" }]] {
                for row in [
                    Array(repeating: cell, count: columns), [cell] + Array(repeating: "x", count: columns - 1),
                    Array(repeating: "provider/model", count: columns - 1) + [cell],
                ] {
                    let text = Table(rows: head + [row, Array(repeating: "y", count: columns)], indent: indent).text
                    for line in text.split(separator: "\n") {
                        #expect(line.columns <= 80, "\(line)")
                        #expect(line.last != " ", "\(line)|")
                    }
                }
            }
        }
    }

    @Test("no word of a cell is lost", arguments: 1...5) func whole(columns: Int) {
        let row = (0..<columns).map { "a\($0)/\(Self.long) tail\($0)" }
        for head in [[], [(0..<columns).map { "HEAD\($0)" }]] {
            let text = Table(rows: head + [row]).text
            var letters = text.filter { !$0.isWhitespace }
            for each in row.flatMap({ $0.filter { !$0.isWhitespace } }) {
                // Every letter is there, as often as it was.
                guard let place = letters.firstIndex(of: each) else {
                    Issue.record("a letter is lost: \(each)")
                    return
                }
                letters.remove(at: place)
            }
        }
    }

    @Test func columnsAreAlignedByWhatATerminalShows() {
        let text = Table(rows: [["NAME", "STATE"], ["模型", "one"], ["e\u{301}e\u{301}", "two"], ["abcd", "three"]]).text
        let lines = text.split(separator: "\n")
        let starts = zip(lines, ["STATE", "one", "two", "three"]).map { line, word in
            line.columns - word.count
        }
        #expect(starts == [6, 6, 6, 6], "\(text)")
    }

    @Test(
        "what a terminal obeys is spelt out",
        arguments: [
            "\u{1B}[2J", "\u{9B}31m", "\u{202E}", "\u{2066}", "\u{200F}", "\u{61C}", "\u{200B}", "\u{2028}", "\r", "\n",
            "\t",
            "\u{7F}", "\u{E000}", "\u{FEFF}",
        ])
    func controls(text: String) {
        for rows in [[["a\(text)b"]], [["HEAD", "OTHER"], ["a\(text)b", text]], [[text, text, text]]] {
            let shown = Table(rows: rows).text
            #expect(
                shown.unicodeScalars.filter { $0 != "\n" } == shown.unicodeScalars.filter { (" "..."~").contains($0) })
            #expect(!shown.contains(text) || text == "\n")
        }
    }

    @Test func whatDoesNotFitStandsBelowWithItsHead() {
        let names = (0..<5).map { "name-of-\($0)-with-thirty-letters" }
        let text = Table(rows: [["A", "B", "C", "D", "E"], names, ["a", "b", "-", "", "e"]]).text
        let expected = """
            A                              B
                C, D, E
            name-of-0-with-thirty-letters  name-of-1-with-thirty-letters
                C: name-of-2-with-thirty-letters; D: name-of-3-with-thirty-letters;
                E: name-of-4-with-thirty-letters
            a                              b
                E: e
            """
        #expect(text == expected)
    }

    @Test func numbersKeepTheirUnitsAndMayEndBelowEachOther() {
        let table = Table(
            rows: [["WHAT", "COUNT", "TIME"], ["a", "7", "1 ms"], ["b", "1,234", "12 ms"]], indent: 1,
            rightAligned: [1, 2])
        #expect(
            table.text == """
                 WHAT  COUNT   TIME
                 a         7   1 ms
                 b     1,234  12 ms
                """)
        let words = Table(rows: [["key", String(repeating: "x", count: 70) + " and 12 ms"]]).text
        #expect(words.split(separator: "\n").last == "     and 12 ms", "\(words)")
    }

    @Test(
        "columns that a text takes",
        arguments: [
            ("", 0), ("abc", 3), ("ü", 1), ("u\u{308}", 1), ("模型", 4), ("ﾊﾟ", 2), ("ハ", 2), ("각", 2),
            ("\u{1112}\u{1161}", 2),
            ("🚀", 2), ("🇩🇪", 2), ("→", 1), ("…", 1), ("“”", 2), ("❤", 1), ("❤\u{FE0F}", 2), ("\u{301}", 0), ("×", 1),
            ("中a国", 5), ("９", 2),
        ])
    func columns(text: String, expected: Int) { #expect(text.columns == expected) }
}
