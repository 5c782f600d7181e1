package import NIOCore

/// One unit of a stream, whatever divides the stream: a server-sent event.
package struct Frame: Sendable, Equatable {
    /// The kind of event, as its sender calls it: the `event:` field of a
    /// server-sent event. Empty where the frame doesn't say.
    package var name: String
    /// The event itself, without its framing: the `data:` lines of a
    /// server-sent event, joined by line feeds.
    package var data: ByteBuffer

    package init(name: String = "", data: ByteBuffer) {
        self.name = name
        self.data = data
    }
}

/// The reason why a stream is not read further.
package enum FrameProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// A frame is larger than that many bytes.
    case tooLarge(limit: Int)

    package var description: String {
        switch self {
        case .tooLarge(let limit): "an event of the stream is larger than \(limit) bytes"
        }
    }
}
