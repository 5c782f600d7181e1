import Continuation
import Conversation
import NIOCore
import Wire

/// Another dialect, or another candidate that goes on: the events are told
/// anew.
final class TellingStage: StreamStage {
    /// The filter between the candidate's events and the caller.
    private enum Filter {
        case none
        /// Calls pass whole only.
        case gate(ToolCallGate)
        case seam(Seam)
    }

    private let stream: CallerStream
    private let sieve: AnswerSieve?
    private var decoder: any StreamDecoder
    private let single: SingleToolCall
    private var calls: AnsweredCalls
    private var ends = ChoiceEnds()
    private var parser: FrameParser
    private var filter: Filter
    private var decoded: [StreamEvent] = []
    private var passed: [StreamEvent] = []
    private(set) var observation = StreamObservation()
    private(set) var fault: LaneFailure?
    private(set) var fragments = 0
    private(set) var hasContent = false
    private(set) var hasProgressed = false
    /// All events are read.
    var isWatched: Bool {
        get { true }
        set {}
    }
    private(set) var hasReleased = false
    private(set) var lastEvent = ByteBuffer()
    private(set) var joining = Seam.Outcome.going
    var ownFailure: ByteBuffer? { nil }

    /// - Parameters:
    ///   - sieve: nil for somebody else's model.
    ///   - seam: nil for a candidate that begins.
    init(
        from provider: any ProviderProtocol, into stream: CallerStream, _ request: ChatRequest, sieve: AnswerSieve?,
        seam: Seam? = nil, limit: Int
    ) {
        self.stream = stream
        self.sieve = sieve
        decoder = provider.makeStreamDecoder()
        single = SingleToolCall(request)
        calls = AnsweredCalls(request, from: provider)
        parser = FrameParser(provider.framing, limit: limit)
        if let seam {
            filter = .seam(seam)
        } else if stream.keepsJournal {
            filter = .gate(ToolCallGate())
        } else {
            filter = .none
        }
        stream.prepareEncoder(for: request)
    }

    var isOver: Bool {
        observation.hasEnded || observation.failure != nil || fault != nil || joining != .going
    }

    func take(_ bytes: ByteBuffer) -> ByteBuffer? {
        parser.feed(bytes)
        hasProgressed = false
        var output = ByteBufferAllocator().buffer(capacity: bytes.readableBytes * 2)
        while !isOver, let event = next() { read(event, into: &output) }
        // Kept for what it says of a failure; what it is part of is larger.
        if observation.failure == nil { lastEvent = ByteBuffer() }
        return output.readableBytes > 0 ? output : nil
    }

    private func read(_ event: Frame, into output: inout ByteBuffer) {
        decoded.removeAll(keepingCapacity: true)
        lastEvent = event.data
        do throws(UnreadableReply) {
            try decoder.decode(event, into: &decoded)
        } catch {
            fault = .garbage(error.reason)
        }
        for event in decoded where single.admits(event) {
            let event = calls.rename(event)
            guard let sieve else {
                pass(event, into: &output)
                continue
            }
            if let told = sieve.pass(event) { pass(told, into: &output) }
        }
    }

    func endWithoutTerminal(for door: any CallerProtocol) -> ByteBuffer? {
        var output = ByteBuffer()
        if !isOver, parser.unfinishedBytes > 0, let event = parser.finish(), event.isWhole {
            read(event, into: &output)
        }
        if !isOver, ends.isComplete { pass(.ended, into: &output) }
        if observation.failure == nil { lastEvent = ByteBuffer() }
        return output.readableBytes > 0 ? output : nil
    }

    private func next() -> Frame? {
        do throws(FrameProblem) {
            return try parser.next()
        } catch {
            fault = .garbage(error.description)
            return nil
        }
    }

    private func pass(_ event: StreamEvent, into output: inout ByteBuffer) {
        // What can't be told anew doesn't pass.
        guard !isOver, event != .foreignPart else { return }
        observe(event)
        passed.removeAll(keepingCapacity: true)
        switch filter {
        case .none: passed.append(event)
        case .gate(var gate):
            filter = .none  // One owner, or every event would copy it.
            gate.take(event, into: &passed)
            filter = .gate(gate)
        case .seam(var seam):
            filter = .none
            joining = seam.take(event, into: &passed)
            filter = .seam(seam)
        }
        for event in passed { tell(event, into: &output) }
        if joining == .stopped { tell(.ended, into: &output) }
    }

    private func observe(_ event: StreamEvent) {
        switch event {
        case .usage(let usage): observation.usage = usage
        default:
            guard event.isContent else { return }
            if event.isRefusal { observation.isRefusal = true }
            ends.note(event)
            fragments += 1
            hasContent = true
            hasProgressed = true
        }
    }

    private func tell(_ event: StreamEvent, into output: inout ByteBuffer) {
        switch event {
        case .failed(let error): observation.failure = error
        case .ended:
            observation.hasEnded = true
            stream.end(with: observation.usage, fragments: fragments, into: &output)
        default:
            hasReleased = hasReleased || event.isContent
            stream.tell(event, into: &output)
        }
    }
}
