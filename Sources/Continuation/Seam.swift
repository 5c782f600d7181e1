package import Conversation

/// Joins a candidate's stream to what was sent: takes the candidate's
/// events, gives those that the caller may have.
///
/// Nothing that was sent is said again, and nothing that is new is lost; the
/// answer keeps its beginning, one role and one id. Tool calls pass whole
/// only.
package struct Seam: Sendable {
    package enum Outcome: Sendable, Equatable {
        case going
        /// The candidate writes another word than was sent: ask again with
        /// ``ContinuationMode/exactPrefill``. Nothing was given out.
        case diverged
        /// A stop sequence matched across the seam; the finish reason was
        /// given, and nothing more is wanted of the candidate.
        case stopped
        /// JSON was asked for and the whole doesn't parse; no finish reason
        /// was given.
        case broken(String)
    }

    private let by: String
    private let cause: String
    private let mode: ContinuationMode
    private let stop: [String]
    /// Characters of text sent before.
    private let at: Int
    private let hadStarted: Bool
    private let hidesThinking: Bool
    private var model = ""
    private var hasTold = false
    /// True when the present part has content.
    private var isPartOpen = false
    private var isJoined: Bool
    private var isOver = false
    private var joint: Joint
    private var stops: StopSequences
    private var value: WholeValue?
    private var gate = ToolCallGate()

    /// - Parameters:
    ///   - given: The value of ``ResumeRequest/given``.
    ///   - request: The caller's own request.
    ///   - by: The candidate, as `provider/model`.
    ///   - cause: The cause for which the previous candidate stopped.
    package init(
        journal: StreamJournal, mode: ContinuationMode, given: String, request: ChatRequest, by: String, cause: String
    ) {
        self.by = by
        self.cause = cause
        self.mode = mode
        stop = request.stop
        let text = Scalars(journal.text)
        at = text.count
        hadStarted = journal.hasStarted
        // Thinking is not mixed across models, and none follows text.
        hidesThinking = journal.hasThinking || journal.hasVisibleText
        model = journal.model
        isJoined = text.isEmpty
        joint = Joint(text: text, given: Scalars(given), mode: mode)
        stops = StopSequences(mode == .restart ? [] : request.stop, after: text)
        if mode != .restart, request.wantsJSON { value = WholeValue(after: journal.text) }
    }

    package mutating func take(_ event: StreamEvent, into events: inout [StreamEvent]) -> Outcome {
        guard !isOver else { return .stopped }
        var ready: [StreamEvent] = []
        gate.take(event, into: &ready)
        for event in ready {
            let outcome = pass(event, into: &events)
            if outcome != .going { return outcome }
        }
        return .going
    }

    private mutating func pass(_ event: StreamEvent, into events: inout [StreamEvent]) -> Outcome {
        if let choice = event.choice, choice != 0 { return .going }
        switch event {
        case .started(_, let model, _):
            if !model.isEmpty { self.model = model }
            if !hadStarted { events.append(event) }
        case .text(_, let text): return pass(text, into: &events)
        case .thinking, .thinkingSignature, .redactedThinking:
            if !hidesThinking { tell(event, into: &events) }
        // The part that ends may be one that wasn't told.
        case .partEnded:
            if isPartOpen { events.append(event) }
            isPartOpen = false
        case .foreignPart: break
        // What is told again has been sent with its own.
        case .logprobs: if isJoined { tell(event, into: &events) }
        case .toolCallStarted, .toolCallArguments, .refusal:
            let outcome = flush(finish: nil, into: &events)
            guard outcome == .going else { return outcome }
            tell(event, into: &events)
        case .finished(_, let reason, _):
            let outcome = flush(finish: reason, into: &events)
            guard outcome == .going else { return outcome }
            let isDone = reason == .endTurn || reason == .stopSequence
            if isDone, let value, !value.isWhole {
                return .broken("the answer as a whole is not valid JSON")
            }
            tell(event, into: &events)
        case .ended:
            let outcome = flush(finish: nil, into: &events)
            guard outcome == .going else { return outcome }
            events.append(event)
        case .usage, .ping, .failed, .continued: events.append(event)
        }
        return .going
    }

    // MARK: Text

    private mutating func pass(_ text: String, into events: inout [StreamEvent]) -> Outcome {
        if isJoined { return give(Scalars(text), into: &events) }
        switch joint.take(Scalars(text)) {
        case .open: return .going
        case .diverged: return .diverged
        case .new(let rest):
            isJoined = true
            return give(rest, into: &events)
        }
    }

    private mutating func give(_ text: Scalars, into events: inout [StreamEvent]) -> Outcome {
        switch stops.take(text) {
        case .text(let text): say(text, into: &events)
        case .stopped(let text, let sequence):
            say(text, into: &events)
            return stop(at: sequence, into: &events)
        }
        return .going
    }

    private mutating func stop(at sequence: String, into events: inout [StreamEvent]) -> Outcome {
        isOver = true
        if let value, !value.isWhole { return .broken("a stop sequence cut the JSON off") }
        tell(.finished(choice: 0, .stopSequence, stopSequence: sequence), into: &events)
        return .stopped
    }

    private mutating func say(_ text: Scalars, into events: inout [StreamEvent]) {
        var text = String(text)
        if value != nil { text = value!.take(text) }
        if !text.isEmpty { tell(.text(choice: 0, text), into: &events) }
    }

    /// The text has come to its end: what waits is judged as it stands.
    private mutating func flush(finish: FinishReason?, into events: inout [StreamEvent]) -> Outcome {
        if !isJoined {
            if let sequence = stopInside(finish) { return stop(at: sequence, into: &events) }
            switch joint.end() {
            // `end` leaves nothing open.
            case .diverged, .open: return .diverged
            case .new(let rest):
                isJoined = true
                let outcome = give(rest, into: &events)
                guard outcome == .going else { return outcome }
            }
        }
        say(stops.end(), into: &events)
        return .going
    }

    /// The stop sequence that the candidate met in telling the last word
    /// again, and that had begun in what was sent.
    private func stopInside(_ finish: FinishReason?) -> String? {
        guard finish == .endTurn || finish == .stopSequence, !joint.expected.isEmpty else { return nil }
        let spoken = joint.pending.dropFirst(joint.pending.leadingSpace)
        guard spoken.count < joint.expected.count, joint.expected.starts(with: spoken) else { return nil }
        return stop.first { (spoken + Scalars($0)).starts(with: joint.expected) }
    }

    /// Says who goes on before the first thing that it says.
    private mutating func tell(_ event: StreamEvent, into events: inout [StreamEvent]) {
        if hadStarted, !hasTold { events.append(.continued(by: by, model: model, cause: cause, at: at)) }
        hasTold = true
        isPartOpen = true
        events.append(event)
    }
}
