import Seeded
import Supervision
import Testing

@Suite("The cut of windows")
struct WindowCutTests {
    private static let pieces = ["word ", "longer-word", "\n", " ", "\t\r\n", "é́", "👩‍👩‍👧", "𝔘", ".", String(repeating: "x", count: 90)]

    private func text(_ chance: inout SplitMix, _ count: Int) -> String {
        (0..<count).map { _ in Self.pieces.randomElement(using: &chance) ?? "" }.joined()
    }

    @Test("nothing but white space is left out, and nothing is in two windows")
    func coversEverything() {
        var chance = seededChance()
        for _ in 0..<200 {
            let text = text(&chance, Int.random(in: 0...300, using: &chance))
            let windows = Array(WindowCut(text))
            let spaces: Set<Unicode.Scalar> = [" ", "\n", "\t", "\r"]
            #expect(
                windows.joined().unicodeScalars.filter { !spaces.contains($0) }
                    == text.unicodeScalars.filter { !spaces.contains($0) })
            for window in windows { #expect((1...384).contains(window.unicodeScalars.count)) }
        }
    }

    @Test("a block that grows keeps all windows but its last")
    func growth() {
        var chance = seededChance()
        for _ in 0..<100 {
            let text = text(&chance, 200)
            let before = Array(WindowCut(text))
            let after = Array(WindowCut(text + self.text(&chance, 50)))
            #expect(Array(after.prefix(max(0, before.count - 1))) == Array(before.dropLast()))
        }
    }

    @Test("no word is cut in two where a space is near")
    func cutsAtSpaces() {
        let text = String(repeating: "seven12 ", count: 200)
        for window in WindowCut(text).dropLast() { #expect(window.hasSuffix(" ") && window.count == 384) }
        let odd = String(repeating: "elevenletters ", count: 100)
        for window in Array(WindowCut(odd)).dropLast() { #expect(window.hasSuffix(" ")) }
    }

    @Test("a text without spaces is cut all the same")
    func noSpaces() {
        #expect(WindowCut(String(repeating: "x", count: 1000)).map(\.count) == [384, 384, 232])
        #expect(Array(WindowCut("")).isEmpty && Array(WindowCut(" \n ")).isEmpty)
    }

    @Test("the training cuts the same", arguments: [
        ("one two", ["one two"]),
        (String(repeating: "a", count: 330) + " " + String(repeating: "b", count: 60),
         [String(repeating: "a", count: 330) + " ", String(repeating: "b", count: 60)]),
        (String(repeating: "a", count: 319) + " " + String(repeating: "b", count: 70),
         [String(repeating: "a", count: 319) + " " + String(repeating: "b", count: 64), "bbbbbb"]),
    ])
    func sameAsTraining(_ text: String, _ windows: [String]) {
        #expect(Array(WindowCut(text)) == windows)
    }
}
