/// The first 24 bytes of a GGUF file.
///
/// Source: ggml's `docs/gguf.md` and `gguf.cpp`, as all that is said of GGUF
/// in this folder.
struct GGUFHeader {
    static let magic = Array("GGUF".utf8)

    let version: UInt32
    let tensors: UInt64
    let keys: UInt64

    init(_ cursor: inout ByteCursor) throws(FormatProblem) {
        try cursor.skip(4, "the magic")
        version = try cursor.number(UInt32.self, "the version")
        try Self.check(version)
        // The counts are checked against the bytes that are there before
        // anything is made of them.
        tensors = try cursor.number(UInt64.self, "the number of tensors")
        guard tensors <= WeightLimits.tensors else {
            throw .malformed("the file is said to have \(tensors) tensors; the most is \(WeightLimits.tensors)", at: 8)
        }
        keys = try cursor.number(UInt64.self, "the number of keys")
        guard keys <= WeightLimits.keys else {
            throw .malformed("the file is said to have \(keys) keys; the most is \(WeightLimits.keys)", at: 16)
        }
    }

    private static func check(_ version: UInt32) throws(FormatProblem) {
        func refusal(_ what: String, _ remedy: String) -> FormatProblem {
            FormatProblem(.unsupported, at: 4, what, remedy: remedy)
        }
        switch version {
        case 3: return
        case 1, 2:
            throw refusal(
                "the file is of GGUF's version \(version), which can be read in more than one way",
                "write it again as version 3 with a present llama.cpp (llama-quantize with type COPY)")
        case _ where (1...3).contains(version.byteSwapped):
            throw refusal(
                "the file is big-endian", "convert it with gguf-py's gguf_convert_endian, or take the other one")
        default:
            throw refusal(
                "the file is of GGUF's version \(version); version 3 is the one that is known",
                "see whether a newer Holdfast knows it")
        }
    }
}
