package import NIOCore

/// Reads server-sent events out of bytes as they arrive.
///
/// Follows the WHATWG's "event stream interpretation": lines end in LF, CRLF
/// or CR, `data` lines are joined, comments and unknown fields are passed
/// over, an event that the stream's end cuts off is dropped. How the bytes
/// are cut makes no difference to the events. Memory is bounded by `limit`.
///
/// https://html.spec.whatwg.org/multipage/server-sent-events.html
package struct SSEParser: Sendable {
    private let limit: Int
    private var pending = ByteBuffer()
    /// The number of bytes in `pending` that have been searched for a line's
    /// end.
    private var searched = 0
    private var name = ""
    private var data: ByteBuffer?
    private var sawFirstLine = false
    /// A CR ended the last line: an LF that follows belongs to it.
    private var afterCarriageReturn = false

    /// - Parameter limit: the size of one event in bytes. Providers' events
    ///   carry at most a picture; the default leaves room for that.
    package init(limit: Int = 8 << 20) {
        self.limit = limit
    }

    /// Bytes of the lines that have been read since the last blank line.
    private var openBytes = 0

    /// The number of bytes fed so far that belong to an event which has not
    /// ended. Code that forwards the bytes holds back that many: so a stream
    /// that breaks in the middle of an event still ends between two events.
    package var unfinishedBytes: Int { openBytes + pending.readableBytes }

    package mutating func feed(_ buffer: ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = buffer
            searched = 0
        } else {
            // Else a stream whose pieces all end inside a line is kept whole.
            pending.discardReadBytes()
            pending.writeImmutableBuffer(buffer)
        }
    }

    /// The next whole event, nil when more bytes are needed.
    /// - Throws: ``FrameProblem`` when an event is over the limit.
    package mutating func next() throws(FrameProblem) -> Frame? {
        while let line = nextLine() {
            if let event = consume(line) { return event }
            if let data, data.readableBytes > limit { throw .tooLarge(limit: limit) }
        }
        if pending.readableBytes + (data?.readableBytes ?? 0) > limit { throw .tooLarge(limit: limit) }
        // Lines that say nothing are forwarded with their event: whoever
        // holds it back must not hold them without end.
        if unfinishedBytes > limit + limit / 2 { throw .tooLarge(limit: limit) }
        return nil
    }

    /// The event that the stream's end has left without its blank line, nil
    /// where there is none. The specification drops it; whoever asks has to
    /// see that it is whole.
    package mutating func finish() -> Frame? {
        if pending.readableBytes > 0 {
            let line = pending
            pending = ByteBuffer()
            if let event = consume(line) { return event }
        }
        return consume(ByteBuffer())
    }

    /// The next line without its end, nil when it hasn't arrived whole.
    private mutating func nextLine() -> ByteBuffer? {
        if afterCarriageReturn, pending.readableBytes > 0 {
            afterCarriageReturn = false
            if pending.getInteger(at: pending.readerIndex, as: UInt8.self) == UInt8(ascii: "\n") {
                pending.moveReaderIndex(forwardBy: 1)
                searched = max(0, searched - 1)
                if openBytes > 0 { openBytes += 1 }
            }
        }
        let from = searched
        let found = pending.withUnsafeReadableBytes { raw -> Int? in
            var index = from
            while index < raw.count {
                let byte = raw[index]
                if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { return index }
                index += 1
            }
            return nil
        }
        guard let end = found else {
            searched = pending.readableBytes
            return nil
        }
        let line = pending.readSlice(length: end)!
        afterCarriageReturn = pending.readInteger(as: UInt8.self) == UInt8(ascii: "\r")
        searched = 0
        openBytes = line.readableBytes == 0 ? 0 : openBytes + end + 1
        return line
    }

    private mutating func consume(_ line: ByteBuffer) -> Frame? {
        var line = line
        if !sawFirstLine {
            sawFirstLine = true
            if line.readableBytesView.starts(with: [0xEF, 0xBB, 0xBF]) { line.moveReaderIndex(forwardBy: 3) }
        }
        guard line.readableBytes > 0 else {
            defer {
                name = ""
                data = nil
            }
            return data.map { Frame(name: name, data: $0) }
        }
        if Self.take("data", from: &line) {
            if data == nil {
                data = line
            } else {
                data!.writeInteger(UInt8(ascii: "\n"))
                data!.writeImmutableBuffer(line)
            }
        } else if Self.take("event", from: &line) {
            name = String(buffer: line)
        }
        return nil
    }

    /// Returns whether `line` is that field; leaves its value in `line`.
    private static func take(_ field: StaticString, from line: inout ByteBuffer) -> Bool {
        let count = field.utf8CodeUnitCount
        guard line.readableBytes >= count else { return false }
        let matches = line.withUnsafeReadableBytes { raw in
            for index in 0..<count where raw[index] != field.utf8Start[index] { return false }
            return raw.count == count || raw[count] == UInt8(ascii: ":")
        }
        guard matches else { return false }
        line.moveReaderIndex(forwardBy: min(count + 1, line.readableBytes))
        if line.getInteger(at: line.readerIndex, as: UInt8.self) == UInt8(ascii: " ") {
            line.moveReaderIndex(forwardBy: 1)
        }
        return true
    }
}
