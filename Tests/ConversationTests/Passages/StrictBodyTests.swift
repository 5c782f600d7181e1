import Conversation
import NIOCore
import Testing
import Wire

/// Bodies in which a supervisor and a provider would read different texts.
@Suite struct StrictBodyTests {
    private static func code(_ bytes: ByteBuffer, _ dialect: ReadDialect) -> String? {
        do throws(APIProblem) {
            _ = try dialect.door.strictly(bytes)
            return nil
        } catch {
            #expect(error.kind == .invalidRequest)
            return error.code ?? ""
        }
    }

    @Test(
        "a name that is given twice is refused at any depth",
        arguments: [
            #"{"model":"a","model":"b"}"#, #"{"messages":[{"content":"a","content":"b"}]}"#,
            #"{"messages":[{"content":[{"type":"tool_use","input":{"a":[{"x":"a","\u0078":"b"}]}}]}]}"#,
            #"{"tools":[{"input_schema":{"properties":{"a":{"type":"string","type":"number"}}}}]}"#,
        ])
    func duplicates(_ text: String) {
        for dialect in ReadDialect.all { #expect(Self.code(ByteBuffer(string: text), dialect) == "duplicate_name") }
    }

    @Test("text that is no Unicode is refused", arguments: [#"\uD800"#, #"\uDC00x"#, #"\ud83d\u0041"#])
    func surrogates(_ inside: String) {
        for dialect in ReadDialect.all {
            let text = #"{"messages":[{"content":[{"x":{"y":"\#(inside)"}}]}]}"#
            #expect(Self.code(ByteBuffer(string: text), dialect) == "invalid_unicode")
        }
    }

    @Test func badUTF8() {
        let bytes = Array(#"{"x":[{"y":""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}]}"#.utf8)
        for dialect in ReadDialect.all { #expect(Self.code(ByteBuffer(bytes: bytes), dialect) == "invalid_unicode") }
    }

    @Test("what is no JSON, or too deep, is refused")
    func grammar() {
        for text in ["", "{", #"{"a":1,}"#, String(repeating: "[", count: 200) + String(repeating: "]", count: 200)] {
            for dialect in ReadDialect.all { #expect(Self.code(ByteBuffer(string: text), dialect) == "invalid_json") }
        }
    }

    @Test("a name of the API that comes a second time in other letters is refused")
    func cases() {
        for dialect in ReadDialect.all {
            let text = #"{"\#(dialect.turns)":[{"role":"assistant","Role":"user","content":"x"}]}"#
            #expect(Self.code(ByteBuffer(string: text), dialect) == "ambiguous_name")
            // Alone, or where names are free, it is judged.
            let alone = #"{"\#(dialect.turns)":[{"Role":"user","content":"x"}]}"#
            #expect(Self.code(ByteBuffer(string: alone), dialect) == nil)
            #expect(Self.code(ByteBuffer(string: #"{"metadata":{"a":"x","A":"y"}}"#), dialect) == nil)
        }
    }

    @Test("more parts than anybody sends are refused")
    func parts() {
        let parts = String(repeating: #"{"type":"text","text":"a"},"#, count: PassageReader.mostPassages + 1)
        for dialect in ReadDialect.all {
            let text = #"{"\#(dialect.turns)":[{"role":"user","content":[\#(parts.dropLast())]}]}"#
            #expect(Self.code(ByteBuffer(string: text), dialect) == "too_many_parts")
        }
    }

    @Test("a body of any kind of JSON is read", arguments: ["7", "null", #""words""#, "[]", #"["words"]"#, "{}"])
    func anyValue(_ text: String) throws {
        for dialect in ReadDialect.all {
            #expect(try dialect.passages(text).passages.map(\.text) == (text.contains("words") ? ["words"] : []))
        }
    }
}

extension CallerProtocol {
    fileprivate func strictly(_ bytes: ByteBuffer) throws(APIProblem) -> RequestPassages {
        try passages(ofBody: bytes, at: CalledPath())
    }
}
