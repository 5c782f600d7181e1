/// Formats that are never opened, by how they start. A file's name plays no
/// part: an engine that guesses by content would not look at it either.
package enum ForeignFormat: String, Sendable, Hashable, CaseIterable {
    case pickle = "a Python pickle"
    case zip = "a ZIP archive"
    case sevenZip = "a 7z archive"
    case rar = "a RAR archive"
    case tar = "a tar archive"
    case gzip = "compressed with gzip"
    case zstandard = "compressed with Zstandard"
    case xz = "compressed with xz"
    case bzip2 = "compressed with bzip2"
    case lz4 = "compressed with LZ4"
    case hdf5 = "an HDF5 file"
    case numpy = "a NumPy array"
    case ggml = "a GGML file from before GGUF"
    case program = "a program"

    /// As many bytes of a file's start as it takes to know them all.
    static let headLength = 265

    private static let magics: [(ForeignFormat, [UInt8])] = [
        (.zip, [0x50, 0x4B, 0x03, 0x04]),
        (.zip, [0x50, 0x4B, 0x05, 0x06]),
        (.zip, [0x50, 0x4B, 0x07, 0x08]),
        (.sevenZip, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]),
        (.rar, Array("Rar!".utf8)),
        (.gzip, [0x1F, 0x8B, 0x08]),
        (.zstandard, [0x28, 0xB5, 0x2F, 0xFD]),
        (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
        (.bzip2, Array("BZh".utf8)),
        (.lz4, [0x04, 0x22, 0x4D, 0x18]),
        (.hdf5, [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]),
        (.numpy, [0x93] + Array("NUMPY".utf8)),
        // Numbers, so they stand in the file backwards; written the other way
        // round on a big-endian machine.
        (.ggml, Array("lmgg".utf8)), (.ggml, Array("ggml".utf8)),
        (.ggml, Array("fmgg".utf8)), (.ggml, Array("ggmf".utf8)),
        (.ggml, Array("tjgg".utf8)), (.ggml, Array("ggjt".utf8)),
        (.ggml, Array("algg".utf8)), (.ggml, Array("ggla".utf8)),
        (.program, [0x7F] + Array("ELF".utf8)),
    ]

    /// nil where the file starts like none of them.
    init?(head: [UInt8]) {
        if let (format, _) = Self.magics.first(where: { head.starts(with: $0.1) }) {
            self = format
        } else if PickleShape.begins(head) {
            self = .pickle
        } else if head.count >= 263, head[257..<262].elementsEqual("ustar".utf8), [0, 0x20].contains(head[262]) {
            self = .tar
        } else {
            return nil
        }
    }

    /// - Parameter head: the file's start.
    func problem(head: [UInt8]) -> FormatProblem {
        // The length of a safetensors header can spell such a magic.
        let isBoth = head.count > 8 && head[4..<8].allSatisfy { $0 == 0 } && head[8] == UInt8(ascii: "{")
        return FormatProblem(
            .foreign(self), at: 0, "the file is \(rawValue)\(isBoth ? " as much as it is safetensors" : "")",
            remedy: isBoth ? "write it again with a few spaces more behind its header" : remedy)
    }

    private var remedy: String {
        switch self {
        case .pickle: "to open one is to run whatever code it holds: ask its publisher for safetensors or GGUF"
        case .zip:
            "PyTorch's .bin, .pt and .pth are such, with a pickle inside: ask its publisher for safetensors or GGUF"
        case .ggml: "convert the original weights with a present llama.cpp"
        case .hdf5, .numpy, .program: "ask its publisher for safetensors or GGUF"
        case .sevenZip, .rar, .tar, .gzip, .zstandard, .xz, .bzip2, .lz4:
            "unpack it yourself and look at what was inside"
        }
    }
}
