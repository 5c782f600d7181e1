import WeightFormats

/// A file in memory: some bytes, then zeros up to its size.
struct MemoryWeights: WeightBytes {
    let bytes: [UInt8]
    let size: UInt64
    var log: ReadLog?

    init(_ bytes: [UInt8], size: UInt64? = nil, log: ReadLog? = nil) {
        self.bytes = bytes
        self.size = size ?? UInt64(bytes.count)
        self.log = log
    }

    func read(at offset: UInt64, count: Int) throws(FormatProblem) -> [UInt8] {
        precondition(offset <= size && UInt64(count) <= size - offset, "a reading outside the file")
        log?.count += count
        let start = Int(min(offset, UInt64(bytes.count)))
        let end = Int(min(offset + UInt64(count), UInt64(bytes.count)))
        return bytes[start..<end] + [UInt8](repeating: 0, count: count - (end - start))
    }
}

/// The number of bytes that were read.
final class ReadLog {
    var count = 0
}

/// A file that says another size than it has.
struct ShrunkenWeights: WeightBytes {
    let bytes: [UInt8]
    var size: UInt64 { UInt64(bytes.count) + 100_000 }

    func read(at offset: UInt64, count: Int) throws(FormatProblem) -> [UInt8] {
        Array(bytes.dropFirst(Int(offset)).prefix(count))
    }
}

func read(_ bytes: [UInt8]) throws(FormatProblem) -> WeightFile { try WeightFile(reading: MemoryWeights(bytes)) }
