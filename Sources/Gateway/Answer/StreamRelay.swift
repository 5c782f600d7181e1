import Continuation
import Conversation
import Failures
import NIOCore
import Routing
import Wire

/// Brings a provider's event stream back to the caller while it arrives.
///
/// Every event goes out as soon as it is whole. A stream that breaks off is
/// never made to look like one that ended: either another candidate goes on
/// with it, or the caller gets an error event in its dialect, and no terminal
/// event. Which of them is for ``AttemptLoop`` to say.
struct StreamRelay {
    let relay: Relay
    let stream: CallerStream
    let response: any LaneResponse
    private let reply: any CallerReply
    private let live: LiveExchange?

    init(relay: Relay, stream: CallerStream, response: any LaneResponse) {
        self.relay = relay
        self.stream = stream
        self.response = response
        reply = relay.reply
        live = relay.attempt.live
    }

    /// More than any dialect says before it says something.
    private static let longestPrelude = 8 << 10

    private var record: RequestRecord { relay.record }

    /// - Throws: ``FailedAttempt`` and ``LaneFailure`` while this candidate
    ///   has told the caller nothing, ``InterruptedStream`` when it has;
    ///   ``Mismatch`` where it doesn't go on from what was sent.
    func run() async throws {
        let stage = try makeStage()
        // What was generated is paid for, whoever ends the stream.
        var isPaid = false
        defer { if !isPaid { recordCost(stage) } }
        var failure: LaneFailure?
        // What says nothing yet waits for what does: until then another
        // candidate can begin without anybody's noticing.
        var prelude = ByteBuffer()
        do {
            while !stage.isOver,
                let bytes = relay.release == nil ? try await response.next() : try await supervisedNext()
            {
                // Before it is written down as said, and no wait comes between
                // this and the write.
                try live?.check()
                let isWatched = response.wantsProgress
                var ready = stage.take(bytes, watching: isWatched)
                if isWatched, stage.hasProgressed {
                    response.noteProgress()
                    relay.attempt.endSilence()
                }
                // The end goes out once all is known of it.
                if stage.isOver, isWhole(stage) {
                    if var ready { prelude.writeBuffer(&ready) }
                    break
                }
                guard stage.hasReleased || prelude.readableBytes > Self.longestPrelude else {
                    if ready != nil { prelude.writeBuffer(&ready!) }
                    continue
                }
                if prelude.readableBytes > 0 {
                    if ready == nil { ready = prelude } else { ready?.follow(prelude) }
                    prelude = ByteBuffer()
                }
                if let ready {
                    // As a rule nothing has to be awaited.
                    try contribute(ready)
                    if reply.takesNow { reply.writeNow(ready) } else { try await reply.write(ready) }
                }
                if let usedUp = relay.toldPiece(), !stage.isOver {
                    failure = usedUp
                    break
                }
            }
        } catch let error as LaneFailure {
            failure = error
        }
        if !stage.isOver { try live?.check() }
        if !stage.isOver, failure == nil || stage.findings.observation.usage != nil && failure != .totalTimeout,
            var rest = stage.endWithoutTerminal(for: relay.call.door)
        {
            prelude.writeBuffer(&rest)
            if stage.findings.observation.hasEnded {
                failure = nil
            } else if stage.hasReleased {
                // Written down as said: whoever goes on begins behind it.
                let waiting = prelude
                prelude = ByteBuffer()
                try await send(waiting)
            }
        }
        try conclude(stage, failure)
        recordCost(stage)
        isPaid = true
        relay.settleDisclosure()
        if prelude.readableBytes > 0 { try await end(with: prelude) } else { reply.finish() }
    }

    /// The same as the response's, and does what is due at the release point
    /// while nothing comes.
    private func supervisedNext() async throws -> ByteBuffer? {
        while let release = relay.release, let due = release.due {
            switch try await response.next(until: due) {
            case .bytes(let bytes): return bytes
            case .end: return nil
            case .silence: try await release.passTime()
            }
        }
        return try await response.next()
    }

    private func isWhole(_ stage: any StreamStage) -> Bool {
        let observation = stage.findings.observation
        guard observation.hasEnded, observation.failure == nil else { return false }
        switch stage.findings.joining {
        case .going, .stopped: return true
        case .diverged, .broken: return false
        }
    }

    private func makeStage() throws -> any StreamStage {
        // An engine tells some words at a time.
        let limit = relay.filter == nil ? relay.limits.streamEvent : min(relay.limits.streamEvent, 1 << 20)
        let dialect = relay.dialect
        switch relay.attempt.prepared.outgoing.translation {
        case .none where stream.keepsJournal:
            return FrameReader(
                RecordingHandler(dialect, into: stream), dialect.framing, limit: limit, passing: relay.passingItems)
        case .none:
            return FrameReader(ForwardingHandler(dialect), dialect.framing, limit: limit, passing: relay.passingItems)
        case .chat(let request):
            return FrameReader(
                RetellingHandler(
                    from: dialect, into: stream, request, naming: relay.naming(response.head), disclosure: relay.filter),
                dialect.framing, limit: limit)
        case .continuation(let resumed):
            let seam = Seam(
                journal: stream.journal, mode: resumed.mode, given: resumed.given, request: resumed.request,
                by: relay.attempt.upstream.id, cause: resumed.cause)
            return FrameReader(
                RetellingHandler(
                    from: dialect, into: stream, resumed.request, naming: relay.naming(response.head),
                    disclosure: relay.filter, seam: seam),
                dialect.framing, limit: limit)
        case .embeddings:
            throw LaneFailure.garbage("embeddings don't stream")
        }
    }

