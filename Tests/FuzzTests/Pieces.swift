import NIOCore
import Seeded
import Wire

/// The bytes of a stream, and how they arrive.
enum Pieces {
    static func cut(_ input: ByteBuffer, _ random: inout SplitMix) -> [ByteBuffer] {
        var rest = input
        var pieces: [ByteBuffer] = []
        let most = [1, 3, 40, 2000].randomElement(using: &random)!
        while rest.readableBytes > 0 {
            pieces.append(rest.readSlice(length: min(rest.readableBytes, Int.random(in: 1...most, using: &random)))!)
        }
        return pieces
    }

    static func frames(in pieces: [ByteBuffer], _ framing: Framing) throws(FrameProblem) -> [Frame] {
        var parser = FrameParser(framing)
        var frames: [Frame] = []
        for piece in pieces {
            parser.feed(piece)
            while let frame = try parser.next() { frames.append(frame) }
        }
        return frames
    }

    /// The bytes of a stream that stands in the corpus as text.
    ///
    /// Of `application/vnd.amazon.eventstream` the text has the events, each of
    /// which becomes a message: mutated bytes of a message would not get past
    /// its checksum, to a dialect's reader.
    static func bytes(of text: ByteBuffer, in framing: Framing) -> ByteBuffer {
        guard framing == .eventStream else { return text }
        var bytes = ByteBuffer()
        for frame in (try? frames(in: [text], .serverSentEvents)) ?? [] {
            let name = String(frame.name.prefix(40))
            let head = name.hasSuffix("Exception") ? EventStreamHead(exception: name) : EventStreamHead(event: name)
            EventStreamWriter.write(head, data: frame.data, to: &bytes)
        }
        return bytes
    }
}
