import Custody
import Files
import Glibc

/// A GGUF file of any size, to measure with: its form is a model's, its numbers are random.
struct SyntheticModel {
    /// One row of its only tensor, in F32.
    private static let width: UInt64 = 4096
    private let rows: UInt64

    /// - Parameter size: the approximate size of the file, in bytes.
    init(size: UInt64) { rows = max(1, size / (Self.width * 4)) }

    /// Writes the model to a new file.
    /// - Throws: ``CustodyProblem`` if the file exists already, or there is no room.
    func write(to path: String) throws(CustodyProblem) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failed(path) }
        defer { close(file) }
        try put(header, to: file, path)
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        var buffer = [UInt64](repeating: 0, count: 1 << 17)
        var left = rows * Self.width * 4
        while left > 0 {
            for index in buffer.indices {
                // xorshift64 (Marsaglia 2003): nothing that compresses.
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                buffer[index] = state
            }
            let count = min(left, UInt64(buffer.count * 8))
            try put(buffer.withUnsafeBytes { Array($0.prefix(Int(count))) }, to: file, path)
            left -= count
        }
    }

    private func put(_ bytes: [UInt8], to file: Int32, _ path: String) throws(CustodyProblem) {
        guard bytes.withUnsafeBytes({ writeAll($0, to: file) }) else { throw failed(path) }
    }

    private func failed(_ path: String) -> CustodyProblem {
        CustodyProblem(
            .system, "\(path) can't be written: \(String(cString: strerror(errno)))",
            remedy: "name a folder with room: --folder")
    }

    // MARK: Header

    private var header: [UInt8] {
        let keys: [[UInt8]] = [
            counted("general.architecture") + little(UInt32(8)) + counted("llama"), number("block_count", 1),
            number("context_length", 128), number("embedding_length", UInt32(Self.width)),
            number("feed_forward_length", 64), number("attention.head_count", 4),
            counted("tokenizer.ggml.model") + little(UInt32(8)) + counted("no_vocab"),
        ]
        var bytes = Array("GGUF".utf8) + little(UInt32(3)) + little(UInt64(1)) + little(UInt64(keys.count))
        bytes += keys.joined()
        bytes += counted("blk.0.ffn_up.weight") + little(UInt32(2)) + little(Self.width) + little(rows)
        // F32, at the start of the data.
        bytes += little(UInt32(0)) + little(UInt64(0))
        return bytes + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
    }

    private func number(_ key: String, _ value: UInt32) -> [UInt8] {
        counted("llama." + key) + little(UInt32(4)) + little(value)
    }

    private func counted(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }

    private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
