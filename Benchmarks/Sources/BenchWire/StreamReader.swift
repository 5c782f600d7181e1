package import NIOCore

/// Reads one SSE answer of the mock provider and proves that it came whole.
///
/// Every content event of the mock carries `#N;` in its text, N counting from
/// 0. The reader checks that the numbers come one after another, that the last
/// is the one expected, and that the dialect's terminal event came after it
/// and nothing came after that. A gateway may cut or join the text between
/// events as it likes: the numbers are read from the text, not from the framing.
package struct StreamReader {
    /// The reason why a stream doesn't count as completely received.
    package enum Flaw: String, Error, Sendable {
        case outOfOrder = "a number out of order"
        case missing = "numbers missing at the end"
        case noTerminal = "no terminal event"
        case afterTerminal = "events after the terminal event"
        case notNumbered = "a mark that is no number"
    }

    /// The progress that one piece of the body brought.
    package struct Progress: Equatable, Sendable {
        /// Complete SSE events with data.
        package var events = 0
        /// Numbers read from the text.
        package var numbers = 0
    }

    private let dialect: Dialect
    private let expected: Int
    private var pending = ByteBuffer()
    private var data: ByteBuffer?
    private var nextNumber = 0
    private var partial: Int?
    private var partialDigits = 0
    private var terminated = false

    /// A reader of one stream of `expected` numbered events.
    package init(_ dialect: Dialect, expecting expected: Int) {
        self.dialect = dialect
        self.expected = expected
    }

    /// Takes a piece of the body, cut anywhere.
    package mutating func consume(_ bytes: ByteBuffer) throws(Flaw) -> Progress {
        if self.pending.readableBytes == 0 {
            self.pending = bytes
        } else {
            self.pending.writeImmutableBuffer(bytes)
        }
        var progress = Progress()
        while let length = self.pending.offset(of: "\n") {
            guard var line = self.pending.readSlice(length: length) else { break }
            self.pending.moveReaderIndex(forwardBy: 1)
            if line.readableBytesView.last == UInt8(ascii: "\r") {
                line.moveWriterIndex(to: line.writerIndex - 1)
            }
            if line.readableBytes == 0 {
                guard let event = self.data else { continue }
                self.data = nil
                progress.events += 1
                progress.numbers += try self.dispatch(event)
            } else if line.offset(of: "data:") == 0 {
                line.moveReaderIndex(forwardBy: 5)
                self.data = line
            }
        }
        return progress
    }

    /// Says whether the stream came whole, now that its body has ended.
    package func finish() throws(Flaw) {
        guard self.nextNumber == self.expected else { throw .missing }
        guard self.terminated else { throw .noTerminal }
    }

    private mutating func dispatch(_ event: ByteBuffer) throws(Flaw) -> Int {
        guard !self.terminated else { throw .afterTerminal }
        switch self.dialect {
        case .openai where event.offset(of: "[DONE]") != nil:
            self.terminated = true
            return 0
        case .openai:
            return try self.readText(of: event, member: "\"content\"")
        case .anthropic where event.offset(of: "\"message_stop\"") != nil:
            self.terminated = true
            return 0
        case .anthropic:
            return try self.readText(of: event, member: "\"text\"")
        }
    }

    private mutating func readText(of event: ByteBuffer, member: StaticString) throws(Flaw) -> Int {
        guard let value = event.offsetOfJSONValue(of: member) else { return 0 }
        let text = event.readableBytesView.dropFirst(value)
        guard text.first == UInt8(ascii: "\"") else { return 0 }
        var numbers = 0
        for byte in text.dropFirst() {
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "#") {
                self.partial = 0
                self.partialDigits = 0
            } else if let number = self.partial {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9") where self.partialDigits < 9:
                    self.partial = number * 10 + Int(byte - 48)
                    self.partialDigits += 1
                case UInt8(ascii: ";") where self.partialDigits > 0:
                    guard number == self.nextNumber else { throw .outOfOrder }
                    self.nextNumber += 1
                    self.partial = nil
                    numbers += 1
                default:
                    throw .notNumbered
                }
            }
        }
        return numbers
    }
}
