import Continuation
import Conversation
import NIOCore
import Wire

/// Same dialect, and somebody could go on with the answer: the bytes go
/// through as they came, and what they say is written down.
///
/// A tool call goes out when it is whole: half of one can't be taken back
/// once another candidate makes it anew. The end of a part goes out with what
/// follows it. An error doesn't go out: somebody else may go on.
final class RecordingStage: StreamStage {
    // All in one value: what a call changes is then looked after once, not at
    // every property.
    private var recording: Recording

    init(_ dialect: any ProviderProtocol, into stream: CallerStream, limit: Int) {
        recording = Recording(dialect, into: stream, limit: limit)
    }

    func take(_ bytes: ByteBuffer) -> ByteBuffer? { recording.take(bytes) }
    func endWithoutTerminal(for door: any CallerProtocol) -> ByteBuffer? { recording.endWithoutTerminal(for: door) }
    var isOver: Bool { recording.isOver }
    var observation: StreamObservation { recording.observation }
    var hasContent: Bool { recording.hasContent }
    var hasProgressed: Bool { recording.hasProgressed }
    /// All events are read.
    var isWatched: Bool {
        get { true }
        set {}
    }
    var hasReleased: Bool { recording.hasReleased }
    var lastEvent: ByteBuffer { recording.lastEvent }
    var fault: LaneFailure? { recording.fault }
    var fragments: Int { recording.fragments }
    var ownFailure: ByteBuffer? { recording.ownFailure }
}

private struct Recording {
    private let stream: CallerStream
    private var decoder: any StreamDecoder
    private var parser: FrameParser
    private var gate = ToolCallGate()
    private var ends = ChoiceEnds()
    private var held = ByteBuffer()
    private var decoded: [StreamEvent] = []
    /// Events whose bytes wait for a tool call.
    private var waiting: [StreamEvent] = []
    private(set) var observation = StreamObservation()
    private(set) var fault: LaneFailure?
    private(set) var fragments = 0
    private(set) var hasContent = false
    private(set) var hasProgressed = false
    private(set) var hasReleased = false
    private(set) var lastEvent = ByteBuffer()
    private(set) var ownFailure: ByteBuffer?
    /// The last event says nothing by itself: it begins or ends a part. It
    /// goes out with the next one, or whoever goes on would frame anew what
    /// was closed.
    private var isFrame = false

    /// A call that is larger than that goes out as it comes.
    private static let mostHeld = 1 << 20

    init(_ dialect: any ProviderProtocol, into stream: CallerStream, limit: Int) {
        self.stream = stream
        decoder = dialect.makeStreamDecoder()
        parser = FrameParser(dialect.framing, limit: limit)
    }

    var isOver: Bool { observation.hasEnded || observation.failure != nil || fault != nil }

    mutating func take(_ bytes: ByteBuffer) -> ByteBuffer? {
        parser.feed(bytes)
        held.hold(bytes)
        hasProgressed = false
        /// The number of bytes in `held` that may be sent.
        var ready = 0
        while !isOver {
            let begin = held.readableBytes - parser.unfinishedBytes
            guard let event = next() else { break }
            let end = held.readableBytes - parser.unfinishedBytes
            read(event)
            if observation.failure != nil {
                ownFailure = held.getSlice(at: held.readerIndex + begin, length: end - begin)
            } else if fault == nil, release(end) {
                ready = end
            }
        }
        // Kept for what it says of a failure; what it is part of is larger.
        if observation.failure == nil { lastEvent = ByteBuffer() }
        // Comments are no events.
        if !isOver, !gate.isHolding, !isFrame { ready = held.readableBytes - parser.unfinishedBytes }
        return ready > 0 ? held.readSlice(length: ready) : nil
    }

    mutating func endWithoutTerminal(for door: any CallerProtocol) -> ByteBuffer? {
        guard !isOver else { return nil }
        var output = ByteBuffer()
        if parser.unfinishedBytes > 0, let event = parser.finish(), event.isWhole {
            read(event)
            guard observation.failure == nil, fault == nil else { return nil }
            _ = release(held.readableBytes)
            output = parser.closing(held)
        }
        held = ByteBuffer()
        if !observation.hasEnded, ends.isComplete {
            observation.hasEnded = true
            output.writeImmutableBuffer(door.encodeStreamEnd())
        }
        return output.readableBytes > 0 ? output : nil
    }

    private mutating func next() -> Frame? {
        do throws(FrameProblem) {
            return try parser.next()
        } catch {
            fault = .garbage(error.description)
            return nil
        }
    }

    private mutating func read(_ event: Frame) {
        decoded.removeAll(keepingCapacity: true)
        lastEvent = event.data
        fragments += 1
        do throws(UnreadableReply) {
            try decoder.decode(event, into: &decoded)
        } catch {
            return fault = .garbage(error.reason)
        }
        isFrame = decoded.allSatisfy { $0.isFrame || isFrame && $0 == .ping }
        for event in decoded {
            switch event {
            case .failed(let error): return observation.failure = error
            case .usage(let usage): observation.usage = usage
            case .ended: observation.hasEnded = true
            case .refusal, .finished:
                (hasContent, hasProgressed) = (true, true)
                if event.isRefusal { observation.isRefusal = true }
            default:
                if event.isContent { (hasContent, hasProgressed) = (true, true) }
            }
            ends.note(event)
            gate.take(event, into: &waiting)
        }
        // A call in the middle of which the stream has ended.
        for case .failed in waiting { fault = .cut }
        if fault != nil { observation.hasEnded = false }
    }

    /// - Parameter size: The size of what is held, in bytes.
    /// - Returns: True when it may be sent.
    private mutating func release(_ size: Int) -> Bool {
        if isFrame { return false }
        if gate.isHolding {
            guard size > Self.mostHeld else { return false }
            gate.giveUp(into: &waiting)
        }
        for event in waiting {
            stream.journal.note(event)
            hasReleased = hasReleased || event.isContent
        }
        waiting.removeAll(keepingCapacity: true)
        return true
    }
}
