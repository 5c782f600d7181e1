import CInflate
import Gateway
import NIOCore

/// A body that a provider sends compressed though nobody asked for it, in
/// pieces of bounded size.
///
/// Belongs to one exchange.
final class Inflater {
    private let stream: OpaquePointer
    private var input = ByteBuffer()
    private var hasEnded = false

    /// The most that one piece holds, however well it was compressed.
    private static let piece = 64 << 10

    /// - Returns: nil where the field says that nothing is compressed.
    /// - Throws: ``LaneFailure/garbage(_:)`` for a coding that can't be read.
    init?(encoding: String?) throws(LaneFailure) {
        let coding = encoding?.lowercased().filter { $0 != " " } ?? ""
        switch coding {
        case "", "identity": return nil
        case "gzip", "x-gzip", "deflate": break
        default: throw .garbage("its answer is encoded in a way that was not asked for")
        }
        guard let stream = cinflate_make() else { throw .ownShortage("memory") }
        self.stream = stream
    }

    deinit { cinflate_free(stream) }

    func feed(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.discardReadBytes()
            input.writeImmutableBuffer(bytes)
        }
    }

    /// The next piece; nil when more bytes are needed.
    /// - Throws: ``LaneFailure/garbage(_:)`` for what isn't compressed so.
    func next() throws(LaneFailure) -> ByteBuffer? {
        guard !hasEnded, input.readableBytes > 0 else { return nil }
        var output = ByteBufferAllocator().buffer(capacity: Self.piece)
        var taken = 0
        var code: Int32 = 0
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.piece) { target in
            var made = 0
            input.withUnsafeReadableBytes { source in
                code = Int32(
                    cinflate_step(
                        stream, source.baseAddress?.assumingMemoryBound(to: UInt8.self), source.count,
                        target.baseAddress?.assumingMemoryBound(to: UInt8.self), min(target.count, Self.piece), &taken,
                        &made))
            }
            return made
        }
        guard code >= 0 else { throw .garbage("its answer is not what its content-encoding says") }
        input.moveReaderIndex(forwardBy: taken)
        hasEnded = Int(code) == Int(cinflate_end)
        return output.readableBytes > 0 ? output : nil
    }

    /// True when the compressed text has come to its end.
    var isWhole: Bool { hasEnded }
}
