import Encodings
import Failures
import NIOCore
import Testing
import Wire

@Suite struct SecretMaskTests {
    static let key = "sk-live_9Zx+Q/7hTtWm2vB4"
    static let mask = SecretMask([key, "Basic " + Base64.encode(Array("operator:tunnel-word-77".utf8)), "short"])

    /// The spellings in which an echo can come.
    static let spellings: [(name: String, text: String)] = {
        let bytes = Array(key.utf8)
        func each(_ spell: (UInt8) -> String) -> String { bytes.map(spell).joined() }
        func hex(_ byte: UInt8) -> String { Hex.encode([byte]) }
        return [
            ("plain", key), ("bearer", "Bearer \(key)"), ("capitals", key.uppercased()),
            ("JSON, all", each { "\\u00" + hex($0) }), ("JSON, capitals", each { "\\u00" + hex($0).uppercased() }),
            ("JSON, slashes", key.split(separator: "/").joined(separator: "\\/")),
            ("JSON in JSON", each { "\\\\u00" + hex($0) }), ("JSON, first", "\\u0073" + key.dropFirst()),
            ("percent, all", each { "%" + hex($0) }), ("percent, twice", each { "%25" + hex($0) }),
            ("percent, signs", key.split(separator: "+").joined(separator: "%2B")),
            ("HTML", each { "&#\($0);" }), ("HTML, hexadecimal", each { "&#x" + hex($0) + ";" }),
            ("base 16", Hex.encode(bytes)), ("base 64", Base64.encode(bytes)),
            ("base 64 of a pair", Base64.encode(Array("user:\(key)".utf8))),
            ("base 64 of a pair, otherwise", Base64.encode(Array("ab:\(key)".utf8))),
            ("base 64 of the field", Base64.encode(Array("authorization: Bearer \(key)\r\n".utf8))),
            ("cut short", String(key.prefix(17))),
        ]
    }()

    @Test(arguments: spellings)
    func anEchoIsTakenOutHoweverItIsSpelt(_ name: String, _ text: String) {
        for (before, after) in [("", ""), ("key=", ""), ("{\"error\":\"", "\"}"), ("sk-", " "), ("a ", "&")] {
            let masked = Self.mask.masking(before + text + after)
            #expect(masked.contains(SecretMask.mark), "\(masked)")
            #expect(!masked.lowercased().contains("zx"), "\(name): \(masked)")
            #expect(masked.hasPrefix(before) && masked.hasSuffix(after), "\(name): \(masked)")
            let bytes = Self.mask.masking(ByteBuffer(string: before + text + after))
            #expect(String(buffer: bytes) == masked)
        }
    }

    @Test func jsonStaysJSON() throws {
        for (name, text) in Self.spellings {
            let body = "{\"error\":{\"message\":\"Incorrect: \(text)\",\"param\":null,\"code\":\"\(text)\"}}"
            let root = try JSONDocument(Self.mask.masking(ByteBuffer(string: body))).root
            let message = try #require(root["error"]?["message"]?.string)
            #expect(message.contains(SecretMask.mark), "\(name): \(message)")
            #expect(!message.lowercased().contains("zx"), "\(name): \(message)")
        }
    }

    @Test(arguments: ["tunnel-word-77", "operator:tunnel-word-77", "b3BlcmF0b3I6dHVubmVsLXdvcmQtNzc"])
    func aPairIsFoundWhole_inPart_andInBase64(_ text: String) {
        #expect(Self.mask.masking("said \(text).").contains(SecretMask.mark))
        #expect(!Self.mask.masking(text).contains(text.suffix(8)))
    }

    @Test(arguments: [
        "", "sk-", "sk-live_", "short", "{\"error\":{\"message\":\"no \\u00e9 %41 &amp; here\"}}", "\\", "%", "&#",
        "%2",
        "\\u00", "operator", "sk-live_9Zx",
    ])
    func whatHoldsNoneStaysAsItIs(_ text: String) {
        let bytes = ByteBuffer(string: text)
        #expect(Self.mask.masking(bytes) == bytes)
        #expect(Self.mask.masking(text) == text)
        #expect(SecretMask.none.masking(text) == text)
    }

    @Test func severalAreTakenOut_alsoWhereOneFollowsTheOther() {
        let both = SecretMask.union([SecretMask(["first-secret"]), SecretMask(["second-secret"]), .none])
        #expect(both.masking("first-secretsecond-secret") == SecretMask.mark + SecretMask.mark)
        #expect(both.masking("first-secre second-secre") == "first-secre second-secre")
    }

    @Test(arguments: [
        "hf_0123456789abcdefghijABCDEFGHIJ", "oa/sk-proj-0123456789abcdefXYZ", "Bearer hfa_0123456789abcdefghij",
        "AKIAIOSFODNN7EXAMPLE",
    ])
    func aKeyInThePlaceOfANameIsMasked(_ name: String) {
        #expect(KeyShape.stands(in: name))
        #expect(!KeyShape.masking(name).contains("0123") && !KeyShape.masking(name).contains("FODNN"))
    }

    @Test(arguments: [
        "gpt-5", "hf_model", "anthropic/claude-opus-4-8", "sk-tiny",
        "accounts/fireworks/models/llama-v3p1-405b-instruct",
        "ft:gpt-4o-mini-2024-07-18:org:custom:7p4lURel", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/x",
        "7b1c3f6a-1111-2222-3333-444455556666", "",
    ])
    func aNameStaysAName(_ name: String) { #expect(KeyShape.masking(name) == name) }
}
