import Encodings
import NIOCore

extension ByteBuffer {
    /// Spells what a terminal would obey as JSON escapes, in the JSON that was
    /// written from `start` on: a log is read with `tail`, too.
    mutating func makePrintable(from start: Int) {
        let length = writerIndex - start
        // Control characters are escaped in any JSON; the others aren't ASCII,
        // but for DEL.
        let isPlain = withUnsafeReadableBytes { bytes in
            for byte in bytes.suffix(length) where byte >= 0x7F { return false }
            return true
        }
        guard !isPlain, let text = getString(at: start, length: length) else { return }
        moveWriterIndex(to: start)
        writeString(Printable.lines(text))
    }
}
