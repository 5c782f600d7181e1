import Seeded
import NIOCore
import Testing
import Wire

@Suite struct JSONTemplateTests {
    private func template(_ text: String) throws -> JSONTemplate {
        let root = try JSONDocument(text).root
        return JSONTemplate(varying: try #require(root["a"]?["say"]))
    }

    private let known = #"{"id":1,"a":{"say":"one"},"z":null}"#

    @Test(arguments: [
        (#"{"id":1,"a":{"say":"two"},"z":null}"#, "two"), (#"{"id":1,"a":{"say":""},"z":null}"#, ""),
        (#"{"id":1,"a":{"say":"a\nb\u00e4 \"c\" ä"},"z":null}"#, "a\nbä \"c\" ä"),
    ])
    func theSameWithOtherWords(_ text: String, _ words: String) throws {
        let template = try template(known)
        #expect(template.string(in: ByteBuffer(string: text)) == words)
        #expect(template.matches(ByteBuffer(string: text)))
    }

    @Test(arguments: [
        "", "{}", #"{"id":2,"a":{"say":"one"},"z":null}"#, #"{"id":1,"a":{"say":"one"},"z":true}"#,
        #"{"id":1,"a":{"say":"x","say":"one"},"z":null}"#, #"{"id":1,"a":{"say":"x"},"b":{"say":"one"},"z":null}"#,
        #"{"id":1,"a":{"say":"\"},"z":null}"#, #"{"id":1,"a":{"say":"\q"},"z":null}"#,
        "{\"id\":1,\"a\":{\"say\":\"a\nb\"},\"z\":null}", #"{"id":1,"a":{"say":"\ud800"},"z":null}"#,
        #"{"id":1,"a":{"say":"},"z":null}"#, #"{"id":1,"a":{"say":3},"z":null}"#,
    ])
    func anotherTextIsNone(_ text: String) throws {
        #expect(try template(known).string(in: ByteBuffer(string: text)) == nil)
    }

    @Test func invalidUTF8IsNone() throws {
        let text = ByteBuffer(bytes: Array(#"{"id":1,"a":{"say":""#.utf8) + [0xFF] + Array(#""},"z":null}"#.utf8))
        #expect(try !template(known).matches(text))
    }

    /// Every text that the template matches is read in the same way by a
    /// parser.
    @Test func agreesWithTheParser() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed: seed)
        let template = try template(known)
        let alphabet = Array(#"{"id":1,"a":{"say":"one"},"z":null}\ u0041ä"#.utf8) + [0x00, 0x0A, 0xFF]
        var matched = 0
        for _ in 0..<20_000 {
            var bytes = Array(known.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                if Bool.random(using: &random) {
                    bytes[place] = alphabet.randomElement(using: &random)!
                } else {
                    bytes.insert(alphabet.randomElement(using: &random)!, at: place)
                }
            }
            let buffer = ByteBuffer(bytes: bytes)
            guard let words = template.string(in: buffer) else { continue }
            matched += 1
            let root = try JSONDocument(buffer).root
            #expect(root["a"]?["say"]?.string == words, "seed \(seed)")
            #expect(root["id"]?.int == 1 && root["z"]?.isNull == true, "seed \(seed)")
            #expect(Array(root.members).count == 3, "seed \(seed)")
        }
        #expect(matched > 100, "seed \(seed)")
    }
}
