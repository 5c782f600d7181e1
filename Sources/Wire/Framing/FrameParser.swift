package import NIOCore

/// The reader of a stream's frames, whatever the framing.
///
/// How the bytes are cut makes no difference to the frames, and memory is
/// bounded by the limit of one frame. A struct that has both parsers in itself:
/// a stream pays one comparison for the choice, and no allocation.
package struct FrameParser: Sendable {
    private var events: SSEParser
    /// Nil where the stream is one of server-sent events.
    private var messages: EventStreamParser?

    /// - Parameter limit: The largest frame, in bytes. Providers' events carry
    ///   at most a picture; the default leaves room for that.
    package init(_ framing: Framing, limit: Int = 8 << 20) {
        events = SSEParser(limit: limit)
        switch framing {
        case .serverSentEvents: messages = nil
        case .eventStream: messages = EventStreamParser(limit: limit)
        }
    }

    package mutating func feed(_ bytes: ByteBuffer) {
        if messages == nil { events.feed(bytes) } else { messages!.feed(bytes) }
    }

    /// The next whole frame, nil when more bytes are needed.
    /// - Throws: ``FrameProblem`` when a frame is over the limit or damaged.
    package mutating func next() throws(FrameProblem) -> Frame? {
        if messages == nil { return try events.next() }
        return try messages!.next()
    }

    /// The number of bytes fed so far that belong to a frame which has not
    /// ended. Code that forwards the bytes holds back that many: so a stream
    /// that breaks in the middle of a frame still ends between two frames.
    package var unfinishedBytes: Int { messages?.unfinishedBytes ?? events.unfinishedBytes }

    /// The frame that the stream's end has left without its own end, nil where
    /// there is none. Whoever asks has to see that it is whole. A message that
    /// lacks bytes is never whole.
    package mutating func finish() -> Frame? { messages == nil ? events.finish() : nil }
}
