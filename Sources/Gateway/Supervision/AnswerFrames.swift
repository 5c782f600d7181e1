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
        /// Empty where they aren't kept.
        var pieces: [AnswerPiece]
    }

    /// One frame, or the bytes of comments behind the last one.
    struct Taken {
        var pieces: [AnswerPiece]
        var size: Int
        /// The number of bytes of the stream up to its end.
        var end: Int
        var finishes: Bool
    }

    private let framing: Framing
    private var parser: FrameParser
    /// The bytes of a frame that has not ended.
    private var rest = ByteBuffer()
    private var held: [Held] = []
    /// The reader of all that has come.
    private var reader: any AnswerReader
    /// The reader of what has gone out: what is open at the caller.
    private var toldReader: any AnswerReader
    /// True where the pieces that have gone out are kept.
    var keepsTold = false
    /// The pieces that have gone out.
    private(set) var told: [AnswerPiece] = []
    private let limit: Int

    /// - Parameters:
    ///   - request: The body of the request that is answered.
    ///   - limit: Of one frame, in bytes.
    init(_ door: any SupervisedCaller, to request: ByteBuffer, limit: Int) {
        framing = door.framing
        self.limit = limit
        parser = FrameParser(framing, limit: limit)
        reader = door.makeAnswerReader(to: request)
        toldReader = reader
    }

    /// Bytes that a client ignores.
    var keepAlive: ByteBuffer { toldReader.keepAlive }

    /// True where nothing is held.
    var isEmpty: Bool { held.isEmpty && rest.readableBytes == 0 }

    /// True where all bytes belong to frames that have ended.
    var isBetweenFrames: Bool { parser.unfinishedBytes == 0 }

    // MARK: In

    /// - Parameter begin: The number of bytes of the stream before these.
    /// - Throws: ``UnreadableReply`` for a frame that can't be read strictly, or
    ///   is too large.
    mutating func take(_ bytes: ByteBuffer, at begin: Int = 0) throws(UnreadableReply) -> [Taken] {
        var taken: [Taken] = []
        parser.feed(bytes)
        rest.hold(bytes)
        let whole = begin + bytes.readableBytes
        while let frame = try next() { taken.append(try keep(frame, before: whole)) }
        // Comments are no frames, and a client may show them all the same.
        if rest.readableBytes > parser.unfinishedBytes { taken.append(try keep(nil, before: whole)) }
        return taken
    }

    private mutating func next() throws(UnreadableReply) -> Frame? {
        do throws(FrameProblem) {
            return try parser.next()
        } catch {
            throw UnreadableReply(error.description)
        }
    }

    private mutating func keep(_ frame: Frame?, before whole: Int) throws(UnreadableReply) -> Taken {
        let bytes = rest.readSlice(length: max(0, rest.readableBytes - parser.unfinishedBytes)) ?? ByteBuffer()
        var pieces: [AnswerPiece] = []
        if let frame { try reader.read(frame, into: &pieces) }
        let aside = framing.wordsBeside(frame, in: bytes)
        if !aside.isEmpty { pieces.append(.text(block: Self.aside, .answer, aside)) }
        held.append(Held(bytes: bytes, frame: frame, pieces: keepsTold ? pieces : []))
        return Taken(
            pieces: pieces, size: bytes.readableBytes, end: whole - rest.readableBytes, finishes: reader.isFinishing)
    }

    /// The block of what stands in the stream and in no frame: above the
    /// numbers of all readers' blocks.
    static let aside = 1 << 30

    // MARK: Out

    /// Lets the first frames go.
    mutating func release(_ count: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        for held in held[..<count] {
            bytes.hold(held.bytes)
            for piece in held.pieces { told.add(piece) }
        }
        if count == held.count {
            toldReader = reader
        } else {
            var scrap: [AnswerPiece] = []
            for case let frame? in held[..<count].map(\.frame) {
                // It was read once already.
                try? toldReader.read(frame, into: &scrap)
                scrap.removeAll(keepingCapacity: true)
            }
        }
        held.removeFirst(count)
        return bytes
    }

    /// The bytes that end, as a refusal, what has gone out.
    func refuse(_ refusal: AnswerRefusal) -> ByteBuffer { toldReader.refuse(refusal) }

    /// Forgets frames that have gone out already.
    mutating func forget() { held = [] }

    /// Nothing that is held goes out any more.
    mutating func discard() { (held, rest) = ([], ByteBuffer()) }

    /// Nothing that is held goes out any more, and other frames follow what has
    /// gone out.
    mutating func goBack() {
        discard()
        parser = FrameParser(framing, limit: limit)
        reader = toldReader
    }
}

extension [AnswerPiece] {
    /// Appends a piece; text behind text of the same block becomes one.
    fileprivate mutating func add(_ piece: AnswerPiece) {
        if case .text(let block, let scope, let more) = piece, case .text(block, scope, let text)? = last {
            self[count - 1] = .text(block: block, scope, text + more)
        } else {
            append(piece)
        }
    }
}
