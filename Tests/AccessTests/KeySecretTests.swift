import Access
import Testing

@Suite struct KeySecretTests {
    /// Repeats one word, so that keys are known.
    struct Constant: RandomNumberGenerator {
        var word: UInt64
        mutating func next() -> UInt64 { word }
    }

    @Test(arguments: [(false, "hf_"), (true, "hfa_")])
    func aKeyHasItsPrefixAndFortyThreeDigits(admin: Bool, prefix: String) {
        for _ in 0..<100 {
            let text = KeySecret(admin: admin).reveal()
            #expect(text.hasPrefix(prefix))
            let digits = text.dropFirst(prefix.count)
            #expect(digits.count == 43)
            #expect(digits.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
        }
    }

    @Test func digitsSpellTheWholeNumber() {
        var zeros = Constant(word: 0)
        #expect(KeySecret(admin: false, using: &zeros).reveal() == "hf_" + String(repeating: "0", count: 43))
        // 2^256 - 1 in base 62, by an independent calculation.
        var ones = Constant(word: .max)
        #expect(
            KeySecret(admin: false, using: &ones).reveal() == "hf_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1")
    }

    @Test func twoKeysAreNeverTheSame() {
        #expect(Set((0..<1000).map { _ in KeySecret().reveal() }).count == 1000)
    }

    @Test func aKeyDoesNotShowItself() {
        let secret = KeySecret(presented: "hf_abcdefgh")
        var dumped = ""
        dump(secret, to: &dumped)
        dump([secret], to: &dumped)
        for shown in ["\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(Optional(secret) as Any)"] {
            #expect(!shown.contains("abcdefgh"))
        }
        #expect("\(secret)" == "hf_…")
        #expect("\(KeySecret(presented: "hfa_abc"))" == "hfa_…")
        #expect("\(KeySecret(presented: "sk-abc"))" == "…")
    }

    @Test func aDigestIsSHA256() {
        // FIPS 180-4's example, SHA-256 of "abc".
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(KeyDigest(of: "abc").hex == hex)
        #expect(KeyDigest(hex: hex) == KeyDigest(of: "abc"))
        #expect(KeyDigest(hex: hex.uppercased()) == KeyDigest(of: "abc"))
    }

    @Test(arguments: ["", "ba78", String(repeating: "g", count: 64), String(repeating: "a", count: 65)])
    func whatIsNotADigestIsRefused(text: String) {
        #expect(KeyDigest(hex: text) == nil)
    }
}
