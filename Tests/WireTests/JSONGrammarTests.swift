import NIOCore
import Testing
import Wire

/// After https://github.com/nst/JSONTestSuite (RFC 8259): what must be
/// accepted, what must be refused, and where Holdfast is strict by choice.
@Suite struct JSONGrammarTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1", "-1", "12345678901234567890", "0.1", "-0.0", "1e5", "1E+5", "1e-5",
        "1.5e300", "123.456e78", "1e400", "[]", "[[]]", "{}", "[1]", "[1,2]", " [ 1 , 2 ] ", "\t\r\n 1 \t\r\n",
        #"{"a":1}"#, #"{"a":{"b":[{}]}}"#, #"{"":0}"#, #"{"a":1,"A":2}"#, "\"\"", "\"a\"", #""\"\\\/\b\f\n\r\t""#,
        #""\u0041""#, #""\u0000""#, #""\uD83D\uDE00""#, #""\ud83d\ude00""#, #""\uFFFF""#, #""\u2028""#,
        "\"\u{2028}\u{2029}\"", "\"\u{7F}\"", "\"\u{10FFFF}\"", "\"é\"", "\"\u{FEFF}\"", "[\"\u{E000}\"]",
        #"{"e\u0301":1,"é":2}"#, "[1,\"a\",null,true,{\"b\":[]},-0.5e-10]",
    ])
    func isAccepted(_ text: String) throws {
        for limits in [JSONLimits.whole, .skim, .strictSkim] {
            let document = try JSONDocument(text, limits: limits)
            #expect(document.root.fragment.text == text.trimmingJSONSpace)
        }
    }

    @Test(arguments: [
        ("", JSONProblem.Reason.empty, 0), ("  \n", .empty, 0), ("nul", .unexpectedEnd, 3),
        ("nulL", .unexpectedByte(0x4C), 3), ("True", .unexpectedByte(0x54), 0), ("[", .unexpectedEnd, 1),
        ("{", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), (#"{"a""#, .unexpectedEnd, 4),
        (#"{"a":"#, .unexpectedEnd, 5), (#"{"a":1"#, .unexpectedEnd, 6), (#"{"a":1,"#, .unexpectedEnd, 7),
        ("[1,]", .unexpectedByte(0x5D), 3), ("[,1]", .unexpectedByte(0x2C), 1), ("[1 2]", .unexpectedByte(0x32), 3),
        ("[1}", .unexpectedByte(0x7D), 2), (#"{"a":1]"#, .unexpectedByte(0x5D), 6),
        (#"{"a":1,}"#, .unexpectedByte(0x7D), 7), (#"{a:1}"#, .unexpectedByte(0x61), 1),
        (#"{'a':1}"#, .unexpectedByte(0x27), 1), (#"{1:1}"#, .unexpectedByte(0x31), 1),
        (#"{"a" 1}"#, .unexpectedByte(0x31), 5), (#"{"a":}"#, .unexpectedByte(0x7D), 5),
        ("]", .unexpectedByte(0x5D), 0),
        ("*", .unexpectedByte(0x2A), 0), ("\u{FEFF}1", .unexpectedByte(0xEF), 0), ("1 2", .trailingBytes, 2),
        ("{}{}", .trailingBytes, 2), ("[]]", .trailingBytes, 2), ("truex", .trailingBytes, 4),
        ("\"a\"b", .trailingBytes, 3),
        ("// c\n1", .unexpectedByte(0x2F), 0), ("[1]//", .trailingBytes, 3), ("NaN", .unexpectedByte(0x4E), 0),
        ("Infinity", .unexpectedByte(0x49), 0), ("-Infinity", .invalidNumber, 0), ("+1", .unexpectedByte(0x2B), 0),
        (".5", .unexpectedByte(0x2E), 0), ("-", .invalidNumber, 0), ("[-]", .invalidNumber, 1),
        ("01", .invalidNumber, 0),
        ("[-01]", .invalidNumber, 1), ("1.", .invalidNumber, 0), ("[1.]", .invalidNumber, 1),
        ("1.e5", .invalidNumber, 0),
        ("1e", .invalidNumber, 0), ("1e+", .invalidNumber, 0), ("[0x1]", .invalidNumber, 1),
        ("1_000", .invalidNumber, 0),
        ("[1a]", .invalidNumber, 1), ("1\u{0}", .invalidNumber, 0), ("\"", .unexpectedEnd, 0),
        ("[\"ab", .unexpectedEnd, 1),
        ("\"a\nb\"", .controlCharacterInString(0x0A), 2), ("\"\t\"", .controlCharacterInString(0x09), 1),
        ("\"\u{1F}\"", .controlCharacterInString(0x1F), 1), ("\"\u{0}\"", .unexpectedByte(0), 1),
        ("\u{0}", .unexpectedByte(0), 0),
        (#""\a""#, .invalidEscape, 1), (#""\x41""#, .invalidEscape, 1), (#""\'""#, .invalidEscape, 1),
        (#""\u12""#, .invalidEscape, 1), (#""\u12g4""#, .invalidEscape, 1), (#""\U0041""#, .invalidEscape, 1),
        (#""ab\u+123""#, .invalidEscape, 3), (#""\"#, .unexpectedEnd, 2), (#""\uD800""#, .loneSurrogate, 1),
        (#""\uDC00""#, .loneSurrogate, 1), (#""a\uD800b""#, .loneSurrogate, 2), (#""\uD800\u0041""#, .loneSurrogate, 1),
        (#""\uD800\uD800""#, .loneSurrogate, 1), (#""\uD800\n""#, .loneSurrogate, 1),
        (#""\uD83D\uDE0""#, .loneSurrogate, 1),
        (#"{"a":1,"a":2}"#, .duplicateName("a"), 7), (#"{"mod\u0065l":1,"model":2}"#, .duplicateName("model"), 16),
        (#"{"b":[{"x":0,"y":1,"x":2}]}"#, .duplicateName("x"), 19), (#"{"":1,"":2}"#, .duplicateName(""), 6),
    ])
    func isRefused(_ text: String, _ reason: JSONProblem.Reason, _ offset: Int) {
        for limits in [JSONLimits.whole, .strictSkim] {
            let problem = #expect(throws: JSONProblem.self) { try JSONDocument(text, limits: limits) }
            #expect(problem == JSONProblem(reason, at: offset))
            #expect(problem?.description.isEmpty == false)
        }
    }

    @Test(
        arguments: [
            // Unicode 15, table 3-7: the edges of what is well-formed.
            ([0xC2, 0x80], true), ([0xDF, 0xBF], true), ([0xE0, 0xA0, 0x80], true), ([0xED, 0x9F, 0xBF], true),
            ([0xEE, 0x80, 0x80], true), ([0xEF, 0xBF, 0xBF], true), ([0xF0, 0x90, 0x80, 0x80], true),
            ([0xF4, 0x8F, 0xBF, 0xBF], true), ([0x80], false), ([0xBF], false), ([0xC0, 0x80], false),
            ([0xC1, 0xBF], false),
            ([0xC2], false), ([0xC2, 0x41], false), ([0xE0, 0x9F, 0xBF], false), ([0xE0, 0xA0], false),
            ([0xED, 0xA0, 0x80], false), ([0xED, 0xBF, 0xBF], false), ([0xE2, 0x82, 0x41], false),
            ([0xF0, 0x8F, 0xBF, 0xBF], false), ([0xF0, 0x9F, 0x98], false), ([0xF4, 0x90, 0x80, 0x80], false),
            ([0xF5, 0x80, 0x80, 0x80], false), ([0xFE], false), ([0xFF], false),
        ] as [([UInt8], Bool)])
    func textIsUTF8(_ bytes: [UInt8], _ isGood: Bool) throws {
        // Before, behind and astride the words of eight that are read at once.
        for lead in [0, 1, 6, 7, 8, 9] {
            let text = [0x22] + [UInt8](repeating: 0x61, count: lead) + bytes + [0x22]
            let result = Result { try JSONDocument(ByteBuffer(bytes: text)) }
            if isGood {
                let string = try result.get().root.string
                #expect(Array(try #require(string).utf8) == Array(text.dropFirst().dropLast()))
            } else {
                #expect(throws: JSONProblem(.invalidUTF8, at: 1 + lead)) { try result.get() }
            }
        }
    }

    @Test(arguments: 0..<32)
    func controlCharactersAreSeenWhereverTheyStand(_ byte: Int) {
        for lead in 0...17 {
            let text = [0x22] + [UInt8](repeating: 0x61, count: lead) + [UInt8(byte)] + [0x61, 0x61, 0x22]
            let problem = #expect(throws: JSONProblem.self) { try JSONDocument(ByteBuffer(bytes: text)) }
            #expect(problem?.offset == 1 + lead)
        }
    }

    @Test func nestingStopsAtTheLimitAndNeverAtTheStack() throws {
        for depth in [1, 127, 128] {
            _ = try JSONDocument(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
            _ = try JSONDocument(
                String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth))
        }
        for depth in [129, 148, 1_000_000] {
            #expect(throws: JSONProblem(.tooDeep(limit: 128), at: 128)) {
                try JSONDocument(String(repeating: "[", count: depth))
            }
        }
        let deep = String(repeating: "[", count: 1_000_000) + String(repeating: "]", count: 1_000_000)
        _ = try JSONDocument(deep, limits: JSONLimits(depth: 1_000_000, values: 1_000_000))
        _ = try JSONDocument(deep, limits: JSONLimits(depth: 1_000_000, values: 10, indexedDepth: 3))
    }

    @Test func valuesAreCountedWhereTheyAreIndexed() throws {
        let many = "[" + Array(repeating: "1", count: 100).joined(separator: ",") + "]"
        #expect(throws: JSONProblem(.tooManyValues(limit: 50), at: 99)) {
            try JSONDocument(many, limits: JSONLimits(values: 50))
        }
        _ = try JSONDocument("{\"a\":\(many)}", limits: JSONLimits(values: 3, indexedDepth: 1))
    }

    @Test func duplicatesAreFoundInObjectsOfAnySize() throws {
        for count in [2, 24, 25, 400] {
            let members = (0..<count).map { "\"n\($0)\":0" }
            _ = try JSONDocument("{\(members.joined(separator: ","))}")
            for later in [1, count / 2, count - 1] where later > 0 {
                var twice = members
                twice[later] = "\"n0\":1"
                #expect(throws: JSONProblem.self) { try JSONDocument("{\(twice.joined(separator: ","))}") }
            }
        }
    }

    /// Swift calls these equal; JSON's names are sequences of scalars.
    @Test func namesThatOnlyLookAlikeAreTwo() throws {
        _ = try JSONDocument("{\"e\u{301}\":1,\"\u{E9}\":2}")
        _ = try JSONDocument("{\"e\\u0301\":1,\"\u{E9}\":2}")
        let filler = (0..<30).map { "\"n\($0)\":0" }.joined(separator: ",")
        _ = try JSONDocument("{\(filler),\"e\u{301}\":1,\"\u{E9}\":2}")
    }

    @Test func aSkimChecksEverythingAndIndexesTheTop() throws {
        let text = #"{"model":"m","messages":[{"role":"user","content":"a"}],"x":{"y":1}}"#
        let skimmed = try JSONDocument(text, limits: .skim).root
        #expect(skimmed["model"]?.string == "m")
        #expect(skimmed["messages"]?.fragment.text == #"[{"role":"user","content":"a"}]"#)
        #expect(skimmed["messages"].map { Array($0.elements).isEmpty } == true, "what lies below is not indexed")
        #expect(skimmed.members.map { $0.name.string } == ["model", "messages", "x"])
        #expect(throws: JSONProblem.self) { try JSONDocument(#"{"a":[1,}"#, limits: .skim) }
        #expect(throws: JSONProblem(.duplicateName("a"), at: 7)) { try JSONDocument(#"{"a":1,"a":2}"#, limits: .skim) }
        #expect(throws: JSONProblem.self) { try JSONDocument(#"{"a":{"b":"\uD800"}}"#, limits: .skim) }
    }

    /// However it is spelt, and only at the top.
    @Test(arguments: ["usage", #"\u0075sage"#])
    func aSkimIndexesOneMemberInFull(_ name: String) throws {
        let text = #"{"a":{"usage":{"x":[1]}},"NAME":{"in":1,"more":[{"out":2}]},"b":{"c":3}}"#
            .replacing("NAME", with: name)
        let root = try JSONDocument(text, limits: .skim(indexing: "usage")).root
        #expect(root.members.map { $0.name.string } == ["a", "usage", "b"])
        #expect(root["usage"]?["in"]?.int == 1)
        #expect(root["usage"]?["more"]?.elements.map { $0["out"]?.int } == [2])
        #expect(root["a"]?["usage"] == nil)
        #expect(root["b"]?["c"] == nil)
        #expect(throws: JSONProblem.self) {
            try JSONDocument(#"{"usage":{"in":1,"in":2}}"#, limits: .skim(indexing: "usage"))
        }
    }
}

extension String {
    fileprivate var trimmingJSONSpace: String {
        var text = Substring(self)
        while let first = text.unicodeScalars.first, " \t\r\n".unicodeScalars.contains(first) {
            text.unicodeScalars.removeFirst()
        }
        while let last = text.unicodeScalars.last, " \t\r\n".unicodeScalars.contains(last) {
            text.unicodeScalars.removeLast()
        }
        return String(text)
    }
}
