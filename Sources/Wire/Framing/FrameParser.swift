package import NIOCore

/// The reader of a stream's frames, whatever the framing.
///
/// How the bytes are cut makes no difference to the frames, and memory is
/// bounded by the limit of one frame. A struct over the one parser that there
/// is, so that a stream pays for no choice among several.
package struct FrameParser: Sendable {
    private var events: SSEParser

    /// - Parameter limit: The largest frame, in bytes. Providers' events carry
    ///   at most a picture; the default leaves room for that.
    package init(_ framing: Framing, limit: Int = 8 << 20) {
        switch framing {
        case .serverSentEvents: events = SSEParser(limit: limit)
        }
    }

    package mutating func feed(_ bytes: ByteBuffer) { events.feed(bytes) }

    /// The next whole frame, nil when more bytes are needed.
    /// - Throws: ``FrameProblem`` when a frame is over the limit.
    package mutating func next() throws(FrameProblem) -> Frame? { try events.next() }

    /// The number of bytes fed so far that belong to a frame which has not
    /// ended. Code that forwards the bytes holds back that many: so a stream
    /// that breaks in the middle of a frame still ends between two frames.
    package var unfinishedBytes: Int { events.unfinishedBytes }

    /// The frame that the stream's end has left without its own end, nil where
    /// there is none. Whoever asks has to see that it is whole.
    package mutating func finish() -> Frame? { events.finish() }
}
