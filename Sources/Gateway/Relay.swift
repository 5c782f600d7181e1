import Conversation
import NIOCore
import Routing
import Wire

/// Brings a provider's answer back to the caller, in the caller's dialect.
///
/// Same dialect: the bytes go through. Across dialects, and from a hosted
/// engine: the answer is rebuilt from the shared terms.
final class Relay {
    let admitted: AdmittedCall
    let outgoing: Outgoing
    let candidate: Candidate
    let provider: Provider
    let reply: any CallerReply
    let record: RequestRecord
    let limits: GatewayLimits
    let instruments: Instruments

    init(
        admitted: AdmittedCall, attempt: Attempt, reply: any CallerReply, record: RequestRecord, limits: GatewayLimits,
        instruments: Instruments
    ) {
        self.admitted = admitted
        self.outgoing = attempt.outgoing
        self.candidate = attempt.candidate
        self.provider = attempt.provider
        self.reply = reply
        self.record = record
        self.limits = limits
        self.instruments = instruments
    }

    var call: Call { admitted.call }

    func run(_ response: any LaneResponse) async throws {
        let status = response.head.status
        record.attempts[record.attempts.count - 1].status = status
        if !(200..<300).contains(status) {
            passOnError(try await response.collect(upTo: 1 << 20), response)
        } else if response.head.isEventStream {
            guard admitted.isStream else { throw LaneFailure.garbage("a stream came that was not asked for") }
            instruments.streamOpened()
            defer { instruments.streamClosed() }
            try await StreamRelay(relay: self, response: response).run()
        } else if admitted.isStream {
            throw LaneFailure.garbage("a stream was asked for and something else came")
        } else {
            let received = try await response.collect(upTo: limits.responseBody)
            try Task.checkCancellation()
            try passOnWhole(received, response)
        }
    }

    // MARK: A whole answer

    private func passOnWhole(_ received: ByteBuffer, _ response: any LaneResponse) throws {
        guard received.readableBytes > 0 else { throw LaneFailure.garbage("its answer is empty") }
        let body: ByteBuffer
        switch outgoing.translation {
        case .none:
            guard Self.looksLikeObject(received) else { throw LaneFailure.garbage("its answer is not a JSON object") }
            body = received
            record.usage = provider.dialect.usage(inReply: received)
        case .chat(let request):
            var answer = try read { () throws(UnreadableReply) in try provider.dialect.decodeReply(received) }
            if SingleToolCall(request).cut(&answer) { record.dropped.append("further tool calls") }
            record.usage = answer.usage
            body = call.door.encodeReply(answer, to: request)
        case .embeddings(let request):
            let answer = try read { () throws(UnreadableReply) in try provider.dialect.decodeEmbeddingsReply(received) }
            record.usage = Usage(input: answer.inputTokens, output: 0)
            body = call.door.encodeEmbeddingsReply(answer, to: request)
        }
        record.timeToFirstByte = call.arrived.duration(to: .now)
        record.responseBytes = body.readableBytes
        record.status = 200
        record.outcome = .served
        reply.send(head(response, contentType: "application/json"), body: body)
    }

    /// Tells a login page or half an answer from an answer; the bytes
    /// themselves are the caller's to read.
    private static func looksLikeObject(_ bytes: ByteBuffer) -> Bool {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        let view = bytes.readableBytesView
        return view.first { !isSpace($0) } == UInt8(ascii: "{") && view.last { !isSpace($0) } == UInt8(ascii: "}")
    }

    private func read<T>(_ decode: () throws(UnreadableReply) -> T) throws -> T {
        do throws(UnreadableReply) {
            return try decode()
        } catch {
            throw LaneFailure.garbage(error.reason)
        }
    }

    // MARK: A provider's no

    private func passOnError(_ received: ByteBuffer, _ response: any LaneResponse) {
        let status = response.head.status
        record.outcome = .providerError
        if provider.takesBytes(of: call.door) {
            record.status = status
            record.responseBytes = received.readableBytes
            let type = response.head.fields["content-type"] ?? "application/json"
            return reply.send(head(response, contentType: type), body: received)
        }
        let error = provider.dialect.decodeError(status: status, body: received)
        record.reason = error.word
        record.status = call.door.status(for: error)
        let body = call.door.encodeProviderError(error, requestID: call.id)
        record.responseBytes = body.readableBytes
        reply.send(head(response, contentType: "application/json"), body: body)
    }

    // MARK: Head

    func head(_ response: any LaneResponse, contentType: String) -> ResponseHead {
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
