import Encodings
import Testing
import WeightFormats

@Suite struct ShowingTests {
    @Test func peopleReadThis() throws {
        var writer = GGUFWriter.model
        writer["general.name"] = .string("Tiny \u{1B}[31mred\u{202E}")
        let text = WeightText.render(try read(writer.bytes))
        for line in [
            #"Tiny \u{1b}[31mred\u{202e} — GGUF v3, 9.5 kB"#, "  architecture   llama",
            "  parameters     2.2 K (2,211)",
            "  weights        F32 3, Q8_0 1 tensors", "  context        128 tokens", "  layers         2",
            "  heads          4, 2 for keys and values", "  vocabulary     5 tokens", "  chat template  15 bytes",
            "  tokenizer.chat_template        string    {{ messages }}\\n",
            "  token_embd.weight        Q8_0  32 × 5         1  170 bytes",
            "  blk.{0,1}.attn_q.weight  F32   32 × 32        2     8.2 kB",
        ] {
            #expect(text.split(separator: "\n").contains(line[...]), "\(line)\n---\n\(text)")
        }
        #expect(!text.utf8.contains(0x1B))
    }

    /// Names and values as nobody would choose them.
    @Test(arguments: [
        String(repeating: "abcdefgh", count: 20), String(repeating: "模型", count: 60),
        String(repeating: "a.b-c_d ", count: 20), "\u{1B}[2J\u{202E}\n\r" + String(repeating: "x", count: 90), "",
        "0.1.2.3.4.5.6.7.8.9." + String(repeating: "7.", count: 60),
    ])
    func everyLineFitsATerminal(word: String) throws {
        var writer = GGUFWriter.model
        writer["general.name"] = .string(word)
        writer["general.description"] = .string(word)
        // Keys are plain by themselves, and may be long.
        writer["x." + String(repeating: "key", count: 30)] = .string(word)
        writer["x.many"] = .strings(Array(repeating: Array(word.utf8), count: 9))
        let shape: [UInt64] = [1, 1, 1, 100_000]
        writer.tensors.append(.init(String(repeating: "name", count: 14) + ".weight", shape))
        writer.tensors += (0..<300).map { .init("kind\($0)." + String(repeating: "x.7.", count: 12), [1]) }
        let text = WeightText.render(try read(writer.bytes))
        for line in text.split(separator: "\n") { #expect(line.columns <= 80, "\(line)") }
        #expect(text.contains("Metadata\n  general.architecture"))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        #expect(text.split(separator: "\n").last?.hasPrefix("  … and 1") == true, "\(text.suffix(100))")
    }

    @Test func whatIsNotThereIsNotShown() throws {
        let text = WeightText.render(try read(SafeTensorsWriter.model.bytes))
        #expect(text.hasPrefix("safetensors, "))
        for word in ["architecture", "context", "layers", "heads", "vocabulary", "chat template", "aligned"] {
            #expect(!text.contains(word), "\(text)")
        }
    }

    /// The tensors of 1,000 experts are one line, and a table of tensors that can't be combined is cut off.
    @Test func manyTensorsAreFewLines() throws {
        var writer = GGUFWriter.model
        writer.tensors += (0..<1000).map { .init("x.\($0 / 100).experts.\($0 % 100).w", [1]) }
        let text = WeightText.render(try read(writer.bytes))
        let line = text.split(separator: "\n").first { $0.contains("experts") }
        #expect(line?.split(separator: " ") == ["x.{0…9}.experts.{0…99}.w", "F32", "1", "1,000", "4.0", "kB"])
        writer.tensors += (0..<300).map { .init("kind\($0)", [1]) }
        #expect(WeightText.render(try read(writer.bytes)).hasSuffix("\n  … and 104 more kinds"))
    }

    @Test func programsReadThis() throws {
        var writer = GGUFWriter.model
        writer["x.not"] = .f32(.nan)
        writer["x.many"] = .u32s(Array(repeating: 7, count: 600))
        let json = WeightJSON.render(try read(writer.bytes))
        for part in [
            #""format": "gguf""#, #""version": 3"#, #""parameters": 2211"#, #""text": "{{ messages }}\n""#,
            #""value": "nan""#, #""count": 600"#, #""value": ["<unk>", "<s>", "</s>", "<0x0A>", "\u00e9"]"#,
            #""shape": [32, 5]"#, #""split": null"#,
        ] {
            #expect(json.contains(part), "\(part)\n---\n\(json)")
        }
        #expect(json.utf8.allSatisfy { $0 < 0x7F && $0 >= 0x20 || $0 == 0x0A })
    }

    private static let numbers: [(UInt64, String, String)] = [
        (0, "0", "0 bytes"), (1, "1", "1 byte"), (999, "999", "999 bytes"), (1000, "1.0 K", "1.0 kB"),
        (134_515_008, "134.5 M", "134.5 MB"), (999_949, "999.9 K", "999.9 kB"), (999_950, "1.0 M", "1.0 MB"),
        (999_999, "1.0 M", "1.0 MB"), (7_000_000_000, "7.0 B", "7.0 GB"), (UInt64.max, "18.4 Qi", "18.4 EB"),
    ]

    @Test(arguments: numbers)
    func amounts(_ number: UInt64, _ short: String, _ bytes: String) {
        #expect(Amount.short(number) == short)
        #expect(Amount.bytes(number) == bytes)
    }

    @Test func thousandsAreGrouped() {
        #expect(
            Amount.grouped(0) == "0" && Amount.grouped(1_000) == "1,000" && Amount.grouped(12_005_070) == "12,005,070")
    }
}
