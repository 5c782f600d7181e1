package import NIOCore

/// The start line of an HTTP/1.1 message and the little that decides its framing.
package struct MessageHead: Sendable {
    /// The method by which the end of the body is found.
    package enum Framing: Sendable, Equatable {
        case length(Int)
        case chunked
        case untilClose
    }

    /// The request or status line, without its line end.
    package var startLine: ByteBuffer
    package var framing: Framing
    package var keepAlive: Bool

    /// The status code of a response; 0 where there is none.
    package var status: Int {
        let bytes = self.startLine.readableBytesView.dropFirst(9).prefix(3)
        return bytes.reduce(0) { $0 * 10 + (Int($1) - 48) }
    }

    /// Returns whether the start line begins with `text`.
    package func begins(with text: StaticString) -> Bool {
        self.startLine.offset(of: text) == 0
    }
}

/// Cuts HTTP/1.1 messages out of a byte stream.
///
/// Knows only what the mock provider and the load generator need of each other
/// and of the gateways between them: no 1xx answers, no trailers that matter,
/// no `HEAD`. Bodies come as slices of what was received.
package struct MessageParser {
    /// The sender of the messages, which decides the meaning of a message without a framing field.
    package enum Kind: Sendable { case request, response }

    package enum Part {
        case head(MessageHead)
        case body(ByteBuffer)
        case end
    }

    /// The received bytes are not HTTP/1.1 as this parser supports it.
    package struct Malformed: Error {
        package var reason: String
    }

    private enum State {
        case head
        case body(remaining: Int)
        case bodyUntilClose
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailers
    }

    private static let headLimit = 64 * 1024
    private let kind: Kind
    private var state = State.head
    private var received = ByteBuffer()

    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// Takes what the socket gave.
    package mutating func append(_ bytes: ByteBuffer) {
        if self.received.readableBytes == 0 {
            self.received = bytes
        } else {
            self.received.writeImmutableBuffer(bytes)
        }
    }

    /// The next part, or nil until more bytes come.
    package mutating func next() throws(Malformed) -> Part? {
        while true {
            switch self.state {
            case .head:
                guard let head = try self.readHead() else { return nil }
                switch head.framing {
                case .length(let length): self.state = .body(remaining: length)
                case .chunked: self.state = .chunkSize
                case .untilClose: self.state = .bodyUntilClose
                }
                return .head(head)
            case .body(remaining: 0):
                self.state = .head
                return .end
            case .body(let remaining):
                guard let slice = self.readUpTo(remaining) else { return nil }
                self.state = .body(remaining: remaining - slice.readableBytes)
                return .body(slice)
            case .bodyUntilClose:
                guard let slice = self.readUpTo(.max) else { return nil }
                return .body(slice)
            case .chunkSize:
                guard let line = self.readLine() else { return nil }
                guard let size = Self.hexadecimal(line) else { throw Malformed(reason: "chunk size") }
                self.state = size == 0 ? .trailers : .chunk(remaining: size)
            case .chunk(remaining: 0):
                self.state = .chunkEnd
            case .chunk(let remaining):
                guard let slice = self.readUpTo(remaining) else { return nil }
                self.state = .chunk(remaining: remaining - slice.readableBytes)
                return .body(slice)
            case .chunkEnd:
                guard self.readLine() != nil else { return nil }
                self.state = .chunkSize
            case .trailers:
                guard let line = self.readLine() else { return nil }
                if line.readableBytes == 0 {
                    self.state = .head
                    return .end
                }
            }
        }
    }

    private mutating func readHead() throws(Malformed) -> MessageHead? {
        guard let headLength = self.received.offset(of: "\r\n\r\n") else {
            if self.received.readableBytes > Self.headLimit { throw Malformed(reason: "head too long") }
            return nil
        }
        guard var head = self.received.readSlice(length: headLength + 2) else { return nil }
        self.received.moveReaderIndex(forwardBy: 2)
        guard let lineLength = head.offset(of: "\r\n"), let startLine = head.readSlice(length: lineLength) else {
            throw Malformed(reason: "start line")
        }
        head.moveReaderIndex(forwardBy: 2)

        var length: Int?
        var chunked = false
        var close = false
        while let end = head.offset(of: "\r\n") {
            head.withUnsafeReadableBytes { bytes in
                let line = UnsafeRawBufferPointer(rebasing: bytes[..<end])
                if let value = Self.value(of: "content-length", in: line) {
                    length = value.reduce(0) { $0 &* 10 &+ Int($1 &- 48) }
                } else if let value = Self.value(of: "transfer-encoding", in: line) {
                    chunked = Self.equal(value, "chunked")
                } else if let value = Self.value(of: "connection", in: line) {
                    close = Self.equal(value, "close")
                }
            }
            head.moveReaderIndex(forwardBy: end + 2)
        }
        let framing: MessageHead.Framing
        if chunked {
            framing = .chunked
        } else if let length {
            guard length >= 0 else { throw Malformed(reason: "content-length") }
            framing = .length(length)
        } else {
            framing = self.kind == .request ? .length(0) : .untilClose
        }
        return MessageHead(startLine: startLine, framing: framing, keepAlive: !close && framing != .untilClose)
    }

    private mutating func readUpTo(_ limit: Int) -> ByteBuffer? {
        guard self.received.readableBytes > 0 else { return nil }
        return self.received.readSlice(length: min(limit, self.received.readableBytes))
    }

    private mutating func readLine() -> ByteBuffer? {
        guard let length = self.received.offset(of: "\r\n") else { return nil }
        defer { self.received.moveReaderIndex(forwardBy: 2) }
        return self.received.readSlice(length: length)
    }

    private static func hexadecimal(_ line: ByteBuffer) -> Int? {
        // Extensions after a semicolon are allowed and mean nothing here.
        let digits = line.readableBytesView.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    /// The value of `line` when its field name is `name` (lower case), spaces trimmed.
    private static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let count = name.utf8CodeUnitCount
        guard line.count > count, line[count] == UInt8(ascii: ":") else { return nil }
        guard self.equal(UnsafeRawBufferPointer(rebasing: line[..<count]), name) else { return nil }
        var from = count + 1
        var to = line.count
        while from < to, line[from] == UInt8(ascii: " ") { from += 1 }
        while to > from, line[to - 1] == UInt8(ascii: " ") { to -= 1 }
        return UnsafeRawBufferPointer(rebasing: line[from..<to])
    }

    /// Returns whether `bytes` are `name` (lower case), regardless of case.
    private static func equal(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        guard bytes.count == name.utf8CodeUnitCount else { return false }
        for at in 0..<bytes.count where (bytes[at] | 0x20) != (name.utf8Start[at] | 0x20) { return false }
        return true
    }
}
