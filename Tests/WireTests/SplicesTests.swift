import NIOCore
import Seeded
import Testing
import Wire

@Suite struct SplicesTests {
    private func apply(_ changes: [(range: Range<Int>, text: String)], to text: String) -> String {
        var splices = Splices()
        for change in changes { splices.replace(change.range, with: ByteBuffer(string: change.text)) }
        return String(buffer: splices.apply(to: ByteBuffer(string: text)))
    }

    @Test(
        arguments: [
            ([], "0123456789"), ([(2..<4, "ab")], "01ab456789"), ([(0..<10, "")], ""), ([(0..<0, "x")], "x0123456789"),
            ([(10..<10, "x")], "0123456789x"), ([(2..<4, ""), (4..<6, "b")], "01b6789"),
            ([(0..<1, "aa"), (9..<10, "bb")], "aa12345678bb"), ([(5..<5, "x"), (5..<6, "y")], "01234xy6789"),
        ] as [([(Range<Int>, String)], String)])
    func whatIsNotChangedStays(_ changes: [(range: Range<Int>, text: String)], _ expected: String) {
        #expect(apply(changes, to: "0123456789") == expected)
    }

    @Test(arguments: 0..<200)
    func theOrderOfChangesIsNoMatter(_ seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        let text = String((0..<60).map { _ in Character(UnicodeScalar(UInt8.random(in: 0x61...0x7A, using: &random))) })
        // Some ranges that don't overlap, and the text as a plain loop changes it.
        var changes: [(range: Range<Int>, text: String)] = []
        var expected = ""
        var place = 0
        while place < text.utf8.count {
            let end = min(text.utf8.count, place + Int.random(in: 1...6, using: &random))
            let piece = String(text.utf8.dropFirst(place).prefix(end - place))!
            if Bool.random(using: &random) {
                let other = String(repeating: "#", count: Int.random(in: 0...4, using: &random))
                changes.append((place..<end, other))
                expected += other
            } else {
                expected += piece
            }
            place = end
        }
        #expect(apply(changes.shuffled(using: &random), to: text) == expected)
    }

    @Test func aTextThatIsPartOfABufferIsChangedInItsPlace() {
        var buffer = ByteBuffer(string: "xx0123456789")
        buffer.moveReaderIndex(forwardBy: 2)
        var splices = Splices()
        splices.replace(3..<5, with: ByteBuffer(string: "-"))
        #expect(String(buffer: splices.apply(to: buffer)) == "012-56789")
    }

    @Test func valuesOfAJSONTextAreReplaced() throws {
        let document = try JSONDocument(#"{ "model": "a", "stop" : ["x", "y","z"], "n": 1 }"#)
        let root = document.root
        var splices = Splices()
        #expect(splices.isEmpty)
        splices.filter(try #require(root["stop"])) { index, element in index != 1 && !element.isString("q") }
        splices.replace(try #require(root["n"]), with: ByteBuffer(string: "2"))
        splices.replace(try #require(root["model"]), with: "b\"\n")
        #expect(!splices.isEmpty)
        let changed = String(buffer: splices.apply(to: document.bytes))
        #expect(changed == #"{ "model": "b\"\n", "stop" : ["x","z"], "n": 2 }"#)
        #expect(try JSONDocument(changed).root["model"]?.string == "b\"\n")
    }
}
