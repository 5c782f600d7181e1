import Continuation
import Conversation
import NIOCore
import Wire

/// The synchronous middle of a stream's way: bytes of a provider in, bytes
/// for the caller out. Never suspends, so that its working memory stays out
/// of the memory that a waiting stream holds.
protocol StreamStage: AnyObject {
    /// - Parameter watching: True where it matters that the bytes bring
    ///   something (``StreamFindings/hasProgressed``).
    /// - Returns: The bytes that can go to the caller now, nil if none can.
    func take(_ bytes: ByteBuffer, watching: Bool) -> ByteBuffer?
    /// Handles the end of a provider's stream without its terminal event.
    /// Reads an event that lacks only its blank line; and where the finish
    /// reason of every choice has come, says the terminal event in the
    /// provider's place.
    /// - Parameter door: The API that the caller speaks.
    /// - Returns: The bytes that can go to the caller now, nil if none can.
    func endWithoutTerminal(for door: any CallerProtocol) -> ByteBuffer?
    /// True when nothing more is wanted of the provider: its terminal event
    /// has come, or an error.
    var isOver: Bool { get }
    /// True when the bytes that were taken last brought something that a
    /// caller would read.
    var hasProgressed: Bool { get }
    /// True when something that a caller would read may have gone out: a tool
    /// call that is held back hasn't.
    var hasReleased: Bool { get }
    var findings: StreamFindings { get }
}

/// The facts about a provider's stream that its reader has found so far.
///
/// An object: the reader, its handler and the relay look at the same one, for
/// every event.
final class StreamFindings {
    var observation = StreamObservation()
    /// The reason why the stream can't be read on.
    var fault: LaneFailure?
    /// Roughly the tokens that have come, for providers that don't say.
    var fragments = 0
    /// True when something has come that a caller would read.
    var hasContent = false
    /// True when the bytes that were taken last had such content. Comments,
    /// pings and empty deltas have none. Where nobody watches, it may stay
    /// false.
    var hasProgressed = false
    /// True when such content may have gone out.
    var hasReleased = false
    /// The event that came last, kept only where it was an error.
    var lastEvent = ByteBuffer()
    /// The name of the event that came last, where its framing marks it as an
    /// error; nil for all others.
    var lastException: String?
    /// An error of the provider's own as it came, for callers of its dialect;
    /// nil where it has to be told in other words.
    var ownFailure: ByteBuffer?
    /// The way in which a continuation joins to what was sent.
    var joining = Seam.Outcome.going

    var isOver: Bool {
        observation.hasEnded || observation.failure != nil || fault != nil || joining != .going
    }
}

/// The reading of one stream's frames: which of them say something, and
/// which bytes go to the caller.
protocol FrameHandler {
    /// True where the provider's own bytes go to the caller. The reader then
    /// holds them until the handler lets them go.
    static var forwardsBytes: Bool { get }
    /// True when no more frames are read. Asked for every frame.
    func isOver(_ findings: StreamFindings) -> Bool
    /// Begins with another piece of the stream.
    /// - Parameter watching: True where progress is looked for.
    mutating func beginPiece(_ findings: StreamFindings, watching: Bool)
    /// Reads one frame.
    /// - Parameters:
    ///   - range: The frame's range among the held bytes.
    ///   - output: Gets bytes for the caller, where they are made anew.
    /// - Returns: The number of held bytes that can go to the caller; nil where
    ///   that doesn't change.
    mutating func read(
        _ frame: Frame, _ range: Range<Int>, _ findings: StreamFindings, into output: inout ByteBuffer
    ) -> Int?
    /// Concludes what was read out of one piece of the stream.
    /// - Parameter whole: The number of held bytes without those of an event
    ///   that has not ended.
    /// - Returns: The number of held bytes that can go to the caller; nil where
    ///   that doesn't change.
    mutating func endPiece(_ whole: Int, _ held: ByteBuffer, _ findings: StreamFindings) -> Int?
    /// True when all choices have told why they ended, so that at most the
    /// terminal event is missing.
    func isComplete(_ findings: StreamFindings) -> Bool
    /// Says the terminal event in the provider's place.
    /// - Parameter door: The API that the caller speaks.
    mutating func end(
        _ findings: StreamFindings, for door: any CallerProtocol, into output: inout ByteBuffer)
}

/// The one loop that reads the frames of a provider's stream.
///
/// Bytes that are forwarded go out by whole events. The rest waits, because an
/// error event must be able to follow whatever has gone out.
// Generic, so that each handler is compiled into the loop: a call through a
// protocol for every event would cost more than most events do.
final class FrameReader<Handler: FrameHandler>: StreamStage {
    private let framing: Framing
    private var parser: FrameParser
    private var held = ByteBuffer()
    private var handler: Handler
    private let passing: PassingItems?
    let findings = StreamFindings()

    /// - Parameters:
    ///   - framing: Of the provider's stream.
    ///   - limit: Of one event, in bytes.
    ///   - passing: The change that frames get which are forwarded; nil for none.
    init(_ handler: Handler, _ framing: Framing, limit: Int, passing: PassingItems? = nil) {
        self.handler = handler
        self.framing = framing
        self.passing = passing
        parser = FrameParser(framing, limit: limit)
    }

    var isOver: Bool { findings.isOver }
    var hasProgressed: Bool { findings.hasProgressed }
    var hasReleased: Bool { findings.hasReleased }

