import Continuation
import Conversation
import Failures
import NIOCore
import Resilience
import Routing
import Veto
import Wire

/// A stream that broke off, while its caller waits for the rest.
struct Interruption {
    /// The cause for which the last candidate stopped: a ``Failures/Cause``, or
    /// `suspended`.
    var cause: String
    var resumption: Resumption
    /// The reason for the log if no candidate continues the answer.
    var reason: String?
    /// The bytes that are sent to the caller if no candidate continues the
    /// answer.
    var lastWords: ByteBuffer

    mutating func tell(_ problem: APIProblem, _ call: Call) {
        reason = problem.code
        lastWords = call.door.encodeStreamProblem(problem, requestID: call.id)
    }
}

/// The way in which a candidate is asked to continue an answer.
struct Resumed {
    /// The caller's own.
    var request: ChatRequest
    var mode: ContinuationMode
    /// The part of the text that the candidate is given as its own.
    var given: String
    var cause: String
}

/// A stream that broke off goes on with the next candidate: the caller sees
/// one answer, with one id and one end.
struct ContinuationExecutor {
    let loop: AttemptLoop

    private var context: RequestContext { loop.context }
    private var stream: CallerStream { loop.stream }

    /// Handles a candidate that stopped in the middle of its stream.
    func interrupt(
        _ index: Int, _ interrupted: InterruptedStream, _ verdict: Verdict, of attempt: ActiveAttempt
    ) async throws -> AttemptLoop.Progress {
        do {
            try await context.release?.passHeld()
        } catch let ended as PermitEnded {
            guard let release = context.release, let order = attempt.live?.order else { throw ended }
            let mayContinue = release.dropHeld(of: context.mayGoOn(after: order) ? stream : nil)
            context.record.handOvers = stream.handOvers
            return try await cut(index, order, mayContinue: mayContinue)
        }
        let interrupted = inOurWords(interrupted, verdict, of: attempt)
        let broken = Interruption(
            cause: verdict.cause.rawValue, resumption: .impossible(""), reason: interrupted.reason,
            lastWords: interrupted.lastWords)
        if case .answered = try await open(broken) { return .answered }
        // Holdfast's own addition to the request is no reason to give the
        // candidate up.
        if !isOurOwnFault(verdict) {
            loop.plan.failed(
                index, verdict, now: context.continuity.now.tick, movesOnRefusal: context.policy.movesOnRefusal)
        }
        loop.plan.ruleOut(index)
        return .unanswered
    }

    /// Handles a candidate that a suspension has ended in the middle of its
    /// stream. It has not failed: only this request goes on without it.
    /// - Parameter mayContinue: False where something was dropped that a standby
    ///   would have to go on from.
    func cut(_ index: Int, _ order: SuspensionOrder, mayContinue: Bool) async throws -> AttemptLoop.Progress {
        let subject: SuspendedSubject =
            context.isOver(by: order) ? context.record.suspendedSubject : .candidate(context.upstreams[index].id)
        let problem = order.problem(for: subject, now: context.wall)
        var interruption = Interruption(
            cause: AttemptRecord.suspended, resumption: .impossible(""), reason: problem.code,
            lastWords: ByteBuffer())
        interruption.tell(problem, context.call)
        guard mayContinue, context.mayGoOn(after: order) else {
            try await leaveUnfinished(interruption)
            return .answered
        }
        if case .answered = try await open(interruption) { return .answered }
        CandidateScreening(loop: loop).passOver(index, order)
        return .unanswered
    }

    /// Has the plan find a candidate that goes on with a stream.
    private func open(_ interruption: Interruption) async throws -> AttemptLoop.Progress {
        var open = interruption
        guard stream.keepsJournal, let request = try? await readChat(),
            !request.leftovers.contains(where: { !$0.isAdvisory && !$0.isTopLevel })
        else {
            try await leaveUnfinished(open)
            return .answered
        }
        open.resumption = stream.journal.resumption(of: request)
        switch open.resumption {
        case .whole:
            try await finish(with: stream.journal.completion(of: request), request)
            return .answered
        case .impossible(let why):
            context.record.skipped.append("continuation: \(why)")
            if stream.journal.isFull { open.tell(.beyondContinuation, context.call) }
            try await leaveUnfinished(open)
            return .answered
        case .resume:
            // The caller's most tokens have been given: so it ends there.
            if ResumeRequest.make(request, stream.journal, .exactPrefill)?.outOfTokens == true {
                try await finish(with: [.finished(choice: 0, .length, stopSequence: nil), .ended], request)
                return .answered
            }
        case .restart: break
        }
        loop.interruption = open
        loop.modes = [:]
        return .unanswered
    }

