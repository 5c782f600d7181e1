import Conversation
import NIOCore
import Routing
import Wire

/// Brings a provider's answer back to the caller, in the caller's dialect.
///
/// Same dialect: the bytes go through. Across dialects, and from a hosted
/// engine: the answer is rebuilt from the shared terms.
struct Relay {
    let admitted: AdmittedCall
    let outgoing: Outgoing
    let candidate: Candidate
    let provider: Provider
    let reply: any CallerReply
    let limits: GatewayLimits
    let instruments: Instruments

    var call: Call { admitted.call }

    /// - Returns: the record with what the answer added to it.
    func run(_ response: any LaneResponse, _ record: RequestRecord) async throws -> RequestRecord {
        var record = record
        let status = response.head.status
        record.attempts[record.attempts.count - 1].status = status
        do {
            if !(200..<300).contains(status) {
                try await passOnError(response, &record)
            } else if response.head.isEventStream {
                instruments.streamOpened()
                defer { instruments.streamClosed() }
                try await StreamRelay(relay: self, response: response).run(&record)
            } else if admitted.isStream {
                throw LaneFailure.garbage("a stream was asked for and something else came")
            } else {
                try await passOnWhole(response, &record)
            }
        } catch is CancellationError {
            // What was generated until the caller left has to be paid for.
            record.outcome = .callerGone
            record.reason = "the caller closed the connection"
        }
        return record
    }

    // MARK: A whole answer

    private func passOnWhole(_ response: any LaneResponse, _ record: inout RequestRecord) async throws {
        let received = try await response.collect(upTo: limits.responseBody)
        guard received.readableBytes > 0 else { throw LaneFailure.garbage("its answer is empty") }
        let body: ByteBuffer
        switch outgoing.translation {
        case .none:
            body = received
            record.usage = provider.dialect.usage(inReply: received)
        case .chat(let request):
            var answer = try read { () throws(UnreadableReply) in try provider.dialect.decodeReply(received) }
            SingleToolCall(request).cut(&answer)
            record.usage = answer.usage
            body = call.door.encodeReply(answer, to: request)
        case .embeddings(let request):
            let answer = try read { () throws(UnreadableReply) in try provider.dialect.decodeEmbeddingsReply(received) }
            record.usage = Usage(input: answer.inputTokens, output: 0)
            body = call.door.encodeEmbeddingsReply(answer, to: request)
        }
        try Task.checkCancellation()
        record.timeToFirstByte = call.arrived.duration(to: .now)
        record.responseBytes = body.readableBytes
        record.status = 200
        record.outcome = .served
        reply.send(head(record, response, contentType: "application/json"), body: body)
    }

    private func read<T>(_ decode: () throws(UnreadableReply) -> T) throws -> T {
        do throws(UnreadableReply) {
            return try decode()
        } catch {
            throw LaneFailure.garbage(error.reason)
        }
    }

    // MARK: A provider's no

    private func passOnError(_ response: any LaneResponse, _ record: inout RequestRecord) async throws {
        let received = try await response.collect(upTo: 1 << 20)
        let status = response.head.status
        record.outcome = .providerError
        if provider.takesBytes(of: call.door) {
            record.status = status
            record.responseBytes = received.readableBytes
            let type = response.head.fields["content-type"] ?? "application/json"
            return reply.send(head(record, response, contentType: type), body: received)
        }
        let error = provider.dialect.decodeError(status: status, body: received)
        record.reason = error.code ?? error.type
        record.status = call.door.status(for: error)
        let body = call.door.encodeProviderError(error, requestID: call.id)
        record.responseBytes = body.readableBytes
        reply.send(head(record, response, contentType: "application/json"), body: body)
    }

    // MARK: Head

    func head(_ record: RequestRecord, _ response: any LaneResponse, contentType: String) -> ResponseHead {
        var head = ResponseHead(status: record.status)
        head.fields.append("content-type", contentType)
        head.addTrace(call, record, servedBy: candidate.id)
        for field in response.head.fields.fields {
            if HTTPFieldRules.isReturnedToCaller(field.name) {
                head.fields.fields.append(field)
            } else if field.name == "request-id" || field.name == "x-request-id" {
                head.fields.append("x-holdfast-provider-request-id", field.value)
            }
        }
        return head
    }
}

extension ResponseHead {
    var isEventStream: Bool {
        fields["content-type"].map { $0.lowercased().hasPrefix("text/event-stream") } ?? false
    }
}
