import NIOCore
import Seeded
import Testing
import Wire

/// Streams of `application/vnd.amazon.eventstream` read as they were written, and
/// the other way round.
@Suite struct EventStreamPropertyTests {
    private static let rounds = 400

    private static func seeded() -> SplitMix {
        let seed = UInt64.random(in: .min ... .max)
        print("event streams, seed \(seed)")
        return SplitMix(seed: seed)
    }

    private static func text(_ length: ClosedRange<Int>, _ random: inout SplitMix) -> String {
        let letters = Array("abcXYZ019:-_ é🙂\u{0}\n\"\\")
        var text = String(
            (0..<Int.random(in: length, using: &random)).map { _ in letters.randomElement(using: &random)! })
        while text.utf8.count > length.upperBound { text.removeLast() }
        return text
    }

    private static func bytes(_ length: ClosedRange<Int>, _ random: inout SplitMix) -> ByteBuffer {
        ByteBuffer(
            bytes: (0..<Int.random(in: length, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    private static func read(_ stream: ByteBuffer, _ random: inout SplitMix) throws -> [Frame] {
        var parser = FrameParser(.eventStream)
        var frames: [Frame] = []
        var rest = stream
        while rest.readableBytes > 0 {
            let length = min(rest.readableBytes, Int.random(in: 1...300, using: &random))
            parser.feed(rest.readSlice(length: length)!)
            while let frame = try parser.next() { frames.append(frame) }
        }
        #expect(parser.unfinishedBytes == 0)
        return frames
    }

    private static func write(_ frames: [Frame]) -> ByteBuffer {
        var stream = ByteBuffer()
        for frame in frames {
            let head = frame.isException ? EventStreamHead(exception: frame.name) : EventStreamHead(event: frame.name)
            EventStreamWriter.write(head, data: frame.data, to: &stream)
        }
        return stream
    }

    @Test func whatIsWrittenReadsAsItWas() throws {
        var random = Self.seeded()
        for _ in 0..<Self.rounds {
            let frames = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                Frame(
                    name: Self.text(0...200, &random), isException: .random(using: &random),
                    data: Self.bytes(0...2_000, &random))
            }
            let stream = Self.write(frames)
            let heard = try Self.read(stream, &random)
            #expect(heard == frames)
            #expect(Self.write(heard) == stream)
        }
    }

    /// Headers of every type, in any order, say nothing else of the message.
    @Test func otherHeadersChangeNothingOfAFrame() throws {
        var random = Self.seeded()
        for _ in 0..<Self.rounds {
            let name = Self.text(1...60, &random)
            let payload = Self.bytes(0...200, &random)
            var headers = [
                Self.header(":message-type", string: "event"), Self.header(":event-type", string: name),
                Self.header(":content-type", string: "application/json"),
            ]
            for index in 0..<Int.random(in: 0...9, using: &random) {
                headers.append(Self.header("x\(index)", type: UInt8(index), &random))
            }
            headers.shuffle(using: &random)
            let stream = Self.message(headers, payload)
            #expect(try Self.read(stream, &random) == [Frame(name: name, data: payload)])
        }
    }

    // MARK: A writer of the format's own, for what Holdfast never writes

    private static func header(_ name: String, string: String) -> ByteBuffer {
        var bytes = named(name, 7)
        bytes.writeInteger(UInt16(string.utf8.count))
        bytes.writeString(string)
        return bytes
    }

    private static func header(_ name: String, type: UInt8, _ random: inout SplitMix) -> ByteBuffer {
        var header = named(name, type)
        let fixed = [0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16]
        if let length = fixed[Int(type)] {
            header.writeImmutableBuffer(bytes(length...length, &random))
        } else {
            let value = bytes(0...300, &random)
            header.writeInteger(UInt16(value.readableBytes))
            header.writeImmutableBuffer(value)
        }
        return header
    }

    private static func named(_ name: String, _ type: UInt8) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(UInt8(name.utf8.count))
        bytes.writeString(name)
        bytes.writeInteger(type)
        return bytes
    }

    private static func message(_ headers: [ByteBuffer], _ payload: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBuffer()
        let length = headers.reduce(0) { $0 + $1.readableBytes }
        bytes.writeInteger(UInt32(16 + length + payload.readableBytes))
        bytes.writeInteger(UInt32(length))
        bytes.writeInteger(bytes.withUnsafeReadableBytes { CRC32(of: $0).value })
        for header in headers { bytes.writeImmutableBuffer(header) }
        bytes.writeImmutableBuffer(payload)
        bytes.writeInteger(bytes.withUnsafeReadableBytes { CRC32(of: $0).value })
        return bytes
    }
}
