import NIOCore
import Seeded
import Testing
import Wire

/// Streams of `application/vnd.amazon.eventstream`: damaged ones, and ones whose
/// checksums are right.
@Suite(.serialized) struct EventStreamFuzzTests {
    private static let streams: [Corpus.Entry] = Corpus.streams.filter { $0.name.hasSuffix(".events") }
        .map { Corpus.Entry(name: $0.name, bytes: Pieces.bytes(of: $0.bytes, in: .eventStream)) }

    @Test func noMessageGetsTheBetterOfTheDecoder() throws {
        try Fuzzing.run("messages", share: 0.5, inputs: Self.streams) { mutated, random in
            // Half of the inputs get past the checksums, to the lengths and headers.
            let input = Bool.random(using: &random) ? Self.sealed(mutated, &random) : mutated
            let limit = [64, 1_000, 8 << 20].randomElement(using: &random)!
            let whole = Reading([input], limit)
            let pieces = Pieces.cut(input, &random)
            guard Reading(pieces, limit) == whole else {
                throw Fault("a cut stream reads otherwise: \(pieces.map(\.readableBytes))")
            }
            if case .damaged(let offset, _) = whole.problem, !(0...input.readableBytes).contains(offset) {
                throw Fault("damage at \(offset)")
            }
            guard whole.unfinishedBytes <= input.readableBytes else { throw Fault("more is unfinished than came") }
            try checkBeginning(input)
            for frame in whole.frames where frame.name.utf8.count <= 200 { try rewrite(frame) }
            _ = Framing.eventStream.wordsBeside(whole.frames.first, in: input)
        }
    }

    /// All that a reader makes of a stream.
    private struct Reading: Equatable {
        var frames: [Frame] = []
        var problem: FrameProblem?
        var unfinishedBytes = 0

        init(_ pieces: [ByteBuffer], _ limit: Int) {
            var parser = FrameParser(.eventStream, limit: limit)
            for piece in pieces {
                parser.feed(piece)
                // A problem stays, and what comes behind it is only counted.
                do { while let frame = try parser.next() { frames.append(frame) } } catch { problem = error }
            }
            unfinishedBytes = parser.unfinishedBytes
        }
    }

    /// A few bytes don't call a stream one that more of them call none.
    private func checkBeginning(_ input: ByteBuffer) throws {
        let said = Framing.eventStream.isBegun(by: input.readableBytesView)
        for length in 0...min(16, input.readableBytes) {
            let early = Framing.eventStream.isBegun(by: input.readableBytesView.prefix(length))
            guard early == nil || early == said else { throw Fault("\(length) bytes say another beginning") }
        }
    }

    /// A frame that is written anew reads as it was.
    private func rewrite(_ frame: Frame) throws {
        let name = frame.name
        var bytes = ByteBuffer()
        let head = frame.isException ? EventStreamHead(exception: name) : EventStreamHead(event: name)
        EventStreamWriter.write(head, data: frame.data, to: &bytes)
        guard try Pieces.frames(in: [bytes], .eventStream) == [frame] else { throw Fault("\(frame) reads otherwise") }
    }

    // MARK: Right checksums

    /// Gives the messages of mutated bytes the checksums that they should have,
    /// and some lengths, too.
    private static func sealed(_ mutated: ByteBuffer, _ random: inout SplitMix) -> ByteBuffer {
        var bytes = mutated
        var start = bytes.readerIndex
        while bytes.writerIndex - start >= 16 {
            var total = Int(bytes.getInteger(at: start, as: UInt32.self)!)
            let isWhole = (16...(bytes.writerIndex - start)).contains(total)
            if !isWhole, Bool.random(using: &random) {
                total = bytes.writerIndex - start
                bytes.setInteger(UInt32(total), at: start)
            }
            bytes.setInteger(sum(bytes, start, 8), at: start + 8)
            guard (16...(bytes.writerIndex - start)).contains(total) else { break }
            bytes.setInteger(sum(bytes, start, total - 4), at: start + total - 4)
            start += total
        }
        return bytes
    }

    private static func sum(_ bytes: ByteBuffer, _ start: Int, _ length: Int) -> UInt32 {
        bytes.getSlice(at: start, length: length)!.withUnsafeReadableBytes { CRC32(of: $0).value }
    }
}
