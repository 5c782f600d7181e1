package import NIOCore

/// The way in which the bytes of a stream are divided into frames.
///
/// A dialect says which one its streams have. ``FrameParser`` reads it; a
/// caller's stream is written by the dialect's own encoder.
package enum Framing: Sendable, Hashable {
    /// Server-sent events.
    case serverSentEvents

    /// The `content-type` of an answer that is such a stream.
    package var contentType: String {
        switch self {
        case .serverSentEvents: "text/event-stream; charset=utf-8"
        }
    }

    /// Returns whether a `content-type` names this framing.
    package func isNamed(by contentType: String) -> Bool {
        switch self {
        case .serverSentEvents: contentType.lowercased().hasPrefix("text/event-stream")
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
        }
    }

    private static let fields = ["data:", "event:", "id:", "retry:", ":"]
}
