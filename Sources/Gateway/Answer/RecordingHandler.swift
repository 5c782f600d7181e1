import Continuation
import Conversation
import NIOCore
import Wire

/// Same dialect, and another candidate could go on with the answer: the bytes
/// go through as they came, and what they say is written down.
///
/// A tool call goes out when it is whole: half of one can't be taken back
/// once another candidate makes it anew. The end of a part goes out with what
/// follows it. An error doesn't go out: another candidate may go on.
struct RecordingHandler: FrameHandler {
    private let stream: CallerStream
    private var decoder: any StreamDecoder
    private var gate = ToolCallGate()
    private var ends = ChoiceEnds()
    private var decoded: [StreamEvent] = []
    /// Events whose bytes wait for a tool call.
    private var waiting: [StreamEvent] = []
    /// True when the last event says nothing by itself: it begins or ends a
    /// part. It goes out with the next one; otherwise a candidate that goes on
    /// would frame anew what was closed.
    private var isFrame = false
    /// The bytes of the stream before those that the reader holds.
    private var passed = 0
    /// The bytes up to the end of the last event that may go out.
    private var released = 0
    /// The number of held bytes that may go out.
    private var ready = 0

    /// A call that is larger than that goes out as it comes.
    private static let mostHeld = 1 << 20

    static var forwardsBytes: Bool { true }

    init(_ dialect: any ProviderProtocol, into stream: CallerStream) {
        self.stream = stream
        decoder = dialect.makeStreamDecoder()
    }

    func isOver(_ findings: StreamFindings) -> Bool { findings.isOver }

    mutating func beginPiece(_ findings: StreamFindings, watching: Bool) {}

    mutating func read(
        _ frame: Frame, _ range: Range<Int>, _ findings: StreamFindings, into output: inout ByteBuffer
    ) -> Int? {
        decoded.removeAll(keepingCapacity: true)
        findings.fragments += 1
        do throws(UnreadableReply) {
            try decoder.decode(frame, into: &decoded)
        } catch {
            findings.fault = .garbage(error.reason)
            return nil
        }
        note(findings)
        guard findings.observation.failure == nil, findings.fault == nil else { return nil }
        guard release(range.upperBound, findings) else { return nil }
        ready = range.upperBound
        return ready
    }

    private mutating func note(_ findings: StreamFindings) {
        isFrame = decoded.allSatisfy { $0.isFrame || isFrame && $0 == .ping }
        for event in decoded {
            switch event {
            case .failed(let error): return findings.observation.failure = error
            case .usage(let usage): findings.observation.usage = usage
            case .ended: findings.observation.hasEnded = true
            case .refusal, .finished:
                (findings.hasContent, findings.hasProgressed) = (true, true)
                if event.isRefusal { findings.observation.isRefusal = true }
            default:
                if event.isContent { (findings.hasContent, findings.hasProgressed) = (true, true) }
            }
            ends.note(event)
            gate.take(event, into: &waiting)
        }
        // The stream has ended in the middle of a call.
        for case .failed in waiting { findings.fault = .cut }
        if findings.fault != nil { findings.observation.hasEnded = false }
    }

    /// - Parameter size: The number of held bytes up to the end of the event.
    /// - Returns: True when they may go out.
    private mutating func release(_ size: Int, _ findings: StreamFindings) -> Bool {
        if isFrame { return false }
        if gate.isHolding {
            guard size > Self.mostHeld else { return false }
            gate.giveUp(into: &waiting)
        }
        for event in waiting { findings.hasReleased = findings.hasReleased || event.isContent }
        stream.note(waiting, passing: released..<(passed + size), place: decoder.place)
        released = passed + size
        waiting.removeAll(keepingCapacity: true)
        return true
    }

    mutating func endPiece(_ whole: Int, _ held: ByteBuffer, _ findings: StreamFindings) -> Int? {
        // Comments are no events.
        let mayGo = !findings.isOver && !gate.isHolding && !isFrame
        if mayGo {
            ready = max(ready, whole)
            released = max(released, passed + ready)
        }
        passed += ready
        ready = 0
        return mayGo ? whole : nil
    }

    func isComplete(_ findings: StreamFindings) -> Bool { ends.isComplete }

    mutating func end(
        _ findings: StreamFindings, for door: any CallerProtocol, into output: inout ByteBuffer
    ) {
        findings.observation.hasEnded = true
        output.writeImmutableBuffer(door.encodeStreamEnd())
    }
}
