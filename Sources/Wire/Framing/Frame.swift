package import NIOCore

/// One unit of a stream, whatever divides the stream: a server-sent event, or a
/// message of `application/vnd.amazon.eventstream`.
package struct Frame: Sendable, Equatable {
    /// The kind of event, as its sender calls it: the `event:` field of a
    /// server-sent event, the `:event-type` or `:exception-type` of a message.
    /// Empty where the frame doesn't say.
    package var name: String
    /// True for a frame that its framing marks as an error: an exception of
    /// `application/vnd.amazon.eventstream`. Server-sent events have no such mark.
    package var isException: Bool
    /// The event itself, without its framing: the `data:` lines of a
    /// server-sent event, joined by line feeds; the payload of a message.
    package var data: ByteBuffer

    package init(name: String = "", isException: Bool = false, data: ByteBuffer) {
        self.name = name
        self.isException = isException
        self.data = data
    }
}

/// The reason why a stream is not read further.
package enum FrameProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// A frame is larger than that many bytes.
    case tooLarge(limit: Int)
    /// The frame that begins at that byte of the stream is not as it was sent.
    case damaged(at: Int, Damage)

    /// The part of a frame that gives it away.
    package enum Damage: String, Sendable, Equatable {
        case prelude = "the checksum of its lengths is wrong"
        case lengths = "its lengths contradict one another"
        case checksum = "its checksum is wrong"
        case headers = "its headers can't be read"
    }

    package var description: String {
        switch self {
        case .damaged(let offset, let damage):
            "the message that begins at byte \(offset) of the stream is damaged: \(damage.rawValue)"
        case .tooLarge(let limit): "an event of the stream is larger than \(limit) bytes"
        }
    }
}
