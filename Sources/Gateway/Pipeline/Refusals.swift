import Conversation
import NIOCore
import Wire

/// Answers that are Holdfast's own, in the caller's protocol.
extension Gateway {
    /// The state of the caller after an error.
    enum Conclusion {
        /// The caller has its answer, or has gone.
        case done
        /// The time to drain is over, and the caller waits for a word.
        case cutOff
    }

    func conclude(
        _ error: any Error, _ call: Call, _ reply: any CallerReply, _ record: RequestRecord
    ) -> Conclusion {
        if error is AnswerEnded { return .done }
        if let problem = error as? APIProblem ?? (error as? PermitEnded)?.problem {
            refuse(call, problem, reply, record)
        } else if error is CancellationError {
            if reply.isCutOff { return .cutOff }
            record.outcome = .callerGone
            record.reason = "the caller closed the connection"
            // The provider worked on the prompt all the same.
            if record.usage == nil, !record.attempts.isEmpty {
                record.cost(
                    Usage(input: record.requestBytes / 4, output: 0), of: record.attempts.count - 1, isEstimate: true)
            }
        } else {
            // Nothing else is thrown on purpose; say so instead of guessing.
            refuse(call, APIProblem(.internalFailure, "Holdfast failed in a way it did not foresee."), reply, record)
        }
        return .done
    }

    private func refuse(_ call: Call, _ problem: APIProblem, _ reply: any CallerReply, _ record: RequestRecord) {
        record.reason = record.reason ?? problem.code ?? problem.message
        switch problem.kind {
        case _ where problem.isBlock: record.outcome = .blocked
        case .limited: record.outcome = .limited
        case .badUpstream, .unavailable, .outOfOrder, .deadline, .internalFailure, .gone: record.outcome = .failed
        default: record.outcome = .refused
        }
        guard !reply.hasBegun else {
            // Too late for a status: only a cut connection is honest.
            record.outcome = .truncated
            return reply.abort()
        }
        record.status = call.door.status(of: problem)
        let (head, body) = refusal(call, problem, record)
        record.responseBytes = body.readableBytes
        reply.send(head, body: body)
    }

    func refusal(_ call: Call, _ problem: APIProblem, _ record: RequestRecord) -> (ResponseHead, ByteBuffer) {
        var head = ResponseHead(status: call.door.status(of: problem))
        head.addHoldfastFields(call, record, servedBy: nil)
        head.addFields(of: problem)
        call.door.addErrorFields(of: problem, to: &head.fields)
        return (head, call.door.encodeProblem(problem, requestID: call.id))
    }

    /// Ends a request whose time to drain is over, with the reason.
    func cutOff(_ call: Call, _ reply: any CallerReply, _ record: RequestRecord) async {
        let problem = APIProblem(
            .unavailable, "This Holdfast shut down before the answer was whole; send the request again.",
            code: "shutting_down", retryAfter: 1)
        shutdown.countCutOff()
        guard reply.hasBegun else { return refuse(call, problem, reply, record) }
        record.outcome = .truncated
        record.reason = problem.code
        await reply.breakOff(with: call.door.encodeStreamProblem(problem, requestID: call.id))
    }
}
