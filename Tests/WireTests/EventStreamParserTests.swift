import Encodings
import FoundationEssentials
import NIOCore
import Seeded
import Testing
import Wire

/// A message of Tests/Fixtures/bedrock/messages.json, as botocore reads it.
struct ReadByBotocore: Decodable, Sendable, CustomTestStringConvertible {
    var title: String
    var hex: String
    var name: String
    var isException: Bool
    var payload: String

    static let all: [ReadByBotocore] = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try! Data(contentsOf: tests.appending(path: "Fixtures/bedrock/messages.json"))
        return try! JSONDecoder().decode([ReadByBotocore].self, from: data)
    }()

    var testDescription: String { title }
    var bytes: ByteBuffer { ByteBuffer(bytes: Hex.decode(hex)!) }
}

private func read(_ pieces: [ByteBuffer], limit: Int = 8 << 20) throws(FrameProblem) -> [Frame] {
    var parser = FrameParser(.eventStream, limit: limit)
    var frames: [Frame] = []
    for piece in pieces {
        parser.feed(piece)
        while let frame = try parser.next() { frames.append(frame) }
    }
    return frames
}

private func written(_ name: String, _ data: String, isException: Bool = false) -> ByteBuffer {
    var bytes = ByteBuffer()
    let head = isException ? EventStreamHead(exception: name) : EventStreamHead(event: name)
    EventStreamWriter.write(head, data: ByteBuffer(string: data), to: &bytes)
    return bytes
}

@Suite struct EventStreamParserTests {
    @Test(arguments: ReadByBotocore.all)
    func messagesAreReadAsBotocoreReadsThem(_ message: ReadByBotocore) throws {
        let frame = try #require(try read([message.bytes]).first)
        #expect(frame.name == message.name && frame.isException == message.isException)
        // An error's words are in its headers.
        let data = message.title == "an error" ? #"{"message":"no \"more\""}"# : message.payload
        #expect(String(buffer: frame.data) == data)
    }

    @Test(arguments: ReadByBotocore.all.filter { $0.title == "an event" || $0.title == "an exception" })
    func messagesAreWrittenAsTheyWereRead(_ message: ReadByBotocore) {
        #expect(written(message.name, message.payload, isException: message.isException) == message.bytes)
    }

    @Test func aStreamCutAtEveryByteHasTheSameFrames() throws {
        var stream = ByteBuffer()
        for message in ReadByBotocore.all { stream.writeImmutableBuffer(message.bytes) }
        let whole = try read([stream])
        #expect(whole.count == ReadByBotocore.all.count)
        for cut in 0...stream.readableBytes {
            let pieces = [
                stream.getSlice(at: 0, length: cut)!, stream.getSlice(at: cut, length: stream.readableBytes - cut)!,
            ]
            #expect(try read(pieces) == whole, "cut at \(cut)")
        }
        let bytes = stream.readableBytesView.map { ByteBuffer(bytes: [$0]) }
        #expect(try read(bytes) == whole)
    }

    @Test func unfinishedBytesAreThoseOfNoWholeMessage() throws {
        let message = written("e", "{}")
        var parser = FrameParser(.eventStream)
        parser.feed(message)
        parser.feed(message.getSlice(at: 0, length: 20)!)
        #expect(parser.unfinishedBytes == message.readableBytes + 20)
        #expect(try parser.next() != nil)
        #expect(parser.unfinishedBytes == 20)
        #expect(try parser.next() == nil)
        #expect(parser.finish() == nil)
    }

    @Test func everyChangedByteIsFoundWithTheOffsetOfItsMessage() throws {
        let first = written("first", "{}")
        let second = written("second", #"{"a":"bc"}"#)
        for place in 0..<second.readableBytes {
            var bytes = first
            bytes.writeImmutableBuffer(second)
            let index = first.readableBytes + place
            let old = bytes.getInteger(at: index, as: UInt8.self)!
            bytes.setInteger(old ^ 0x10, at: index)
            var parser = FrameParser(.eventStream)
            parser.feed(bytes)
            #expect(try parser.next()?.name == "first")
            for _ in 0..<2 {
                let problem = #expect(throws: FrameProblem.self) { try parser.next() }
                guard case .damaged(at: first.readableBytes, let damage)? = problem else {
                    Issue.record("byte \(place): \(String(describing: problem))")
                    continue
                }
                #expect(damage == (place < 12 ? .prelude : .checksum))
            }
            #expect(parser.unfinishedBytes == second.readableBytes)
        }
    }

    /// A prelude with a good checksum, and bytes behind it.
    private func message(total: UInt32, headers: UInt32, rest: [UInt8]) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(total)
        bytes.writeInteger(headers)
        bytes.writeInteger(bytes.withUnsafeReadableBytes { CRC32(of: $0).value })
        bytes.writeBytes(rest)
        bytes.writeInteger(bytes.withUnsafeReadableBytes { CRC32(of: $0).value })
        return bytes
    }

