import NIOCore
import Seeded
import Testing
import Wire

@Suite struct JSONPatternTests {
    private static let known =
        #"{"type":"delta","number":12,"id":"m","say":"Hi","list":[],"padding":"abc"}"#

    private func pattern(_ text: String = known) throws -> JSONPattern {
        let root = try JSONDocument(text).root
        return JSONPattern(
            varying: try ["number", "say", "padding"].map { name in
                try #require(root.members.first { $0.name.word == name }?.value)
            })
    }

    private func read(_ pattern: JSONPattern, _ text: String) -> [String]? {
        pattern.match(ByteBuffer(string: text)) { match in
            [match.number(0).map(String.init) ?? "too large", match.string(1), match.string(2)]
        }
    }

    @Test(arguments: [
        (known, ["12", "Hi", "abc"]),
        (#"{"type":"delta","number":0,"id":"m","say":"","list":[],"padding":""}"#, ["0", "", ""]),
        (
            #"{"type":"delta","number":1234567,"id":"m","say":"\"}\n Gr\u00fc\u00dfe 👋","list":[],"padding":"\\"}"#,
            ["1234567", "\"}\n Grüße 👋", "\\"]
        ),
        (
            #"{"type":"delta","number":1234567890123456789012,"id":"m","say":"x","list":[],"padding":"y"}"#,
            ["too large", "x", "y"]
        ),
    ]) func aTextOfTheSameFormIsRead(_ text: String, _ values: [String]) throws {
        #expect(read(try pattern(), text) == values)
    }

    @Test(arguments: [
        "", "{", #"{"type":"delta","number":12,"id":"n","say":"Hi","list":[],"padding":"abc"}"#,
        #"{"type":"delta","number":-12,"id":"m","say":"Hi","list":[],"padding":"abc"}"#,
        #"{"type":"delta","number":012,"id":"m","say":"Hi","list":[],"padding":"abc"}"#,
        #"{"type":"delta","number":1.2,"id":"m","say":"Hi","list":[],"padding":"abc"}"#,
        #"{"type":"delta","number":,"id":"m","say":"Hi","list":[],"padding":"abc"}"#,
        #"{"type":"delta","number":12,"id":"m","say":"Hi","more":1,"list":[],"padding":"abc"}"#,
        #"{"type":"delta","number":12,"id":"m","say":"Hi","list":[1],"padding":"abc"}"#,
        #"{"type":"delta","number":12,"id":"m","say":"Hi","list":[],"padding":"abc"} "#,
        #"{"type":"delta","number":12,"id":"m","say":"Hi","list":[],"padding":"abc","x":"y"}"#,
        "{\"type\":\"delta\",\"number\":12,\"id\":\"m\",\"say\":\"a\u{1}\",\"list\":[],\"padding\":\"abc\"}",
    ]) func anyOtherTextIsNot(_ text: String) throws {
        #expect(read(try pattern(), text) == nil)
    }

    /// Each match is JSON, and says what a parser reads.
    @Test func whatMatchesIsWhatAParserReads() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("JSONPatternTests: seed \(seed)")
        var random = SplitMix(seed: seed)
        let pattern = try pattern()
        let original = Array(Self.known.utf8)
        let marks = Array("\"\\{}[]:,0123456789 ué\u{0}abn".utf8)
        var matched = 0
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let mark = marks.randomElement(using: &random)!
                if Bool.random(using: &random) { bytes[place] = mark } else { bytes.insert(mark, at: place) }
            }
            let found = pattern.match(ByteBuffer(bytes: bytes)) { match in
                (match.number(0), match.string(1), match.string(2))
            }
            guard let found else { continue }
            matched += 1
            let root = try JSONDocument(ByteBuffer(bytes: bytes)).root
            #expect(root["number"]?.int == found.0 || found.0 == nil)
            #expect(root["say"]?.string == found.1 && root["padding"]?.string == found.2)
        }
        #expect(matched > 1000)
    }
}