    func take(_ bytes: ByteBuffer, watching: Bool) -> ByteBuffer? {
        parser.feed(bytes)
        var output = ByteBuffer()
        if Handler.forwardsBytes {
            held.hold(bytes)
        } else {
            output = ByteBufferAllocator().buffer(capacity: bytes.readableBytes * 2)
        }
        findings.hasProgressed = false
        handler.beginPiece(findings, watching: watching)
        var ready = 0
        while !handler.isOver(findings) {
            let begin = held.readableBytes - parser.unfinishedBytes
            guard let frame = next() else { break }
            let range = pass(frame, begin..<(held.readableBytes - parser.unfinishedBytes))
            ready = read(frame, range, into: &output) ?? ready
        }
        let whole = held.readableBytes - parser.unfinishedBytes
        ready = handler.endPiece(whole, held, findings) ?? ready
        // Kept for what it says of a failure; what it is part of is larger.
        if findings.observation.failure == nil { findings.lastEvent = ByteBuffer() }
        if Handler.forwardsBytes { return ready > 0 ? held.readSlice(length: ready) : nil }
        return output.readableBytes > 0 ? output : nil
    }

    /// - Returns: The frame's range among the held bytes, with other bytes in
    ///   its place where it is to be another.
    private func pass(_ frame: Frame, _ range: Range<Int>) -> Range<Int> {
        guard Handler.forwardsBytes, let bytes = passing?.pass(frame) else { return range }
        var changed = ByteBufferAllocator().buffer(capacity: held.readableBytes + bytes.readableBytes)
        changed.writeBytes(held.readableBytesView.prefix(range.lowerBound))
        changed.writeImmutableBuffer(bytes)
        changed.writeBytes(held.readableBytesView.dropFirst(range.upperBound))
        held = changed
        return range.lowerBound..<range.lowerBound + bytes.readableBytes
    }

    private func next() -> Frame? {
        do throws(FrameProblem) {
            return try parser.next()
        } catch {
            findings.fault =
                if case .damaged(let offset, _) = error {
                    .damaged(at: offset, error.description)
                } else {
                    .garbage(error.description)
                }
            return nil
        }
    }

    private func read(_ frame: Frame, _ range: Range<Int>, into output: inout ByteBuffer) -> Int? {
        findings.lastEvent = frame.data
        if frame.isException { findings.lastException = frame.name }
        let ready = handler.read(frame, range, findings, into: &output)
        if Handler.forwardsBytes, findings.observation.failure != nil {
            let length = range.count + framing.bytesBehind(range.upperBound, in: held)
            findings.ownFailure = held.getSlice(at: held.readerIndex + range.lowerBound, length: length)
        }
        return ready
    }

    func endWithoutTerminal(for door: any CallerProtocol) -> ByteBuffer? {
        guard !isOver else { return nil }
        var output = ByteBuffer()
        if parser.unfinishedBytes > 0, let frame = parser.finish(), frame.isWhole {
            _ = read(frame, pass(frame, 0..<held.readableBytes), into: &output)
            _ = handler.endPiece(0, held, findings)
            if Handler.forwardsBytes {
                findings.ownFailure = nil
                guard findings.observation.failure == nil, findings.fault == nil else { return nil }
                output = framing.closing(held)
            }
        }
        held = ByteBuffer()
        if !isOver, handler.isComplete(findings) { handler.end(findings, for: door, into: &output) }
        if findings.observation.failure == nil { findings.lastEvent = ByteBuffer() }
        return output.readableBytes > 0 ? output : nil
    }
}

/// The choices of a stream that have told why they ended.
struct ChoiceEnds {
    private var last = -1
    private var finished: Set<Int> = []

    /// True when every choice that has said something has finished.
    var isComplete: Bool { last >= 0 && finished.count > last }

    mutating func note(_ event: StreamEvent) {
        guard let choice = event.choice else { return }
        if choice > last { last = choice }
        if case .finished = event { finished.insert(choice) }
    }
}

extension StreamEvent {
    /// True when a caller would read it.
    var isContent: Bool {
        switch self {
        case .ping, .started, .continued, .partEnded, .usage, .failed, .ended: false
        case .text, .refusal, .thinking, .thinkingSignature, .redactedThinking, .toolCallStarted, .toolCallArguments,
            .foreignPart, .logprobs, .finished:
            true
        }
    }

    /// True when it says that the answer is a refusal, or what a filter has
    /// left of one.
    var isRefusal: Bool {
        switch self {
        case .refusal, .finished(_, .contentFilter, _), .finished(_, .refusal, _): true
        default: false
        }
    }

    /// The choice that it is part of; nil where it is of none.
    var choice: Int? {
        switch self {
        case .text(let choice, _), .refusal(let choice, _), .thinking(let choice, _), .thinkingSignature(let choice, _),
            .redactedThinking(let choice, _), .toolCallStarted(let choice, _, _, _),
            .toolCallArguments(let choice, _, _), .partEnded(let choice), .logprobs(let choice, _),
            .finished(let choice, _, _):
            choice
        case .started, .foreignPart, .usage, .continued, .ping, .failed, .ended: nil
        }
    }

    /// True when it only closes a part.
    var isFrame: Bool {
        if case .partEnded = self { true } else { false }
    }
}

extension Frame {
    /// True when it lacks nothing but its own end: a terminal word, or JSON
    /// that ends.
    var isWhole: Bool {
        let text = data.readableBytesView
        if text.count <= 16, String(decoding: text, as: UTF8.self).filter({ !$0.isWhitespace }) == "[DONE]" {
            return true
        }
        return (try? JSONDocument(data, limits: .skim))?.root.kind == .object
    }
}

extension ByteBuffer {
    /// Appends; where nothing is held, without a copy.
    mutating func hold(_ bytes: ByteBuffer) {
        guard readableBytes > 0 else { return self = bytes }
        discardReadBytes()
        writeImmutableBuffer(bytes)
    }
}
