package import NIOCore

package struct ResponseHead: Sendable, Equatable {
    package var status: Int
    package var fields: HTTPFieldList

    package init(status: Int, fields: HTTPFieldList = HTTPFieldList()) {
        self.status = status
        self.fields = fields
    }
}

/// The reason why bytes are not an HTTP/1.1 response.
package struct HTTPProblem: Error, Sendable, Equatable {
    package var reason: String
    package init(_ reason: String) { self.reason = reason }
}

/// Reads one HTTP/1.1 response out of bytes as they arrive (RFC 9112).
///
/// Strict where leniency would let two readers disagree: both framings at
/// once, differing lengths, folded lines and bytes that no field may hold
/// are refused. How the bytes are cut makes no difference. Body bytes are
/// slices of what came in, never copied, and never held back.
package struct HTTPResponseParser: Sendable {
    package enum Event: Sendable, Equatable {
        case head(ResponseHead)
        case body(ByteBuffer)
        /// The response is whole.
        /// - Parameter reusable: the connection can carry another request.
        case end(reusable: Bool)
    }

    private enum State: Sendable {
        case head
        case fixed(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailers(bytes: Int)
        case untilClose
        case ending
        case done
    }

    /// The largest size of head and trailers together, in bytes.
    private static let headLimit = 64 << 10

    private var state = State.head
    private var pending = ByteBuffer()
    private var searched = 0
    private var keepAlive = true

    package init() {}

    /// True when any byte of a response has come.
    package private(set) var hasBegun = false

    /// Bytes that have come and have not been asked for.
    package var bufferedBytes: Int { pending.readableBytes }

    package mutating func feed(_ buffer: ByteBuffer) {
        hasBegun = hasBegun || buffer.readableBytes > 0
        if pending.readableBytes == 0 {
            pending = buffer
            searched = 0
        } else {
            // Else a body whose pieces all end inside a line is kept whole.
            pending.discardReadBytes()
            pending.writeImmutableBuffer(buffer)
        }
    }

    /// The next event, nil when more bytes are needed.
    package mutating func next() throws(HTTPProblem) -> Event? {
        while true {
            switch state {
            case .head:
                guard let end = endOfHead() else {
                    guard pending.readableBytes <= Self.headLimit else { throw Self.headTooLarge }
                    return nil
                }
                let head = try parseHead(length: end)
                if head.status == 101 { throw HTTPProblem("it switched protocols unasked") }
                if head.status < 200 { continue }
                try frame(head)
                return .head(head)
            case .fixed(let remaining):
                guard pending.readableBytes > 0 else { return nil }
                let slice = pending.readSlice(length: min(remaining, pending.readableBytes))!
                state = remaining == slice.readableBytes ? .ending : .fixed(remaining: remaining - slice.readableBytes)
                return .body(slice)
            case .chunkSize:
                guard let line = try line(limit: 1024) else { return nil }
                let size = try Self.chunkSize(line)
                state = size == 0 ? .trailers(bytes: 0) : .chunk(remaining: size)
            case .chunk(let remaining):
                guard pending.readableBytes > 0 else { return nil }
                let slice = pending.readSlice(length: min(remaining, pending.readableBytes))!
                searched = 0
                state =
                    remaining == slice.readableBytes ? .chunkEnd : .chunk(remaining: remaining - slice.readableBytes)
                return .body(slice)
            case .chunkEnd:
                guard let line = try line(limit: 2) else { return nil }
                guard line.readableBytes == 0 else { throw HTTPProblem("a chunk is longer than it says") }
                state = .chunkSize
            case .trailers(let bytes):
                guard let line = try line(limit: Self.headLimit - bytes) else { return nil }
                state = line.readableBytes == 0 ? .ending : .trailers(bytes: bytes + line.readableBytes)
            case .untilClose:
                guard pending.readableBytes > 0 else { return nil }
                defer { pending = ByteBuffer() }
                return .body(pending)
            case .ending:
                state = .done
                // Bytes behind the response belong to nothing we asked for.
                return .end(reusable: keepAlive && pending.readableBytes == 0)
            case .done:
                return nil
            }
        }
    }

    /// The connection has ended.
    /// - Returns: the end of a body that only the connection's end delimits.
    /// - Throws: when the response is not whole.
    package mutating func finish() throws(HTTPProblem) -> Event? {
        switch state {
        case .untilClose:
            state = .done
            return .end(reusable: false)
        case .done: return nil
        default: throw HTTPProblem("the connection ended in the middle of the response")
        }
    }

    // MARK: Head

    private static var headTooLarge: HTTPProblem { HTTPProblem("its header fields are over \(headLimit) bytes") }

    private mutating func endOfHead() -> Int? {
        let from = searched
        let end = pending.withUnsafeReadableBytes { raw -> Int? in
            var index = from
            while index < raw.count {
                if raw[index] == UInt8(ascii: "\n") {
                    if index + 1 < raw.count, raw[index + 1] == UInt8(ascii: "\n") { return index + 2 }
                    if index + 2 < raw.count, raw[index + 1] == UInt8(ascii: "\r"), raw[index + 2] == UInt8(ascii: "\n")
                    {
                        return index + 3
                    }
                }
                index += 1
            }
            return nil
        }
        if end == nil { searched = max(0, pending.readableBytes - 2) }
        return end
    }

    private mutating func parseHead(length: Int) throws(HTTPProblem) -> ResponseHead {
        guard length <= Self.headLimit else { throw Self.headTooLarge }
        var lines = pending.readSlice(length: length)!
        searched = 0
        guard let first = Self.takeLine(&lines) else { throw HTTPProblem("it has no status line") }
        var head = ResponseHead(status: try status(first))
        while let line = Self.takeLine(&lines), line.readableBytes > 0 {
            head.fields.fields.append(try Self.field(line))
        }
        return head
    }

    private mutating func status(_ line: ByteBuffer) throws(HTTPProblem) -> Int {
        let result = line.withUnsafeReadableBytes { raw -> (status: Int, keepAlive: Bool)? in
            // HTTP/1.1 200 OK
            guard raw.count >= 12, raw.starts(with: "HTTP/1.".utf8), raw[8] == 0x20 else { return nil }
            guard raw[7] == UInt8(ascii: "1") || raw[7] == UInt8(ascii: "0") else { return nil }
            guard raw.count == 12 || raw[12] == 0x20 else { return nil }
            var status = 0
            for index in 9..<12 {
                let digit = raw[index] &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                status = status * 10 + Int(digit)
            }
            return (status, raw[7] == UInt8(ascii: "1"))
        }
        guard let result, result.status >= 100 else { throw HTTPProblem("its first line is not HTTP/1.1") }
        keepAlive = result.keepAlive
        return result.status
    }

    private mutating func frame(_ head: ResponseHead) throws(HTTPProblem) {
        var length: Int?
        var chunked = false
        var closes = false
        for field in head.fields.fields {
            switch field.name {
            case "content-length":
                guard let value = Self.length(field.value) else { throw HTTPProblem("its content-length is no number") }
                guard length == nil || length == value else { throw HTTPProblem("it has two content-lengths") }
                length = value
            case "transfer-encoding":
                guard !chunked, field.value.lowercased() == "chunked" else {
                    throw HTTPProblem("its transfer-encoding is not understood")
                }
                chunked = true
            case "connection":
                // Nearly every server says one of these two, so.
                if field.value == "keep-alive" {
                    keepAlive = true
                } else if field.value == "close" {
                    closes = true
                } else {
                    let options = Self.options(field.value)
                    closes = closes || options.contains("close")
                    keepAlive = keepAlive || options.contains("keep-alive")
                }
            default: break
            }
        }
        if closes { keepAlive = false }
        if head.status == 204 || head.status == 304 {
            state = .ending
        } else if chunked {
            guard length == nil else { throw HTTPProblem("it has a content-length and a transfer-encoding") }
            state = .chunkSize
        } else if let length {
            state = length == 0 ? .ending : .fixed(remaining: length)
        } else {
            keepAlive = false
            state = .untilClose
        }
    }

    /// The options of a `connection` field, in small letters (RFC 9110, 7.6.1).
    private static func options(_ value: String) -> [String] {
        value.lowercased().split(separator: ",").map { option in
            let letters = option.drop { $0 == " " || $0 == "\t" }
            return String(letters.prefix { $0 != " " && $0 != "\t" })
        }
    }

    // MARK: Lines

    /// The next line without its end; nil when it hasn't arrived whole.
    private mutating func line(limit: Int) throws(HTTPProblem) -> ByteBuffer? {
        let from = searched
        let end = pending.withUnsafeReadableBytes { raw in
            raw[min(from, raw.count)...].firstIndex(of: UInt8(ascii: "\n"))
        }
        guard let end else {
            searched = pending.readableBytes
            guard searched <= limit else { throw HTTPProblem("a line of its framing is over \(limit) bytes") }
            return nil
        }
        searched = 0
        guard end <= limit else { throw HTTPProblem("a line of its framing is over \(limit) bytes") }
        var line = pending.readSlice(length: end)!
        pending.moveReaderIndex(forwardBy: 1)
        Self.dropCarriageReturn(&line)
        return line
    }

    private static func takeLine(_ lines: inout ByteBuffer) -> ByteBuffer? {
        guard let end = lines.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        var line = lines.readSlice(length: end - lines.readerIndex)!
        lines.moveReaderIndex(forwardBy: 1)
        dropCarriageReturn(&line)
        return line
    }

    private static func dropCarriageReturn(_ line: inout ByteBuffer) {
        let last = line.writerIndex - 1
        if last >= line.readerIndex, line.getInteger(at: last, as: UInt8.self) == UInt8(ascii: "\r") {
            line.moveWriterIndex(to: last)
        }
    }

    private static func field(_ line: ByteBuffer) throws(HTTPProblem) -> HTTPFieldList.Field {
        let field = line.withUnsafeReadableBytes { raw -> HTTPFieldList.Field? in
            guard let colon = raw.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return nil }
            let name = String(unsafeUninitializedCapacity: colon) { bytes in
                for index in 0..<colon {
                    let byte = raw[index]
                    bytes[index] = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
                }
                return colon
            }
            guard HTTPFieldRules.isValidName(name) else { return nil }
            var start = colon + 1
            var end = raw.count
            while start < end, raw[start] == 0x20 || raw[start] == 0x09 { start += 1 }
            while end > start, raw[end - 1] == 0x20 || raw[end - 1] == 0x09 { end -= 1 }
            for index in start..<end where raw[index] < 0x20 && raw[index] != 0x09 || raw[index] == 0x7F { return nil }
            return HTTPFieldList.Field(name: name, value: String(decoding: raw[start..<end], as: UTF8.self))
        }
        guard let field else { throw HTTPProblem("one of its header fields is malformed") }
        return field
    }

    private static func length(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 15, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else {
            return nil
        }
        return Int(text)
    }

    /// `1A;name=value` → 26.
    private static func chunkSize(_ line: ByteBuffer) throws(HTTPProblem) -> Int {
        var size = 0
        var digits = 0
        var isOver = false
        for byte in line.readableBytesView {
            if isOver {
                // Space may stand before an extension (RFC 9112 §7.1.1),
                // another number may not.
                if byte == UInt8(ascii: ";") { return size }
                guard byte == 0x20 || byte == 0x09 else { throw HTTPProblem("a chunk's size is no number") }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            case UInt8(ascii: ";"):
                guard digits > 0 else { throw HTTPProblem("a chunk's size is no number") }
                return size
            case 0x20, 0x09:
                guard digits > 0 else { throw HTTPProblem("a chunk's size is no number") }
                isOver = true
                continue
            default: throw HTTPProblem("a chunk's size is no number")
            }
            digits += 1
            guard digits <= 12 else { throw HTTPProblem("a chunk's size is absurd") }
            size = size << 4 | Int(digit)
        }
        guard digits > 0 else { throw HTTPProblem("a chunk's size is no number") }
        return size
    }
}
