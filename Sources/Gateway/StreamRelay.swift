import Conversation
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

    func run(_ record: inout RequestRecord) async throws {
        record.status = 200
        let watch: StreamObservation
        do {
            switch relay.outgoing.translation {
            case .none:
                watch = try await forward(&record)
            case .chat(let request):
                watch = try await translate(request, &record)
            case .embeddings:
                throw LaneFailure.garbage("embeddings don't stream")
            }
        } catch let failure as LaneFailure {
            guard relay.reply.hasBegun else { throw failure }
            record.attempts[record.attempts.count - 1].failure = failure.word
            return try await breakOff(Problem(failure, at: relay.candidate), &record)
        } catch let problem as SSEProblem {
            let failure = LaneFailure.garbage(problem.description)
            guard relay.reply.hasBegun else { throw failure }
            record.attempts[record.attempts.count - 1].failure = failure.word
            return try await breakOff(Problem(failure, at: relay.candidate), &record)
        }
        if let failure = watch.failure {
            // The provider said so itself, and the caller has been told.
            record.outcome = .truncated
            record.reason = failure.code ?? failure.type ?? "the provider broke off its stream"
            record.attempts[record.attempts.count - 1].failure = "provider_error"
        } else {
            record.outcome = .served
        }
        relay.reply.finish()
    }

    // MARK: Same dialect: the bytes go through

    private func forward(_ record: inout RequestRecord) async throws -> StreamObservation {
        var watcher = relay.provider.dialect.makeStreamWatcher()
        var parser = SSEParser(limit: relay.limits.streamEvent)
        var held = ByteBuffer()
        var events = 0
        defer { settle(watcher.observation, events: events, &record) }

        // The terminal event is the end: what a provider does with the
        // connection after it is no longer the caller's business.
        while !watcher.observation.hasEnded, let bytes = try await response.next() {
            parser.feed(bytes)
            while let event = try parser.next() {
                events += 1
                watcher.observe(event)
            }
            if held.readableBytes == 0 { held = bytes } else { held.writeImmutableBuffer(bytes) }
            // What is not yet a whole event waits: an error event must be
            // able to follow whatever has gone out.
            let whole = held.readableBytes - parser.unfinishedBytes
            guard whole > 0, let ready = held.readSlice(length: whole) else { continue }
            try await send(ready, &record)
        }
        if !relay.reply.hasBegun, !watcher.observation.hasEnded, watcher.observation.failure == nil {
            throw LaneFailure.garbage("its stream is empty")
        }
        guard watcher.observation.hasEnded || watcher.observation.failure != nil else { throw LaneFailure.cut }
        if held.readableBytes > 0 { try await send(held, &record) }
        return watcher.observation
    }

    // MARK: Another dialect: the events are told anew

    private func translate(_ request: ChatRequest, _ record: inout RequestRecord) async throws -> StreamObservation {
        var decoder = relay.provider.dialect.makeStreamDecoder()
        var encoder = relay.call.door.makeStreamEncoder(for: request)
        let single = SingleToolCall(request)
        var parser = SSEParser(limit: relay.limits.streamEvent)
        var observation = StreamObservation()
        var fragments = 0
        defer { settle(observation, events: fragments, &record) }
        var decoded: [StreamEvent] = []

        while !observation.hasEnded, observation.failure == nil, let bytes = try await response.next() {
            parser.feed(bytes)
            var output = ByteBufferAllocator().buffer(capacity: bytes.readableBytes * 2)
            while observation.failure == nil, let event = try parser.next() {
                decoded.removeAll(keepingCapacity: true)
                do throws(UnreadableReply) {
                    try decoder.decode(event, into: &decoded)
                } catch {
                    if output.readableBytes > 0 { try await send(output, &record) }
                    throw LaneFailure.garbage(error.reason)
                }
                for event in decoded where single.admits(event) {
                    switch event {
                    case .failed(let error):
                        observation.failure = error
                    case .usage(let usage): observation.usage = usage
                    case .ended: observation.hasEnded = true
                    case .ping, .started: break
                    default: fragments += 1
                    }
                    if case .failed = event { break }
                    encoder.encode(event, into: &output)
                }
            }
            if output.readableBytes > 0 { try await send(output, &record) }
        }
        if let failure = observation.failure {
            guard relay.reply.hasBegun else {
                throw LaneFailure.garbage("its stream began with an error: \(failure.message)")
            }
            try await send(
                relay.call.door.encodeStreamProblem(
                    Problem(.badUpstream, "\(relay.candidate.id) broke off: \(failure.message)", code: failure.code),
                    requestID: relay.call.id), &record)
            return observation
        }
        guard observation.hasEnded else { throw LaneFailure.cut }
        return observation
    }

    // MARK: Out

    private func send(_ bytes: ByteBuffer, _ record: inout RequestRecord) async throws {
        if !relay.reply.hasBegun {
            record.timeToFirstByte = relay.call.arrived.duration(to: .now)
            relay.reply.begin(streamHead(record))
        }
        record.responseBytes += bytes.readableBytes
        try await relay.reply.write(bytes)
    }

    private func streamHead(_ record: RequestRecord) -> ResponseHead {
        var head = relay.head(record, response, contentType: "text/event-stream; charset=utf-8")
        head.fields.append("cache-control", "no-cache")
        // nginx in front of us would hold the events back otherwise.
        head.fields.append("x-accel-buffering", "no")
        return head
    }

    private func breakOff(_ problem: Problem, _ record: inout RequestRecord) async throws {
        record.outcome = .truncated
        record.reason = problem.code
        let event = relay.call.door.encodeStreamProblem(problem, requestID: relay.call.id)
        record.responseBytes += event.readableBytes
        try await relay.reply.write(event)
        relay.reply.finish()
    }

    /// What it cost. A provider that forwards no usage (OpenAI's doesn't
    /// unless asked) leaves an estimate: an event is about a token, four
    /// bytes of prompt are one.
    private func settle(_ observation: StreamObservation, events: Int, _ record: inout RequestRecord) {
        if let usage = observation.usage {
            record.usage = usage
        } else {
            record.usage = Usage(input: record.requestBytes / 4, output: max(0, events - 2))
            record.usageIsEstimate = true
        }
    }
}
