import Conversation
import NIOCore
import Routing
import Supervision
import Wire

/// The way of an answer's bytes under supervision.
extension ReleasePoint {
    /// The time at which something has to be done, though no bytes come; nil
    /// where nothing has.
    var due: NIODeadline? { held?.due }

    func pass(_ bytes: ByteBuffer, _ held: HeldAnswer) async throws {
        guard !isClosed else { throw AnswerEnded() }
        held.take(bytes)
        try await drain(held)
    }

    func end(with bytes: ByteBuffer, _ held: HeldAnswer) async throws {
        guard !isClosed else { throw AnswerEnded() }
        held.take(bytes)
        held.finish()
        try await drainLast(held)
    }

    /// Does what is due while the provider says nothing.
    /// - Throws: ``AnswerEnded``; `CancellationError`.
    func passTime() async throws {
        if let held, !isClosed { try await drain(held) }
    }

    /// Has judged and sent what is held of a stream that broke off: it will be
    /// a while before anything follows.
    /// - Throws: ``AnswerEnded``; `CancellationError`.
    func passHeld() async throws {
        guard let held, !isClosed else { return }
        held.hurry()
        try await drain(held)
    }

    private func drain(_ held: HeldAnswer) async throws {
        while true {
            switch held.next() {
            case .send(let bytes): try await put(bytes)
            case .judge(let pieces, let isEnd): try await judge(pieces, isEnd: isEnd, held)
            case .close(let ending): try await close(ending, behind: ByteBuffer(), held)
            case .wait: return
            }
        }
    }

    /// The same for what goes out with the end, and only once all is known of
    /// it.
    private func drainLast(_ held: HeldAnswer) async throws {
        var last = ByteBuffer()
        while true {
            switch held.next() {
            case .send(let bytes): last.hold(bytes)
            case .judge(let pieces, let isEnd): try await judge(pieces, isEnd: isEnd, held)
            case .close(let ending): try await close(ending, behind: last, held)
            case .wait:
                try await beginHeld()
                // The last verdict may have taken a while.
                try live?.check()
                end = .last(last)
                return
            }
        }
    }

    private func judge(_ pieces: [AnswerPiece], isEnd: Bool, _ held: HeldAnswer) async throws {
        await held.judge(pieces, isEnd: isEnd)
        // A verdict for a caller that has gone is nobody's.
        try Task.checkCancellation()
    }

    /// - Throws: ``AnswerEnded``, always; ``APIProblem`` where not even a
    ///   refusal may begin.
    private func close(_ ending: HeldAnswer.Ending, behind last: ByteBuffer, _ held: HeldAnswer) async throws {
        switch ending {
        case .refusal(let closing):
            head = head.map { HeldAnswer.refusing($0, contentType: held.call.door.framing.contentType) }
            try await beginHeld()
            var bytes = last
            bytes.hold(closing)
            end = .last(bytes)
            held.record.noteBlocked()
        case .problem(let problem):
            head = nil
            held.record.reason = problem.code
            if reply.hasBegun {
                end = .last(held.call.door.encodeStreamProblem(problem, requestID: held.call.id))
                held.record.outcome = .truncated
            } else {
                end = .refusal(problem)
                held.record.noteFailed(problem)
            }
        }
        isClosed = true
        throw AnswerEnded()
    }

    // MARK: Once no more comes

    /// Has judged what was never a stream, and what is left of one, before the
    /// request is accounted for.
    /// - Parameter refusal: Makes the refusal that is sent to the caller.
    func settle(_ record: RequestRecord, refusal: (APIProblem) -> (ResponseHead, ByteBuffer)) async {
        guard let held, !isSettled else { return }
        isSettled = true
        if isUnjudged {
            isUnjudged = false
            held.finish()
            do {
                try await drainLast(held)
            } catch is AnswerEnded {
            } catch is PermitEnded {
                let problem = live?.problem ?? PermitEnded().problem
                live = nil
                if reply.hasBegun {
                    end = .last(held.call.door.encodeStreamProblem(problem, requestID: held.call.id))
                    record.outcome = .truncated
                    record.reason = problem.code
                } else {
                    end = .refusal(problem)
                    record.noteFailed(problem)
                }
            } catch let problem as APIProblem {
                end = .refusal(problem)
                record.noteFailed(problem)
            } catch {
                note(leaving: record)
            }
        }
        if case .whole(let head, let body) = end, !isClosed, !held.isShadow, !record.attempts.isEmpty {
            await judge(head, body, held, record)
        }
        if case .refusal(let problem) = end {
            let (head, body) = refusal(problem)
            record.status = head.status
            end = .whole(head, body: body)
        }
        if let end { held.noteSize(end.bytes.readableBytes) }
    }

    private func judge(_ head: ResponseHead, _ body: ByteBuffer, _ held: HeldAnswer, _ record: RequestRecord) async {
        let verdict = await held.judge(whole: body, head)
        if Task.isCancelled, !isCutOff { return note(leaving: record) }
        switch verdict {
        case .pass: break
        case .replace(let head, let body):
            record.noteBlocked()
            end = .whole(head, body: body)
        case .problem(let problem):
            end = .refusal(problem)
            record.noteFailed(problem)
        }
    }

    private func note(leaving record: RequestRecord) {
        (head, end) = (nil, nil)
        record.outcome = .callerGone
        record.reason = "the caller closed the connection"
    }
}

extension RequestRecord {
    /// The supervisor has ended the answer, as the policy wants.
    fileprivate func noteBlocked() {
        outcome = .blocked
        reason = APIProblem.blockedByPolicy
    }

    fileprivate func noteFailed(_ problem: APIProblem) {
        outcome = problem.kind == .limited ? .limited : .failed
        reason = problem.code
    }
}

/// The supervision of answers, once a request has been reviewed.
extension Gateway {
    /// Has every part of the answer wait for its verdict.
    /// - Returns: The release point at which it waits; nil where the answer
    ///   isn't judged.
    /// - Throws: ``APIProblem`` where it would have to be, and can't.
    func superviseAnswer(
        _ reviewed: ReviewedCall, _ choice: RouteChoice, _ opening: Opening, _ record: RequestRecord
    ) throws(APIProblem) -> ReleasePoint? {
        let policy = choice.served.supervision
        guard policy.level != .off, let exhibit = reviewed.exhibit else { return nil }
        guard let supervisor = stages.supervisor, let release = opening.release else {
            if policy.level == .shadow { return nil }
            throw .unsupervisedAnswer
        }
        let call = reviewed.request.call
        let source = HeldAnswer.Source(
            makeJudge: { supervisor.makeAnswerJudge(for: exhibit) }, memory: { supervisor.memory(of: exhibit.tenant) })
        release.hold { HeldAnswer(source, call, policy, record) }
        return release
    }
}
