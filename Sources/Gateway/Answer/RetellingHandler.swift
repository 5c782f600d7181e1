import Continuation
import Conversation
import NIOCore
import Wire

/// Another dialect, or another candidate that goes on: the events are written
/// anew for the caller.
struct RetellingHandler: FrameHandler {
    /// The last step before the caller.
    private enum Joint {
        case none
        /// Calls pass whole only.
        case gate(ToolCallGate)
        case seam(Seam)
    }

    private let stream: CallerStream
    private var decoder: any StreamDecoder
    private var filters: EventFilters
    private var joint: Joint
    private var ends = ChoiceEnds()
    private var decoded: [StreamEvent] = []
    private var passed: [StreamEvent] = []

    static var forwardsBytes: Bool { false }

    /// - Parameters:
    ///   - naming: Nil for an answer that says its id and its model.
    ///   - disclosure: Nil for models that others host.
    ///   - seam: Nil for a candidate that begins.
    init(
        from provider: any ProviderProtocol, into stream: CallerStream, _ request: ChatRequest,
        naming: AnswerNaming? = nil, disclosure: DisclosureFilter?, seam: Seam? = nil
    ) {
        self.stream = stream
        decoder = provider.makeStreamDecoder()
        var filters: [any EventFilter] = [SingleToolCall(request), AnsweredCalls(request, from: provider)]
        if let naming { filters.append(naming) }
        if let id = stream.answerID { filters.append(NamedAnswer(id: id)) }
        if let disclosure { filters.append(disclosure) }
        self.filters = EventFilters(filters)
        if let seam {
            joint = .seam(seam)
        } else if stream.keepsJournal {
            joint = .gate(ToolCallGate())
        } else {
            joint = .none
        }
        stream.prepareEncoder(for: request)
    }

    func isOver(_ findings: StreamFindings) -> Bool { findings.isOver }

    mutating func beginPiece(_ findings: StreamFindings, watching: Bool) {}

    mutating func read(
        _ frame: Frame, _ range: Range<Int>, _ findings: StreamFindings, into output: inout ByteBuffer
    ) -> Int? {
        decoded.removeAll(keepingCapacity: true)
        do throws(UnreadableReply) {
            try decoder.decode(frame, into: &decoded)
        } catch {
            findings.fault = .garbage(error.reason)
        }
        for event in decoded {
            if let event = filters.pass(event) { pass(event, findings, into: &output) }
        }
        return nil
    }

    mutating func endPiece(_ whole: Int, _ held: ByteBuffer, _ findings: StreamFindings) -> Int? { nil }

    private mutating func pass(
        _ event: StreamEvent, _ findings: StreamFindings, into output: inout ByteBuffer
    ) {
        // A part that the shared terms can't hold doesn't pass.
        guard !findings.isOver, event != .foreignPart else { return }
        observe(event, findings)
        passed.removeAll(keepingCapacity: true)
        switch joint {
        case .none: passed.append(event)
        case .gate(var gate):
            joint = .none  // One owner, or every event would copy it.
            gate.take(event, into: &passed)
            joint = .gate(gate)
        case .seam(var seam):
            joint = .none
            findings.joining = seam.take(event, into: &passed)
            joint = .seam(seam)
        }
        for event in passed { tell(event, findings, into: &output) }
        if findings.joining == .stopped { tell(.ended, findings, into: &output) }
    }

    private mutating func observe(_ event: StreamEvent, _ findings: StreamFindings) {
        switch event {
        case .usage(let usage): findings.observation.usage = usage
        default:
            guard event.isContent else { return }
            if event.isRefusal { findings.observation.isRefusal = true }
            ends.note(event)
            findings.fragments += 1
            findings.hasContent = true
            findings.hasProgressed = true
        }
    }

    private func tell(_ event: StreamEvent, _ findings: StreamFindings, into output: inout ByteBuffer) {
        switch event {
        case .failed(let error): findings.observation.failure = error
        case .ended:
            findings.observation.hasEnded = true
            stream.end(with: findings.observation.usage, fragments: findings.fragments, into: &output)
        default:
            findings.hasReleased = findings.hasReleased || event.isContent
            stream.tell(event, into: &output)
        }
    }

    func isComplete(_ findings: StreamFindings) -> Bool { ends.isComplete }

    mutating func end(
        _ findings: StreamFindings, for door: any CallerProtocol, into output: inout ByteBuffer
    ) {
        pass(.ended, findings, into: &output)
    }
}
