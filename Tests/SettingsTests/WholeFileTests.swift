import Seeded
import Settings
import Testing

/// Tests of properties that every file has as a whole, even a damaged one.
@Suite struct WholeFileTests {
    @Test func allProblemsAreToldAtOnceInTheOrderOfTheFile() {
        let text = """
            routes:
              r: {candidates: [{provider: nobody, model: x}]}
            lisen: x
            providers:
              p: {dialect: openai, base_url: https://x, contxt: 5}
            admin: y
            """
        let lines = read(text).problems.map { $0.position?.line }
        #expect(lines == [2, 3, 5, 6])
    }

    @Test func aProviderThatIsWrongIsNotASecondProblemInRoutes() {
        let text = """
            providers: {p: {dialect: openai}}
            routes: {r: {candidates: [{provider: p, model: m}]}}
            """
        #expect(problems(text) == ["holdfast.yaml:1:16: providers.p needs a base_url"])
    }

    @Test func aFileOfTenMegabytesIsRefusedBeforeItIsParsed() {
        let reading = Settings.read(
            [UInt8](repeating: UInt8(ascii: "#"), count: 10 << 20), file: "holdfast.yaml", environment: [:])
        #expect(
            reading.problems.map(\.description) == ["holdfast.yaml: the file is longer than 1 MiB, which is the limit"])
    }

    @Test func whatIsNotUTF8IsRefused() {
        let reading = Settings.read([0x61, 0x3A, 0x20, 0xFF], file: "holdfast.yaml", environment: [:])
        #expect(reading.problems.map(\.description) == ["holdfast.yaml: the file is not text in UTF-8"])
    }

    @Test func aBinaryFileGivesAFewProblemsNotThousands() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7 % 32) }
        let reading = Settings.read(bytes, file: "holdfast.yaml", environment: [:])
        #expect(reading.settings == nil)
        #expect((1...20).contains(reading.problems.count))
    }

    @Test func valuesFromTheEnvironmentAreNotRepeatedInMessages() {
        let text = """
            listen: ${S}
            providers:
              p: {dialect: openai, base_url: "${S}", proxy: "${S}", context: "${S}"}
            """
        let found = problems(text, environment: ["S": "s3cr3t"])
        #expect(found.count == 4)
        #expect(found.allSatisfy { !$0.contains("s3cr3t") })
        #expect(found.first?.hasSuffix("not \"${S}\"") == true)
    }

    @Test func missingFilesAreToldWhereTheyAreNamed() {
        let text = """
            tls: {cert: c.pem, key: k.pem}
            providers:
              here: {dialect: engine, model_file: m.gguf}
            """
        let reading = Settings.read(Array(text.utf8), file: "holdfast.yaml", environment: [:]) { $0 == "k.pem" }
        #expect(
            reading.problems.map(\.description) == [
                "holdfast.yaml:1:13: tls.cert: cannot read \"c.pem\"",
                "holdfast.yaml:3:39: warning: providers.here.model_file: cannot read \"m.gguf\" yet",
            ])
    }

    /// Damaged files end in problems, never in a trap; and quickly.
    @Test(arguments: [UInt64.random(in: 0...UInt64.max), 1])
    func randomDamageNeverTraps(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix(seed: seed)
        let pieces = [
            "{", "}", "[", "]", ": ", "- ", "\"", "'", "\n", "  ", "#", "|", ">", "&a", "*a", "${", "$$", "\u{E000}",
            "é",
        ]
        for _ in 0..<500 {
            var text = Array(ShapeTests.example)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                if Bool.random(using: &random) {
                    text.insert(contentsOf: pieces.randomElement(using: &random) ?? "", at: place)
                } else {
                    text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...9, using: &random)))
                }
            }
            let reading = read(String(text), environment: ["ANTHROPIC_API_KEY": "k"])
            #expect(reading.settings != nil || !reading.errors.isEmpty, "seed \(seed)")
        }
    }
}