    @Test(arguments: [(15, 0), (16, 1), (200_000, 150_000), (.max, .max), (0, 0)] as [(UInt32, UInt32)])
    func lengthsThatContradictOneAnotherAreDamage(_ total: UInt32, _ headers: UInt32) {
        #expect(throws: FrameProblem.damaged(at: 0, .lengths)) {
            try read([message(total: total, headers: headers, rest: [])])
        }
    }

    @Test(
        "headers that are none, or are there twice, are damage",
        arguments: [
            [0], [1], [1, 97], [1, 97, 10], [1, 97, 7, 0, 5, 97], [1, 97, 6, 0], [1, 97, 9, 0], [1, 97, 4, 0],
            [1, 97, 0, 1, 97, 1], [255, 97, 0],
            [13] + Array(":message-type".utf8) + [0], [11] + Array(":event-type".utf8) + [6, 0, 1, 97],
        ] as [[UInt8]])
    func headers(_ headers: [UInt8]) {
        let bytes = message(total: UInt32(16 + headers.count), headers: UInt32(headers.count), rest: headers)
        #expect(throws: FrameProblem.damaged(at: 0, .headers)) { try read([bytes]) }
    }

    @Test func aMessageOverTheLimitIsRefusedByItsPrelude() {
        let bytes = message(total: 2_000, headers: 0, rest: [])
        #expect(throws: FrameProblem.tooLarge(limit: 1_000)) { try read([bytes], limit: 1_000) }
    }

    @Test func framesOfOneKindShareNothingButTheirName() throws {
        var stream = written("a", "1")
        stream.writeImmutableBuffer(written("a", "2"))
        stream.writeImmutableBuffer(written("a", "3", isException: true))
        stream.writeImmutableBuffer(written("b", "4"))
        let frames = try read([stream])
        #expect(frames.map(\.name) == ["a", "a", "a", "b"])
        #expect(frames.map(\.isException) == [false, false, true, false])
        #expect(frames.map { String(buffer: $0.data) } == ["1", "2", "3", "4"])
    }

    @Test func wordsInOtherHeadersAreWordsBesideTheFrame() throws {
        let every = try #require(ReadByBotocore.all.first { $0.title == "every type of header" })
        let words = Framing.eventStream.wordsBeside(try read([every.bytes]).first, in: every.bytes)
        let texts = words.split(separator: "\n")
        for text in ["string", "schön", "bytes", "uuid", "true", "empty"] { #expect(texts.contains(Substring(text))) }
        #expect(!texts.contains("event"))
        let plain = written("e", #"{"text":"x"}"#)
        #expect(Framing.eventStream.wordsBeside(try read([plain]).first, in: plain).isEmpty)
        #expect(Framing.eventStream.wordsBeside(nil, in: ByteBuffer()).isEmpty)
    }

    @Test func checksumsAreZlibs() {
        // "The quick brown fox jumps over the lazy dog", and the RFC's "123456789".
        let known: [(String, UInt32)] = [
            ("", 0), ("123456789", 0xCBF4_3926), ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
        ]
        for (text, sum) in known {
            let bytes = Array(text.utf8)
            #expect(bytes.withUnsafeBytes { CRC32(of: $0).value } == sum)
            for cut in 0...bytes.count {
                var pieces = CRC32()
                bytes[..<cut].withUnsafeBytes { pieces.update($0) }
                bytes[cut...].withUnsafeBytes { pieces.update($0) }
                #expect(pieces.value == sum)
            }
        }
    }
}
