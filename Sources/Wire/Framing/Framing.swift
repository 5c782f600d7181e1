package import NIOCore

/// The way in which the bytes of a stream are divided into frames.
///
/// A dialect says which one its streams have. ``FrameParser`` reads it; a
/// caller's stream is written by the dialect's own encoder.
package enum Framing: Sendable, Hashable {
    /// Server-sent events.
    case serverSentEvents
    /// Messages of `application/vnd.amazon.eventstream`.
    case eventStream

    /// The `content-type` of an answer that is such a stream.
    package var contentType: String {
        switch self {
        case .serverSentEvents: "text/event-stream; charset=utf-8"
        case .eventStream: "application/vnd.amazon.eventstream"
        }
    }

    /// Returns whether a `content-type` names this framing.
    package func isNamed(by contentType: String) -> Bool {
        switch self {
        case .serverSentEvents: contentType.lowercased().hasPrefix("text/event-stream")
        case .eventStream: contentType.lowercased().hasPrefix(self.contentType)
        }
    }

    /// Returns whether bytes begin like a stream of this framing, whatever
    /// their `content-type` says; nil while more of them are needed.
    package func isBegun(by bytes: ByteBufferView) -> Bool? {
        switch self {
        case .serverSentEvents:
            // A line of a field, or a comment; before it white space or a byte order mark.
            let line = bytes.drop { $0 <= 0x20 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
            guard !line.isEmpty else { return nil }
            if Self.fields.contains(where: { line.starts(with: $0.utf8) }) { return true }
            // So far it is the beginning of one.
            return Self.fields.contains { $0.utf8.starts(with: line) } ? nil : false
        case .eventStream:
            // No message is as long as text would make its first length.
            guard let first = bytes.first, first <= 1 else { return bytes.isEmpty ? nil : false }
            return EventStreamParser.isPrelude(bytes)
        }
    }

    private static let fields = ["data:", "event:", "id:", "retry:", ":"]

    // MARK: Bytes that are forwarded

    /// The bytes of a frame that ``FrameParser/finish()`` has returned, with
    /// the end that they lack.
    package func closing(_ unfinished: ByteBuffer) -> ByteBuffer {
        switch self {
        case .serverSentEvents:
            var bytes = unfinished
            // Behind a carriage return, the first line feed belongs to it.
            bytes.writeStaticString(bytes.readableBytesView.last == UInt8(ascii: "\n") ? "\n" : "\n\n")
            return bytes
        // A message without its end is never read.
        case .eventStream: return unfinished
        }
    }

    /// Returns the number of bytes that belong to the last frame although it
    /// counted as ended before them: the second half of a CRLF.
    /// - Parameter end: The offset in `bytes` at which the frame has ended.
    package func bytesBehind(_ end: Int, in bytes: ByteBuffer) -> Int {
        switch self {
        case .serverSentEvents:
            guard end > 0, end < bytes.readableBytes,
                bytes.getInteger(at: bytes.readerIndex + end - 1, as: UInt8.self) == UInt8(ascii: "\r"),
                bytes.getInteger(at: bytes.readerIndex + end, as: UInt8.self) == UInt8(ascii: "\n")
            else { return 0 }
            return 1
        case .eventStream: return 0
        }
    }

    // MARK: Words beside the frames

    /// The text that the bytes of a frame hold beside the frame's data and its
    /// name, on lines: what a client may show although it is no event.
    /// - Parameter frame: Nil for bytes between frames.
    package func wordsBeside(_ frame: Frame?, in bytes: ByteBuffer) -> String {
        switch self {
        case .serverSentEvents: SSEWords.beside(frame, in: bytes)
        case .eventStream: EventStreamParser.wordsBeside(in: bytes)
        }
    }
}
