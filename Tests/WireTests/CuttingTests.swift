import Encodings
import NIOCore
import Testing
import Wire

/// Callers' words, of which a single character may be megabytes.
@Suite struct CuttingTests {
    private static let marks = "e" + String(repeating: "\u{301}", count: 200_000)

    @Test(arguments: 0...12) func wordsAreCutByBytes(_ most: Int) {
        let text = "aé€😀"
        let cut = text.cut(toUTF8Bytes: most)
        #expect(cut.utf8.count <= most)
        #expect(text.utf8.starts(with: cut.utf8))
        #expect(!cut.unicodeScalars.contains("\u{FFFD}"))
        // Nothing less than whole scalars is lost.
        #expect(cut.utf8.count > most - 4 || cut == text)
        #expect(text.dropFirst(0).cut(toUTF8Bytes: 100) == text)
        #expect(Self.marks.cut(toUTF8Bytes: most).utf8.count <= most)
    }

    @Test func whatIsShownIsShortAndHarmless() {
        #expect(Printable.excerpt("gpt-4") == "gpt-4")
        #expect(Printable.excerpt(Self.marks).utf8.count <= Printable.mostQuoted + 3)
        #expect(Printable.excerpt(String(repeating: "x", count: 5000)).utf8.count == Printable.mostQuoted + 3)
        let shown = Printable.excerpt("a\u{1B}[31m\u{202E}b\r\nc")
        #expect(shown.unicodeScalars.allSatisfy { $0.isASCII && $0.value >= 0x20 })
        let controls = Printable.excerpt(String(repeating: "\u{202E}", count: 1000))
        #expect(controls.utf8.count <= Printable.mostQuoted + 3)
    }

    @Test(arguments: [
        #""x""#, #""\u0041\n\"""#, "\"\(String(repeating: "é", count: 128))\"",
    ])
    func aShortWordIsItself(_ text: String) throws {
        let view = try JSONDocument(text).root
        #expect(view.word == view.string)
    }

    @Test(arguments: ["x", "é", "€", "😀", #"\u00e9"#, #"\ud83d\ude00"#, #"\n"#, #"\\"#, "\u{301}"])
    func aWordIsReadOnlyAsFarAsAWordGoes(_ unit: String) throws {
        for count in [250, 256, 257, 300, 10_000] {
            for lead in 0...3 {
                let text = "\"" + String(repeating: "a", count: lead) + String(repeating: unit, count: count) + "\""
                let view = try JSONDocument(text).root
                let word = try #require(view.word)
                let whole = try #require(view.string)
                #expect(word.utf8.count <= JSONView.longestWord + 3)
                if word.utf8.last == whole.utf8.last, word == whole { continue }
                #expect(word.hasSuffix("…"))
                #expect(whole.utf8.starts(with: word.unicodeScalars.dropLast().map { String($0) }.joined().utf8))
                #expect(!word.unicodeScalars.contains("\u{FFFD}"), "\(unit) \(count) \(lead)")
            }
        }
    }

    @Test func aNameThatIsTwiceThereIsNotRepeatedInFull() throws {
        let name = String(repeating: "n", count: 100_000)
        #expect {
            try JSONDocument("{\"\(name)\":1,\"\(name)\":2}")
        } throws: {
            "\($0)".utf8.count < 400
        }
    }
}