    private func readChat() async throws -> ChatRequest {
        context.request.isHeavy
            ? try await context.gateway.reading.run { try context.request.chat() } : try context.request.chat()
    }

    private func finish(with events: [StreamEvent], _ request: ChatRequest) async throws {
        let rest = stream.complete(events, for: request)
        (context.reply as? ReleasePoint)?.live = nil
        context.record.responseBytes += rest.readableBytes
        context.record.outcome = .served
        try await context.reply.end(with: rest)
    }

    /// Gives up because what came can't be used, and no other candidate could
    /// do better.
    func giveUp(_ why: String) {
        loop.interruption?.tell(
            APIProblem(
                .badUpstream, "The answer broke off, and \(why). Send the request again.",
                code: "continuation_unusable"), context.call)
        loop.plan.ruleOutAll()
    }

    /// Ends the stream when no candidate continues it: the caller gets an error
    /// event, and the stream stays visibly unfinished.
    func leaveUnfinished(_ interruption: Interruption) async throws {
        context.record.outcome = .truncated
        context.record.reason = interruption.reason
        // From here on the words are Holdfast's own, or a failed provider's.
        let release = context.reply as? ReleasePoint
        release?.live = nil
        if interruption.cause == AttemptRecord.suspended { release?.sayOwnWords() }
        if interruption.lastWords.readableBytes > 0 {
            context.record.responseBytes += interruption.lastWords.readableBytes
            return try await context.reply.end(with: interruption.lastWords)
        }
        context.reply.finish()
    }

    /// The request that asks a candidate to go on; nil if it can't.
    func prepare(_ index: Int, _ interruption: Interruption) -> PreparedAttempt? {
        let wantsRestart = interruption.resumption == .restart
        return CandidateScreening(loop: loop).carrying(index) { upstream, provider, place throws(APIProblem) in
            let candidate = upstream.candidate
            let request = try context.request.chat()
            let usual: ContinuationMode = candidate.capabilities.contains(.prefill) ? .prefill : .instruction
            let mode = wantsRestart ? .restart : loop.modes[index] ?? usual
            loop.modes[index] = mode
            if let missing = try context.request.needs(beyond: candidate.capabilities).names.first {
                throw APIProblem(
                    .invalidRequest, "\(candidate.id) can't go on: it lacks \(missing).", code: "missing_capability")
            }
            if mode == .restart {
                let foreign = CandidateScreening(loop: loop).foreignItems(to: upstream, provider)
                let original = try context.request.outgoing(to: candidate, at: provider, bringing: foreign)
                return PreparedAttempt(
                    original.answering(
                        .continuation(Resumed(request: request, mode: mode, given: "", cause: interruption.cause))),
                    upstream, provider, place)
            }
            guard let resume = ResumeRequest.make(request, stream.journal, mode) else {
                throw APIProblem(.badUpstream, "What was sent can't be gone on with.", code: "not_resumable")
            }
            let resumed = Resumed(
                request: request, mode: mode, given: resume.given, cause: interruption.cause)
            return PreparedAttempt(
                try context.request.outgoing(
                    resume.request, to: candidate, at: provider, answering: .continuation(resumed)),
                upstream, provider, place)
        }
    }

    /// Returns whether a failure may be the fault of what Holdfast added to the
    /// request in order to continue: another candidate has accepted the
    /// caller's own part of it.
    func isOurOwnFault(_ verdict: Verdict) -> Bool {
        guard loop.interruption?.resumption == .resume else { return false }
        return [.callerFault, .unsupportedField, .nestedReference].contains(verdict.cause)
    }

    /// The candidate that was asked last can't go on in the way it was asked:
    /// the plan may ask it once more, in another.
    func tryAnotherMode(_ index: Int, hasDiverged: Bool) {
        switch loop.modes[index] {
        case .prefill where hasDiverged: loop.modes[index] = .exactPrefill
        case .prefill, .exactPrefill: loop.modes[index] = .instruction
        case .restart, .instruction, nil: loop.plan.ruleOut(index)
        }
    }

    /// Holdfast's own words in place of a provider's about Holdfast's key or
    /// account: those are not for the caller.
    private func inOurWords(
        _ interrupted: InterruptedStream, _ verdict: Verdict, of attempt: ActiveAttempt
    ) -> InterruptedStream {
        guard let problem = APIProblem(between: verdict.cause, and: attempt.provider) else { return interrupted }
        var interrupted = interrupted
        interrupted.reason = problem.code
        interrupted.lastWords = context.call.door.encodeStreamProblem(problem, requestID: context.call.id)
        return interrupted
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
