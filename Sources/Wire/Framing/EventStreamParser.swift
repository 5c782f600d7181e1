package import NIOCore

/// Reads messages of `application/vnd.amazon.eventstream` out of bytes as they
/// arrive.
///
/// A message is a prelude (its length, its headers' length, their CRC-32), its
/// headers, its payload, and the CRC-32 of all that. How the bytes are cut
/// makes no difference to the messages. A damaged one ends the reading: behind
/// it nothing says where the next one begins. Memory is bounded by the limit.
///
/// https://smithy.io/2.0/aws/amazon-eventstream.html
package struct EventStreamParser: Sendable {
    /// Lengths and their checksum.
    static let preludeLength = 12
    /// A prelude and the checksum behind the payload.
    static let leastLength = 16
    /// The most bytes of headers that the format allows.
    static let mostHeaders = 128 << 10

    private let limit: Int
    private var pending = ByteBuffer()
    /// The number of bytes before ``pending``.
    private var passed = 0
    /// The lengths of the message that ``pending`` begins with, once its prelude
    /// was found good.
    private var prelude: (total: Int, headers: Int)?
    /// The last message's headers, and what they say: most messages of a stream
    /// have the same ones, and are only compared.
    private var last = (headers: ByteBuffer(), name: "", isException: false)
    private var problem: FrameProblem?

    /// - Parameter limit: The largest message, in bytes.
    package init(limit: Int = 8 << 20) { self.limit = limit }

    /// The number of bytes fed so far that belong to a message which has not
    /// ended.
    package var unfinishedBytes: Int { pending.readableBytes }

    package mutating func feed(_ bytes: ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = bytes
        } else {
            // Else a stream whose pieces all end inside a message is kept whole.
            pending.discardReadBytes()
            pending.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole message, nil when more bytes are needed.
    /// - Throws: ``FrameProblem`` for a message that is damaged or over the
    ///   limit, and from then on.
    package mutating func next() throws(FrameProblem) -> Frame? {
        if let problem { throw problem }
        do throws(FrameProblem) {
            return try read()
        } catch {
            problem = error
            throw error
        }
    }

    private mutating func read() throws(FrameProblem) -> Frame? {
        if prelude == nil { prelude = try readPrelude() }
        guard let prelude, pending.readableBytes >= prelude.total else { return nil }
        let bytes = pending.getSlice(at: pending.readerIndex, length: prelude.total)!
        let sum = bytes.withUnsafeReadableBytes { CRC32(of: UnsafeRawBufferPointer(rebasing: $0.dropLast(4))).value }
        guard bytes.getInteger(at: bytes.readerIndex + prelude.total - 4, as: UInt32.self) == sum else {
            throw .damaged(at: passed, .checksum)
        }
        let frame = try frame(bytes, prelude.headers)
        pending.moveReaderIndex(forwardBy: prelude.total)
        passed += prelude.total
        self.prelude = nil
        return frame
    }

    /// - Returns: nil while there are too few bytes.
    private func readPrelude() throws(FrameProblem) -> (total: Int, headers: Int)? {
        guard let sound = Self.isPrelude(pending.readableBytesView) else { return nil }
        guard sound else { throw .damaged(at: passed, .prelude) }
        let total = Int(pending.getInteger(at: pending.readerIndex, as: UInt32.self)!)
        let headers = Int(pending.getInteger(at: pending.readerIndex + 4, as: UInt32.self)!)
        guard total >= Self.leastLength, headers <= min(total - Self.leastLength, Self.mostHeaders) else {
            throw .damaged(at: passed, .lengths)
        }
        guard total <= limit else { throw .tooLarge(limit: limit) }
        return (total, headers)
    }

    /// Returns whether bytes begin with a prelude and its checksum; nil where
    /// there are fewer.
    static func isPrelude(_ bytes: ByteBufferView) -> Bool? {
        guard bytes.count >= preludeLength else { return nil }
        return bytes.withUnsafeBytes { raw in
            let told = UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            return CRC32(of: UnsafeRawBufferPointer(rebasing: raw[..<8])).value == told
        }
    }

    /// - Parameter bytes: A whole message.
    private mutating func frame(_ bytes: ByteBuffer, _ headersLength: Int) throws(FrameProblem) -> Frame {
        var rest = bytes
        rest.moveReaderIndex(forwardBy: Self.preludeLength)
        let headers = rest.readSlice(length: headersLength)!
        let payload = rest.readSlice(length: rest.readableBytes - 4)!
        if headersLength > 0, headers == last.headers {
            return Frame(name: last.name, isException: last.isException, data: payload)
        }
        guard let kind = EventStreamKind(headers) else { throw .damaged(at: passed, .headers) }
        let frame = Frame(name: kind.name, isException: kind.isException, data: kind.words(of: payload))
        // Copied: a slice would keep all that was received with it.
        if !kind.hasWords {
            last = (ByteBuffer(bytes: headers.readableBytesView), frame.name, frame.isException)
        }
        return frame
    }

    /// The text in a message's headers beside those that say what it is.
    static func wordsBeside(in bytes: ByteBuffer) -> String {
        var rest = bytes
        guard rest.readableBytes >= leastLength else { return "" }
        rest.moveReaderIndex(forwardBy: 4)
        guard let length = rest.readInteger(as: UInt32.self), rest.readableBytes >= Int(length) + 8 else { return "" }
        rest.moveReaderIndex(forwardBy: 4)
        return EventStreamKind.wordsBeside(rest.readSlice(length: Int(length))!).joined(separator: "\n")
    }
}
