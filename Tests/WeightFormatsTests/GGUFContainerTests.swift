import Testing
import WeightFormats

/// The format itself: counts, strings, types, shapes, places.
@Suite struct GGUFContainerTests {
    @Test func whatIsAsItShouldBeIsDescribed() throws {
        let file = try read(GGUFWriter.model.bytes)
        #expect(file.format == .gguf(version: 3))
        #expect(file.purpose == .model)
        #expect(file.architecture == "llama")
        #expect(file.name == "Tiny")
        #expect(file.metadata.count == GGUFWriter.model.entries.count)
        #expect(file.metadata.map(\.key).prefix(2) == ["general.architecture", "general.name"])
        #expect(file[key: "llama.block_count"] == .unsigned(2, bits: 32))
        #expect(file.vocabulary == 5)
        #expect(file.chatTemplate?.bytes == Array("{{ messages }}\n".utf8))
        #expect(file.alignment == 32)
        #expect(file.split == nil)
        #expect(file.parameters == 160 + 1024 + 1024 + 3)
        #expect(file.size == UInt64(GGUFWriter.model.bytes.count))
        let first = try #require(file.tensors.first)
        #expect(first.name == "token_embd.weight" && first.type == "Q8_0" && first.shape == [32, 5])
        #expect(first.offset == file.dataOffset && first.size == 170)
        #expect(file.tensors[1].offset == file.dataOffset + 192)
        guard case .array(let tokens) = file[key: "tokenizer.ggml.tokens"] else { throw NotAnArray() }
        #expect(tokens.count == 5 && tokens.isWhole && tokens.elements[3] == .string("<0x0A>"))
    }

    private struct NotAnArray: Error {}

    @Test func theLastTensorNeedsNoPadding() throws {
        var writer = GGUFWriter.model
        writer.padsTheEnd = false
        #expect(try read(writer.bytes).tensors.count == 4)
    }

    @Test(arguments: [8, 16, 64, 4096, 65_536]) func alignmentsThatAreTaken(_ alignment: Int) throws {
        var writer = GGUFWriter.model
        writer["general.alignment"] = .u32(UInt32(alignment))
        writer.alignment = alignment
        #expect(try read(writer.bytes).alignment == UInt64(alignment))
    }

    /// Blocks of ggml-common.h: a type's name, its number, its elements and
    /// bytes.
    private static let types: [(String, UInt32, UInt64, Int)] = [
        ("F32", 0, 1, 4), ("F16", 1, 1, 2), ("Q4_0", 2, 32, 18), ("Q4_1", 3, 32, 20), ("Q5_0", 6, 32, 22),
        ("Q5_1", 7, 32, 24), ("Q8_0", 8, 32, 34), ("Q2_K", 10, 256, 84), ("Q3_K", 11, 256, 110),
        ("Q4_K", 12, 256, 144), ("Q5_K", 13, 256, 176), ("Q6_K", 14, 256, 210), ("IQ2_XXS", 16, 256, 66),
        ("IQ2_XS", 17, 256, 74), ("IQ3_XXS", 18, 256, 98), ("IQ1_S", 19, 256, 50), ("IQ4_NL", 20, 32, 18),
        ("IQ3_S", 21, 256, 110), ("IQ2_S", 22, 256, 82), ("IQ4_XS", 23, 256, 136), ("I8", 24, 1, 1),
        ("I16", 25, 1, 2), ("I32", 26, 1, 4), ("I64", 27, 1, 8), ("F64", 28, 1, 8), ("IQ1_M", 29, 256, 56),
        ("BF16", 30, 1, 2), ("TQ1_0", 34, 256, 54), ("TQ2_0", 35, 256, 66), ("MXFP4", 39, 32, 17),
        ("NVFP4", 40, 64, 36), ("Q1_0", 41, 128, 18), ("Q2_0", 42, 64, 18),
    ]

    @Test(arguments: types)
    func typesAndTheirBlocks(_ name: String, _ number: UInt32, _ elements: UInt64, _ bytes: Int) throws {
        var writer = GGUFWriter.model
        writer.tensors.append(.init("extra", [elements * 2, 3], type: number, size: bytes * 6))
        #expect(try read(writer.bytes).tensors.last?.type == name)
        guard elements > 1 else { return }
        writer.tensors[4].shape = [elements + 1, 3]
        HostileFile("rows that are no blocks", says: "don't divide", writer.bytes).mustBeRefused()
    }

    /// 300 GB of it are looked at in less than a megabyte.
    @Test func theTensorsDataIsNotRead() throws {
        var writer = GGUFWriter.model
        writer.tensors.append(.init("huge.weight", [1 << 18, 300_000], size: 0))
        let log = ReadLog()
        let file = try WeightFile(
            reading: MemoryWeights(writer.bytes, size: UInt64(writer.bytes.count) + (300_000 << 20), log: log))
        #expect(file.parameters > 78_000_000_000)
        #expect(log.count < 1 << 20)
    }

    @Test(arguments: Self.known + Self.counts + Self.texts + Self.values + Self.tensors + Self.places)
    func isRefused(_ file: HostileFile) { file.mustBeRefused() }

    /// A header cut off anywhere, and a file cut off anywhere.
    @Test func everythingCutOffIsRefused() {
        let bytes = GGUFWriter.model.bytes
        // Up to the padding behind the last tensor, which a file may lack.
        for count in 0..<bytes.count - 20 {
            #expect(throws: FormatProblem.self, "\(count) bytes") { try read(Array(bytes.prefix(count))) }
        }
        for count in 1...40 {
            #expect(throws: FormatProblem.self) { try read(bytes + [UInt8](repeating: 0, count: count)) }
        }
    }

    @Test func aSourceThatGivesLessIsNoFileToJudge() {
        #expect { try WeightFile(reading: ShrunkenWeights(bytes: GGUFWriter.model.bytes)) } throws: {
            ($0 as? FormatProblem)?.kind == .unreadable
        }
    }
}
