import NIOCore
import Testing
import Wire

/// Text that two readers would read differently, below the depth that a skim
/// indexes.
@Suite struct StrictReadingTests {
    @Test(
        "a name that is given twice is refused at any depth",
        arguments: [
            (#"{"a":{"x":1,"x":2}}"#, "x", 12), (#"{"a":[[{"b":{"x":1,"y":{},"x":2}}]]}"#, "x", 26),
            (#"{"a":{"x":{"x":{"x":1}},"y":[{"x":1},{"x":2}],"x":3}}"#, "x", 46),
            (#"{"a":{"\u0078":1,"x":2}}"#, "x", 17), (#"[{"x":1},{"x":1,"x":2}]"#, "x", 16),
            (#"{"a":{"":1,"":2}}"#, "", 11), (#"{"a":{"b":{"x":1,"x":2},"b":3}}"#, "x", 17),
            (#"{"x":{"y":1},"z":{"y":1,"y":2}}"#, "y", 24), (#"{"a":{"y":1},"a":{}}"#, "a", 13),
        ])
    func duplicates(_ text: String, _ name: String, _ offset: Int) {
        let expected = JSONProblem(.duplicateName(name), at: offset)
        #expect(throws: expected) { try JSONDocument(text, limits: .strictSkim) }
        #expect(throws: expected) { try JSONDocument(text) }
    }

    @Test(
        "names of different objects are no duplicates",
        arguments: [
            #"{"a":{"x":1},"b":{"x":2},"x":3}"#, #"{"a":{"x":{"x":{"x":1}}}}"#, #"{"a":[{"x":1},{"x":2}]}"#,
            #"{"a":{"x":1,"X":2}}"#, #"{"a":{"e\u0301":1,"é":2}}"#, #"{"a":{},"b":[]}"#,
        ])
    func differentObjects(_ text: String) throws {
        let strict = try JSONDocument(text, limits: .strictSkim).root
        #expect(strict.fragment.text == text)
        // No more is indexed for it than by a skim.
        #expect(strict.members.allSatisfy { Array($0.value.members).isEmpty && Array($0.value.elements).isEmpty })
    }

    @Test(arguments: [2, 24, 25, 400])
    func duplicatesAreFoundInObjectsOfAnySize(_ count: Int) throws {
        let members = (0..<count).map { "\"n\($0)\":{\"in\":0}" }
        _ = try JSONDocument("{\"a\":{\(members.joined(separator: ","))}}", limits: .strictSkim)
        for later in [1, count / 2, count - 1] where later > 0 {
            var twice = members
            twice[later] = "\"n0\":1"
            #expect(throws: JSONProblem.self) {
                try JSONDocument("{\"a\":{\(twice.joined(separator: ","))}}", limits: .strictSkim)
            }
        }
    }

    @Test("text that is no Unicode is refused at any depth, strictly or not", arguments: [0, 1])
    func unicode(_ strictly: Int) {
        let limits = strictly == 1 ? JSONLimits.strictSkim : .skim
        for inside in [#"\uD800"#, #"\uDC00"#, #"a\uD83Db"#, #"\uD800\uD800"#] {
            #expect(throws: JSONProblem.self) { try JSONDocument(#"{"a":[{"b":"\#(inside)"}]}"#, limits: limits) }
            #expect(throws: JSONProblem.self) { try JSONDocument(#"{"a":[{"\#(inside)":1}]}"#, limits: limits) }
        }
        for bytes in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] as [[UInt8]] {
            let text = Array(#"{"a":[{"b":""#.utf8) + bytes + Array(#""}]}"#.utf8)
            #expect(throws: JSONProblem.self) { try JSONDocument(ByteBuffer(bytes: text), limits: limits) }
        }
    }

    @Test("the names that wait to be compared are limited")
    func limit() throws {
        let members = (0..<100).map { "\"n\($0)\":0" }.joined(separator: ",")
        let limits = JSONLimits(values: 50, indexedDepth: 1, isStrict: true)
        #expect(throws: JSONProblem.self) { try JSONDocument("{\"a\":{\(members)}}", limits: limits) }
        // Those of objects that have ended don't wait any more.
        let few = (0..<100).map { _ in #"{"x":1,"y":2}"# }.joined(separator: ",")
        _ = try JSONDocument("{\"a\":[\(few)]}", limits: limits)
    }

    @Test("a member that is indexed in full is read strictly, and so is the rest")
    func indexedMember() {
        let limits = JSONLimits(indexedDepth: 1, indexedMember: "usage", isStrict: true)
        #expect(throws: JSONProblem.self) { try JSONDocument(#"{"usage":{"x":1,"x":2}}"#, limits: limits) }
        #expect(throws: JSONProblem.self) { try JSONDocument(#"{"usage":{"x":1},"a":{"x":1,"x":2}}"#, limits: limits) }
        #expect(throws: Never.self) { try JSONDocument(#"{"usage":{"x":1},"a":{"x":1,"y":2}}"#, limits: limits) }
    }
}
