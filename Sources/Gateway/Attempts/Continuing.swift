import Continuation
import Conversation
import Failures
import NIOCore
import Resilience
import Routing
import Wire

/// A stream that broke off, while its caller waits for the rest.
struct Interruption {
    /// The cause for which the last candidate stopped.
    var cause: Cause
    var resumption: Resumption
    /// The reason for the log if no candidate continues the answer.
    var reason: String?
    /// The bytes that are sent to the caller if no candidate continues the
    /// answer.
    var lastWords: ByteBuffer

    mutating func tell(_ problem: Problem, _ call: Call) {
        reason = problem.code
        lastWords = call.door.encodeStreamProblem(problem, requestID: call.id)
    }
}

/// The way in which a candidate is asked to continue an answer.
struct Resumed {
    /// The caller's own.
    var request: ChatRequest
    var manner: Manner
    /// The part of the text that the candidate is given as its own.
    var given: String
    var cause: Cause
}

/// A stream that broke off goes on with the next candidate: the caller sees
/// one answer, with one id and one end.
extension Attempts {
    /// Handles a candidate that stopped in the middle of its stream.
    /// - Returns: True when the caller has received the end of its answer.
    func interrupt(_ index: Int, _ interrupted: InterruptedStream, _ verdict: Verdict) async throws -> Bool {
        var open = Interruption(
            cause: verdict.cause, resumption: .impossible(""), reason: interrupted.reason,
            lastWords: interrupted.lastWords)
        guard stream.keepsJournal, let request = try? await readChat(),
            !request.leftovers.contains(where: { !$0.isAdvisory && !$0.isTopLevel })
        else {
            try await leaveUnfinished(open)
            return true
        }
        open.resumption = stream.journal.resumption(of: request)
        switch open.resumption {
        case .whole:
            try await finish(with: stream.journal.completion(of: request), request)
            return true
        case .impossible(let why):
            record.skipped.append("continuation: \(why)")
            if stream.journal.isFull { open.tell(.beyondContinuation, admitted.call) }
            try await leaveUnfinished(open)
            return true
        case .resume:
            // The caller's most tokens have been given: so it ends there.
            if ResumeRequest.make(request, stream.journal, .exactPrefill)?.outOfTokens == true {
                try await finish(with: [.finished(choice: 0, .length, stopSequence: nil), .ended], request)
                return true
            }
        case .restart: break
        }
        interruption = open
        manners = [:]
        // What was added to the request is no reason to end it.
        if !isOurOwnFault(verdict) {
            plan.failed(index, verdict, now: continuity.now.tick, movesOnRefusal: policy.movesOnRefusal)
        }
        plan.ruleOut(index)
        return false
    }

    private func readChat() async throws -> ChatRequest {
        admitted.isHeavy ? try await gateway.reading.run { try self.admitted.chat() } : try admitted.chat()
    }

    private func finish(with events: [StreamEvent], _ request: ChatRequest) async throws {
        let rest = stream.complete(events, for: request)
        record.responseBytes += rest.readableBytes
        record.outcome = .served
        try await reply.end(with: rest)
    }

    /// Gives up because what came can't be used, and no other candidate could
    /// do better.
    func giveUpContinuing(_ why: String) {
        interruption?.tell(
            Problem(
                .badUpstream, "The answer broke off, and \(why). Send the request again.",
                code: "continuation_unusable"), admitted.call)
        plan.ruleOutAll()
    }

    /// Ends the stream when no candidate continues it: the caller gets an error
    /// event, and the stream stays visibly unfinished.
    func leaveUnfinished(_ interruption: Interruption) async throws {
        record.outcome = .truncated
        record.reason = interruption.reason
        if interruption.lastWords.readableBytes > 0 {
            record.responseBytes += interruption.lastWords.readableBytes
            return try await reply.end(with: interruption.lastWords)
        }
        reply.finish()
    }

    /// The request that asks a candidate to go on; nil if it can't.
    func resume(_ index: Int, _ interruption: Interruption) -> Attempt? {
        let wantsRestart = interruption.resumption == .restart
        return carrying(index) { upstream, provider, place throws(Problem) in
            let candidate = upstream.candidate
            let request = try admitted.chat()
            let usual: Manner = candidate.capabilities.contains(.prefill) ? .prefill : .instruction
            let manner = wantsRestart ? .restart : manners[index] ?? usual
            manners[index] = manner
            if let missing = try admitted.needs(beyond: candidate.capabilities).names.first {
                throw Problem(
                    .invalidRequest, "\(candidate.id) can't go on: it lacks \(missing).", code: "missing_capability")
            }
            if manner == .restart {
                let original = try admitted.outgoing(to: candidate, at: provider)
                return Attempt(
                    original.answering(
                        .continuation(Resumed(request: request, manner: manner, given: "", cause: interruption.cause))),
                    upstream, provider, place)
            }
            guard let resume = ResumeRequest.make(request, stream.journal, manner) else {
                throw Problem(.badUpstream, "What was sent can't be gone on with.", code: "not_resumable")
            }
            let resumed = Resumed(
                request: request, manner: manner, given: resume.given, cause: interruption.cause)
            return Attempt(
                try admitted.outgoing(resume.request, to: candidate, at: provider, answering: .continuation(resumed)),
                upstream, provider, place)
        }
    }

    /// Returns whether a failure may be the fault of what Holdfast added to the
    /// request in order to continue: another candidate has accepted the
    /// caller's own part of it.
    func isOurOwnFault(_ verdict: Verdict) -> Bool {
        guard interruption?.resumption == .resume else { return false }
        return [.callerFault, .unsupportedField, .nestedReference].contains(verdict.cause)
    }

    /// The candidate that was asked last can't go on in the way it was asked:
    /// the plan may ask it once more, in another.
    func tryAnotherManner(_ index: Int, hasDiverged: Bool) {
        switch manners[index] {
        case .prefill where hasDiverged: manners[index] = .exactPrefill
        case .prefill, .exactPrefill: manners[index] = .instruction
        case .restart, .instruction, nil: plan.ruleOut(index)
        }
    }
}

extension Leftover {
    /// A field of the request itself, and not of a part of it.
    var isTopLevel: Bool { !field.contains { $0 == "." || $0 == "[" } }
}

extension Outgoing {
    /// The same request, with another way to read the answer.
    func answering(_ translation: Translation) -> Outgoing {
        Outgoing(kind: kind, translation: translation, dropped: dropped)
    }
}
