import Conversation
import NIOCore
import Wire

/// The frames of a stream that is held: their bytes as they came, what they
/// say, and what they open at the caller.
struct AnswerFrames {
    private struct Held {
        var bytes: ByteBuffer
        /// Nil for bytes between frames.
        var frame: Frame?
    }

    /// One frame, or the bytes of comments behind the last one.
    struct Taken {
        var pieces: [AnswerPiece]
        var size: Int
        var finishes: Bool
    }

    private var parser: FrameParser
    /// The bytes of a frame that has not ended.
    private var rest = ByteBuffer()
    private var held: [Held] = []
    /// The reader of all that has come.
    private var reader: any AnswerReader
    /// The reader of what has gone out: what is open at the caller.
    private var told: any AnswerReader

    /// - Parameter limit: Of one frame, in bytes.
    init(_ door: any SupervisedCaller, limit: Int) {
        parser = FrameParser(door.framing, limit: limit)
        reader = door.makeAnswerReader()
        told = reader
    }

    /// Bytes that a client ignores.
    var keepAlive: ByteBuffer { told.keepAlive }

    /// True where nothing is held.
    var isEmpty: Bool { held.isEmpty && rest.readableBytes == 0 }

    /// True where all bytes belong to frames that have ended.
    var isBetweenFrames: Bool { parser.unfinishedBytes == 0 }

    // MARK: In

    /// - Throws: ``UnreadableReply`` for a frame that can't be read strictly, or
    ///   is too large.
    mutating func take(_ bytes: ByteBuffer) throws(UnreadableReply) -> [Taken] {
        var taken: [Taken] = []
        parser.feed(bytes)
        rest.hold(bytes)
        while let frame = try next() { taken.append(try keep(frame)) }
        // Comments are no frames, and a client may show them all the same.
        if rest.readableBytes > parser.unfinishedBytes { taken.append(try keep(nil)) }
        return taken
    }

    private mutating func next() throws(UnreadableReply) -> Frame? {
        do throws(FrameProblem) {
            return try parser.next()
        } catch {
            throw UnreadableReply(error.description)
        }
    }

    private mutating func keep(_ frame: Frame?) throws(UnreadableReply) -> Taken {
        let bytes = rest.readSlice(length: max(0, rest.readableBytes - parser.unfinishedBytes)) ?? ByteBuffer()
        var pieces: [AnswerPiece] = []
        if let frame { try reader.read(frame, into: &pieces) }
        let aside = Self.wordsAside(bytes, of: frame)
        if !aside.isEmpty { pieces.append(.text(block: Self.aside, .answer, aside)) }
        held.append(Held(bytes: bytes, frame: frame))
        return Taken(pieces: pieces, size: bytes.readableBytes, finishes: reader.isFinishing)
    }

    /// The block of what stands in the stream and in no frame: above the
    /// numbers of all readers' blocks.
    static let aside = 1 << 30

    /// The text beside a frame's data: comments, fields that no client knows,
    /// names that the last one replaced. Each on a line.
    private static func wordsAside(_ bytes: ByteBuffer, of frame: Frame?) -> String {
        let name = frame?.name ?? ""
        let said = (frame?.data.readableBytes ?? 0) + name.utf8.count
        // `event: `, `data: ` and their line ends: nothing else fits in.
        guard bytes.readableBytes > said + (frame == nil ? 1 : name.isEmpty ? 8 : 16) else { return "" }
        var aside: [Substring] = []
        // By bytes: a CRLF is one character.
        let text = String(buffer: bytes)
        for line in text.unicodeScalars.split(whereSeparator: { $0 == "\n" || $0 == "\r" }) {
            let line = Substring(line)
            guard !isField("data", line) else { continue }
            if isField("event", line), line.dropFirst(6).drop(while: { $0 == " " }) == name { continue }
            aside.append(line)
        }
        return aside.joined(separator: "\n")
    }

    private static func isField(_ name: String, _ line: Substring) -> Bool {
        line.utf8.starts(with: name.utf8)
            && (line.utf8.count == name.utf8.count || line.utf8.dropFirst(name.utf8.count).first == UInt8(ascii: ":"))
    }

    // MARK: Out

    /// Lets the first frames go.
    mutating func release(_ count: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        for held in held[..<count] { bytes.hold(held.bytes) }
        if count == held.count {
            told = reader
        } else {
            var scrap: [AnswerPiece] = []
            for case let frame? in held[..<count].map(\.frame) {
                // It was read once already.
                try? told.read(frame, into: &scrap)
                scrap.removeAll(keepingCapacity: true)
            }
        }
        held.removeFirst(count)
        return bytes
    }

    /// The bytes that end, as a refusal, what has gone out.
    func refuse(_ refusal: AnswerRefusal) -> ByteBuffer { told.refuse(refusal) }

    /// Forgets frames that have gone out already.
    mutating func forget() { held = [] }

    /// Nothing that is held goes out any more.
    mutating func discard() { (held, rest) = ([], ByteBuffer()) }
}
