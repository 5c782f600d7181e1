import Testing
import WeightFormats

@Suite struct ForeignFormatTests {
    private static let tar: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 1024)
        bytes.replaceSubrange(0..<5, with: "a.bin".utf8)
        bytes.replaceSubrange(257..<263, with: Array("ustar".utf8) + [0])
        return bytes
    }()

    /// PyTorch's own start of a pickle: a magic number of ten bytes.
    private static let torch: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]

    private static func text(_ text: String, _ more: UInt8...) -> [UInt8] { Array(text.utf8) + more }

    private static let starts: [(ForeignFormat, [UInt8])] = [
        (.zip, ZIPArchive.small), (.zip, text("PK", 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        (.sevenZip, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0, 4]), (.rar, text("Rar!", 0x1A, 7, 1, 0)),
        (.tar, tar), (.gzip, [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 3]), (.zstandard, [0x28, 0xB5, 0x2F, 0xFD, 4, 0]),
        (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), (.bzip2, text("BZh91AY")), (.lz4, [4, 0x22, 0x4D, 0x18]),
        (.hdf5, [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0]),
        (.numpy, [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0]),
        (.ggml, text("lmgg", 0, 0, 0, 0)), (.ggml, text("tjgg", 3, 0, 0, 0)), (.ggml, text("fmgg", 1, 0, 0, 0)),
        (.ggml, text("algg", 1, 0, 0, 0)), (.ggml, text("ggml")), (.program, [0x7F, 0x45, 0x4C, 0x46, 2]),
        (.pickle, torch), (.pickle, [0x80, 2, 0x7D, 0x71, 0]), (.pickle, [0x80, 3, 0x63, 0x6F, 0x73, 0x0A]),
        (.pickle, [0x80, 4, 0x95, 0x1C, 0, 0, 0, 0, 0, 0, 0, 0x8C]), (.pickle, [0x80, 5, 0x4E, 0x2E]),
        (.pickle, text("cos\nsystem\n(S'id'\ntR.")), (.pickle, text("(dp0\nS'a'\n")), (.pickle, text("(lp0\nI1\na.")),
        (.pickle, text("ctorch._utils\n_rebuild_tensor\np0\n")), (.pickle, text("(cos\nsystem\n")),
        (.pickle, text("(ios\nsystem\n")), (.pickle, text("(S'id'\nios\nsystem\n.")),
        (.pickle, text("}q", 0, 0x28, 0x55, 1, 0x61)),
    ]

    @Test(arguments: starts)
    func isRefusedByItsStart(_ format: ForeignFormat, _ bytes: [UInt8]) {
        #expect { try read(bytes) } throws: { ($0 as? FormatProblem)?.kind == .foreign(format) }
        // However much follows.
        #expect { try read(bytes + [UInt8](repeating: 0x61, count: 4096)) } throws: {
            ($0 as? FormatProblem)?.kind == .foreign(format)
        }
    }

    /// Both at once: the length of a header, the start of a pickle.
    @Test func whatIsSafetensorsAndAPickleIsRefused() {
        var writer = SafeTensorsWriter.model
        // 80 02 4E: PROTO 2, NONE.
        writer.header += [UInt8](repeating: 0x20, count: 0x4E_0280 - writer.header.count)
        HostileFile("both", says: "a Python pickle as much as it is safetensors", writer.bytes).mustBeRefused()
        writer.header += [0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20]
        #expect(throws: Never.self) { try read(writer.bytes) }
    }

    @Test func aTarThatStartsLikeGGUFIsRefused() {
        HostileFile("tar", says: "a tar archive", Array("GGUF".utf8) + Self.tar.dropFirst(4)).mustBeRefused()
    }

    private static let nothings: [([UInt8], String)] = [
        ([], "the file is empty"), ([0x47], "neither GGUF nor safetensors"), (text("GGU"), "starts with 47 47 55"),
        (text("GGUF"), "the file ends within the version"), (text("gguf"), "neither GGUF"),
        (text("<!DOCTYPE html><html>"), "neither GGUF"), (text("version https://git-lfs"), "neither GGUF"),
        ([UInt8](repeating: 0, count: 64), "neither GGUF"), ([UInt8](repeating: 0xFF, count: 64), "neither GGUF"),
        (text("{\"a\": 1}"), "neither GGUF"), (text("{\"a\": 12{"), "the most is 100,000,000"),
        ([2, 0, 0, 0, 0, 0, 0, 0], "neither GGUF"),
    ]

    @Test(arguments: nothings)
    func whatIsNothingIsRefused(_ bytes: [UInt8], _ says: String) {
        HostileFile("nothing", says: says, bytes).mustBeRefused()
    }
}

/// The exact end keeps archives out from behind the tensors. In them is the
/// other place.
@Suite struct ZIPTailTests {
    private func withLastTensor(_ data: [UInt8]) -> [UInt8] {
        var writer = GGUFWriter.model
        writer.padsTheEnd = false
        writer.tensors.append(.init("zz", [UInt64(data.count)], type: 24, size: 0))
        return writer.bytes + data
    }

    @Test(arguments: [0, 1, 100, 65_535]) func anArchiveAsATensorIsRefused(_ comment: Int) {
        HostileFile("in GGUF", says: "from the end", withLastTensor(ZIPArchive.archive(comment: comment)))
            .mustBeRefused()
        let archive = ZIPArchive.archive(comment: comment)
        let header = #"{"a":{"dtype":"U8","shape":[\#(archive.count)],"data_offsets":[0,\#(archive.count)]}}"#
        var writer = SafeTensorsWriter(header, data: 0)
        writer.data = archive
        HostileFile("in safetensors", says: "from the end", writer.bytes).mustBeRefused()
    }

    @Test func anEmptyArchiveIsRefused() {
        let end = Array("PK".utf8) + [5, 6] + [UInt8](repeating: 0, count: 18)
        HostileFile("empty", says: "from the end", withLastTensor(end)).mustBeRefused()
    }

    /// Numbers that happen to be those four bytes are weights.
    @Test func aSignatureAloneIsNone() throws {
        let numbers = (0..<3).flatMap { _ in Array("PK".utf8) + [5, 6] + [UInt8](repeating: 0x3F, count: 28) }
        #expect(try read(withLastTensor(numbers)).tensors.count == 5)
    }
}
