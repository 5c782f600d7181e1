import Conversation
import Failures
import NIOCore
import Routing
import Wire

/// Brings a provider's event stream back to the caller while it arrives.
///
/// Every event goes out as soon as it is whole. A stream that breaks off is
/// never made to look like one that ended: the caller gets an error event in
/// its dialect, and no terminal event.
struct StreamRelay {
    let relay: Relay
    let response: any LaneResponse

    /// More than any dialect says before it says something.
    private static let longestPrelude = 8 << 10

    private var record: RequestRecord { relay.record }

    func run() async throws {
        let stage = try makeStage()
        // What was generated is paid for, whoever ends the stream.
        defer { settle(stage) }
        var failure: LaneFailure?
        // What says nothing yet waits for what does: until then another
        // candidate can begin without anybody's noticing.
        var prelude = ByteBuffer()
        do {
            while !stage.isOver, let bytes = try await response.next() {
                let ready = stage.take(bytes)
                guard stage.hasContent || prelude.readableBytes > Self.longestPrelude else {
                    if var ready { prelude.writeBuffer(&ready) }
                    continue
                }
                if stage.hasContent { response.noteProgress() }
                if prelude.readableBytes > 0 {
                    let waiting = prelude
                    prelude = ByteBuffer()
                    try await send(waiting)
                }
                if let ready { try await send(ready) }
            }
        } catch let error as LaneFailure {
            failure = error
        }
        if prelude.readableBytes > 0, failure == nil, stage.observation.hasEnded, stage.observation.failure == nil {
            try await send(prelude)
        }
        var interruption: InterruptedStream?
        if let last = try conclude(stage, failure, &interruption) { try await send(last) }
        relay.reply.finish()
        if let interruption { throw interruption }
    }

    private func makeStage() throws -> any StreamStage {
        switch relay.outgoing.translation {
        case .none:
            return ForwardingStage(relay.provider.dialect, limit: relay.limits.streamEvent)
        case .chat(let request):
            return TranslatingStage(
                from: relay.provider.dialect, to: relay.call.door, request, limit: relay.limits.streamEvent)
        case .embeddings:
            throw LaneFailure.garbage("embeddings don't stream")
        }
    }

    // MARK: The end

    /// Decides how the stream ends.
    /// - Returns: what the caller still has to be told.
    /// - Throws: when nothing has gone out, so that an answer with a status
    ///   of its own is possible.
    private func conclude(
        _ stage: any StreamStage, _ failure: LaneFailure?, _ interruption: inout InterruptedStream?
    ) throws -> ByteBuffer? {
        let observation = stage.observation
        if observation.hasEnded, observation.failure == nil {
            record.outcome = .served
            return nil
        }
        if let error = observation.failure {
            guard relay.reply.hasBegun else { throw failedAttempt(.stream, error.status, stage) }
            record.outcome = .truncated
            record.reason = error.word ?? "the provider broke off its stream"
            interruption = InterruptedStream(
                symptom: symptom(.stream, error.status, stage, hadContent: true), word: "provider_error")
            if stage.passesFailures { return nil }
            let message = "\(relay.candidate.id) broke off: \(error.message)"
            return problemEvent(Problem(.badUpstream, message, code: error.code))
        }
        // An end that the protocol allows, and the dialect doesn't.
        let endedCleanly = failure == nil && stage.fault == nil
        let failure = failure ?? stage.fault ?? (stage.hasContent ? .cut : .garbage("its stream is empty"))
        guard relay.reply.hasBegun else {
            guard endedCleanly else { throw failure }
            throw FailedAttempt(
                symptom(.streamEnd, response.head.status, stage, transport: .clean, hadContent: stage.hasContent),
                .lane(failure))
        }
        let symptom =
            endedCleanly
            ? symptom(.streamEnd, response.head.status, stage, transport: .clean, hadContent: true)
            : Symptom(failure, dialect: relay.provider.errorDialect, hasBegun: true)
        interruption = InterruptedStream(symptom: symptom, word: failure.word)
        let problem = Problem(failure, at: relay.candidate)
        record.outcome = .truncated
        record.reason = problem.code
        return problemEvent(problem)
    }

    private func symptom(
        _ position: Symptom.Position, _ status: Int, _ stage: any StreamStage, transport: Symptom.Transport? = nil,
        hadContent: Bool
    ) -> Symptom {
        Symptom(
            dialect: relay.provider.errorDialect, position: position, status: response.head.status,
            fields: response.head.fields, body: position == .stream ? stage.lastEvent : ByteBuffer(),
            transport: transport, hadContent: hadContent)
    }

    private func failedAttempt(_ position: Symptom.Position, _ status: Int, _ stage: any StreamStage) -> FailedAttempt {
        let error = stage.observation.failure!
        return FailedAttempt(symptom(position, status, stage, hadContent: false), .event(error))
    }

    private func problemEvent(_ problem: Problem) -> ByteBuffer {
        relay.call.door.encodeStreamProblem(problem, requestID: relay.call.id)
    }

    // MARK: Out

    private func send(_ bytes: ByteBuffer) async throws {
        if !relay.reply.hasBegun { begin() }
        record.responseBytes += bytes.readableBytes
        try await relay.reply.write(bytes)
    }

    private func begin() {
        record.status = 200
        record.timeToFirstByte = relay.call.arrived.duration(to: .now)
        var head = relay.head(response.head, contentType: "text/event-stream; charset=utf-8")
        head.fields.append("cache-control", "no-cache")
        // nginx in front of us would hold the events back otherwise.
        head.fields.append("x-accel-buffering", "no")
        relay.reply.begin(head)
    }

    /// What it cost. A provider that forwards no usage (OpenAI's doesn't
    /// unless asked) leaves an estimate: an event is about a token, four
    /// bytes of prompt are one.
    private func settle(_ stage: any StreamStage) {
        if let usage = stage.observation.usage {
            record.usage = usage
        } else if stage.fragments > 0 {
            record.usage = Usage(input: record.requestBytes / 4, output: max(0, stage.fragments - 2))
            record.usageIsEstimate = true
        }
    }
}