    // MARK: The end

    /// Returns if the stream is whole.
    private func conclude(_ stage: any StreamStage, _ failure: LaneFailure?) throws {
        switch stage.findings.joining {
        case .going, .stopped: break
        case .diverged: throw Mismatch.diverged
        case .broken(let reason): throw Mismatch.unusable(reason)
        }
        let observation = stage.findings.observation
        if observation.hasEnded, observation.failure == nil {
            record.outcome = .served
            if observation.isRefusal { record.noteRefusal(by: relay.attempt.number) }
            return
        }
        if let failure = observation.failure {
            let error = relay.secrets.masking(failure)
            let symptom = symptom(.stream, stage)
            guard stream.hasContributed else { throw FailedAttempt(symptom, .event(error)) }
            let message = "\(relay.attempt.upstream.id) broke off: \(error.message)"
            throw InterruptedStream(
                symptom: symptom, word: "provider_error", reason: error.word ?? "the provider broke off its stream",
                lastWords: stage.findings.ownFailure.map(relay.secrets.masking)
                    ?? problemEvent(APIProblem(.badUpstream, message, code: error.code)))
        }
        // An end that the protocol allows, and the dialect doesn't.
        let endedCleanly = failure == nil && stage.findings.fault == nil
        let failure =
            failure ?? stage.findings.fault ?? (stage.findings.hasContent ? .cut : .garbage("its stream is empty"))
        guard stream.hasContributed else {
            guard endedCleanly else { throw failure }
            throw FailedAttempt(symptom(.streamEnd, stage, transport: .clean), .lane(failure))
        }
        let problem = APIProblem(failure, at: relay.attempt.upstream.candidate)
        throw InterruptedStream(
            symptom: endedCleanly
                ? symptom(.streamEnd, stage, transport: .clean)
                : Symptom(failure, dialect: relay.provider.errorDialect, hasBegun: true),
            word: failure.word, reason: problem.code, lastWords: problemEvent(problem))
    }

    private func symptom(
        _ position: Symptom.Position, _ stage: any StreamStage, transport: Symptom.Transport? = nil
    ) -> Symptom {
        var symptom = Symptom(
            dialect: relay.provider.errorDialect, position: position, status: response.head.status,
            fields: relay.secrets.masking(response.head).fields,
            body: position == .stream ? relay.secrets.masking(stage.findings.lastEvent) : ByteBuffer(),
            transport: transport, hadContent: stage.findings.hasContent)
        if position == .stream { symptom.exception = stage.findings.lastException }
        return symptom
    }

    private func problemEvent(_ problem: APIProblem) -> ByteBuffer {
        relay.call.door.encodeStreamProblem(problem, requestID: relay.call.id)
    }

    // MARK: Out

    private func send(_ bytes: ByteBuffer) async throws {
        try contribute(bytes)
        try await reply.write(bytes)
    }

    private func end(with bytes: ByteBuffer) async throws {
        try contribute(bytes)
        try await reply.end(with: bytes)
    }

    private func contribute(_ bytes: ByteBuffer) throws {
        if !stream.hasContributed { try relay.claim() }
        if !relay.isTelling { begin() }
        stream.hasContributed = true
        record.responseBytes += bytes.readableBytes
    }

    private func begin() {
        record.status = 200
        record.timeToFirstByte = relay.call.arrived.elapsed()
        record.begun = relay.attempt.number
        var head = relay.head(response.head, contentType: relay.call.door.framing.contentType)
        head.fields.append("cache-control", "no-cache")
        // nginx in front of us would hold the events back otherwise.
        head.fields.append("x-accel-buffering", "no")
        reply.begin(head)
    }

    /// Records the cost of the stream. Where a provider sends no usage (OpenAI
    /// sends it only on request), the cost is estimated. A provider that sent
    /// nothing to the caller is not charged for, unless another candidate was
    /// asked in order to help it.
    private func recordCost(_ stage: any StreamStage) {
        if stream.journal.isFull { record.isBeyondContinuation = true }
        guard stream.hasContributed || stage.findings.observation.hasEnded || stage.findings.joining != .going else {
            relay.attempt.unheard = stage.findings.observation.usage
            return
        }
        if let usage = stage.findings.observation.usage, stage.findings.observation.hasEnded || usage.output > 0 {
            record.cost(usage, of: relay.attempt.number)
            stream.addCost(usage)
        } else {
            let said = stage.findings.observation.usage
            var estimate = stream.estimate(fragments: max(0, stage.findings.fragments - 2))
            if let said { estimate.input = said.input }
            guard said != nil || stage.findings.fragments > 0 else { return }
            record.cost(estimate, of: relay.attempt.number, isEstimate: true)
            stream.addCost(estimate)
        }
    }
}

extension ByteBuffer {
    /// Puts other bytes before these.
    fileprivate mutating func follow(_ first: ByteBuffer) {
        var whole = first
        whole.writeImmutableBuffer(self)
        self = whole
    }
}

/// A continuation that can't be joined to what was sent.
enum Mismatch: Error {
    /// The candidate writes another word than was sent.
    case diverged
    /// A whole answer came that is not what was asked for; with the reason.
    case unusable(String)
}

/// A stream that broke off after its candidate had told the caller some of
/// it.
struct InterruptedStream: Error {
    var symptom: Symptom
    /// One word for logs.
    var word: String
    /// The reason for the log if no candidate continues the answer.
    var reason: String?
    /// The bytes that are sent to the caller if no candidate continues the
    /// answer.
    var lastWords: ByteBuffer
}
