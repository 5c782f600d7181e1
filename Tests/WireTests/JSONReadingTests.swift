import NIOCore
import Testing
import Wire

@Suite struct JSONReadingTests {
    @Test(arguments: [
        ("0", 0 as Int?, 0.0 as Double?), ("-0", 0, -0.0), ("1.0", 1, 1), ("1e3", 1000, 1000), ("-12", -12, -12),
        ("1.5", nil, 1.5), ("9223372036854775807", .max, 9_223_372_036_854_775_808),
        ("9223372036854775808", nil, 9.223372036854775808e18),
        ("-9223372036854775808", .min, -9_223_372_036_854_775_808), ("1e400", nil, nil), ("-1e400", nil, nil),
        ("1e-400", 0, 0), ("0.1", nil, 0.1), ("123456789012345678901234567890", nil, 1.2345678901234568e29),
        ("\"1\"", nil, nil), ("true", nil, nil),
        ("1e15", 1_000_000_000_000_000, 1e15), ("1e16", nil, 1e16),
    ])
    func numbersAreReadOrNotAtAll(_ text: String, _ int: Int?, _ double: Double?) throws {
        let view = try JSONDocument(text).root
        #expect(view.int == int)
        #expect(view.double == double)
    }

    @Test(arguments: [
        (#""""#, ""), (#""a\"b""#, "a\"b"), (#""\\\/\b\f\n\r\t""#, "\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""\uD83D\uDE00x""#, "😀x"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\u0000""#, "\u{0}"),
        ("\"grüße 🌍\"", "grüße 🌍"),
        (#""12345678\n12345678""#, "12345678\n12345678"),
    ])
    func stringsAreUnescaped(_ text: String, _ expected: String) throws {
        let view = try JSONDocument(text).root
        #expect(view.string.map { Array($0.utf8) } == Array(expected.utf8))
    }

    @Test func aNameIsFoundHoweverItIsWritten() throws {
        let root = try JSONDocument(#"{"a":1,"mod\u0065l":"x","n":null,"t":true,"f":false}"#).root
        #expect(root["model"]?.string == "x" && root["model"]?.isString("x") == true)
        #expect(root["missing"] == nil && root["a"]?["b"] == nil)
        #expect(
            root["n"]?.isNull == true && root["t"]?.bool == true && root["f"]?.bool == false && root["a"]?.bool == nil)
        #expect(root["a"]?.string == nil && root["a"]?.isString("1") == false)
        #expect(try JSONDocument(#"{"\u212a":1}"#).root["K"] == nil, "a Kelvin sign is no K")
    }

    @Test func kindsDontMix() throws {
        let array = try JSONDocument("[1,2]").root
        #expect(Array(array.members).isEmpty && array["a"] == nil)
        #expect(array.elements.map(\.int) == [1, 2])
        let object = try JSONDocument(#"{"a":[1,[2,3]],"b":4}"#).root
        #expect(Array(object.elements).isEmpty)
        #expect(object.members.map { $0.value.kind } == [.array, .number])
    }

    @Test func aFragmentIsTheBytesAsTheyCame() throws {
        let inner = #"{ "a" : [1.0, 1e5 ,"\u0041\/" ], "é":null}"#
        let document = try JSONDocument("\n {\"x\": \(inner) ,\"y\":0}\t")
        let fragment = try #require(document.root["x"]).fragment
        #expect(fragment.text == inner)
        #expect(try fragment.document().root["a"]?.elements.map { $0.fragment.text } == ["1.0", "1e5", #""\u0041\/""#])
        #expect(try JSONFragment(checking: " [1 ] ").text == " [1 ] ")
        #expect(throws: JSONProblem.self) { try JSONFragment(checking: "[1") }
        #expect(JSONFragment.emptyObject.text == "{}")
    }

    @Test func aValueIsReplacedAndNothingElse() throws {
        let text = " {\"a\" : [1, 2 ],\"model\":  \"old\\n\" , \"z\":{\"model\":\"kept\"}} "
        // A buffer that doesn't begin at its first byte.
        var buffer = ByteBuffer(string: "xyz" + text)
        buffer.moveReaderIndex(forwardBy: 3)
        for limits in [JSONLimits.whole, .skim] {
            let document = try JSONDocument(buffer, limits: limits)
            let replaced = document.replacing(try #require(document.root["model"]), with: ByteBuffer(string: "\"new\""))
            #expect(String(buffer: replaced) == " {\"a\" : [1, 2 ],\"model\":  \"new\" , \"z\":{\"model\":\"kept\"}} ")
            #expect(String(buffer: document.replacing(document.root, with: ByteBuffer())) == "  ")
        }
    }
}
