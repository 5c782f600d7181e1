import Access
import Conversation
import Failures
import NIOCore
import Resilience
import Routing
import Wire

/// The meaning of a failed attempt for its candidate, and the memory of it: in the drill's own memory, or in the real one.
struct FailureReporter {
    let context: RequestContext

    private var continuity: Continuity { context.continuity }

    /// Judges a failure and takes note of it.
    /// - Returns: the answer to what becomes of this request.
    @discardableResult
    func report(_ symptom: Symptom, _ word: String, of attempt: ActiveAttempt) async -> Verdict {
        let judgement = await judge(symptom, of: attempt)
        let verdict = judgement.verdict
        context.record.attempts[attempt.number].failure = word
        // What a provider says to a caller's own account is no failure of the
        // provider's.
        let isCallers = (400..<500).contains(symptom.status) && context.ownCredential(for: attempt.upstream) != nil
        context.record.attempts[attempt.number].cause = (isCallers ? Cause.callerFault : verdict.cause).rawValue
        context.record.attempts[attempt.number].rule = verdict.rule
        // A restart right after must know what lasts, whatever comes next.
        await continuity.untilDurable(report(judgement, symptom, of: attempt))
        return verdict
    }

    /// Off the event loop where the request is large: its bytes are compared
    /// with the provider's words.
    private func judge(_ symptom: Symptom, of attempt: ActiveAttempt) async -> Judgement {
        let request = requestText(attempt)
        let now = continuity.now.unix
        let classifier = continuity.classifier
        guard context.request.call.body.readableBytes > Self.mostComparedOnLoop else {
            return classifier.judge(symptom, of: request, now: now)
        }
        return await Task(executorPreference: globalConcurrentExecutor) {
            classifier.judge(symptom, of: request, now: now)
        }.value
    }

    /// In bytes.
    private static var mostComparedOnLoop: Int { 1 << 20 }

    private func requestText(_ attempt: ActiveAttempt) -> RequestText {
        var pieces = [context.request.call.body]
        for field in context.request.call.fields.fields { pieces.append(ByteBuffer(string: field.value)) }
        if !context.request.call.query.isEmpty { pieces.append(ByteBuffer(string: context.request.call.query)) }
        return RequestText(
            pieces: pieces, names: [attempt.upstream.candidate.model, context.request.requestedModel])
    }

    /// - Returns: A ticket that the request has to wait for before it goes on;
    ///   nil where there is nothing to wait for.
    private func report(_ judgement: Judgement, _ symptom: Symptom, of attempt: ActiveAttempt) -> KeeperTicket? {
        if let own = context.ownCredential(for: attempt.upstream) {
            continuity.callers.note(
                judgement.verdict, to: own.digest, at: attempt.upstream.id, now: continuity.now.tick)
            return nil
        }
        let report = failureReport(judgement, symptom, of: attempt)
        guard let rehearsal = context.rehearsal, rehearsal.covers(attempt.upstream) else {
            return context.gateway.note(report, of: attempt.token, at: attempt.place, on: context.request.call.executor)
        }
        if attempt.drillLane?.didInject == true {
            rehearsal.detected()
            if context.record.drill?.pulled == nil { context.record.drill?.pulled = .now() }
            if attempt.stream.hasContributed { context.record.drill?.brokeStream = true }
        }
        // What the provider did itself is real, drill or not.
        var ticket: KeeperTicket?
        if attempt.drillLane?.didInject == false, !attempt.provider.usesCallersCredential {
            let token = continuity.book.enter(
                attempt.place, for: context.request.call.principal.id, now: continuity.now)
            ticket = context.gateway.note(report, of: token, at: attempt.place, on: context.request.call.executor)
        }
        guard let token = attempt.token else { return ticket }
        let book = rehearsal.book
        let news = book.failed(token, report, now: continuity.now)
        context.gateway.startProbes(news.probes, in: .drill(rehearsal, book), on: context.request.call.executor)
        return ticket
    }

    private func failureReport(_ judgement: Judgement, _ symptom: Symptom, of attempt: ActiveAttempt) -> FailureReport {
        let provider = attempt.provider
        let probe: ProbeKind =
            if case .embeddings = context.request.call.operation { .embeddings } else if context.request.isStream {
                .stream
            } else {
                .whole
            }
        var report = FailureReport(judgement, status: symptom.status == 0 ? nil : symptom.status, probe: probe)
        report.everAnswered = continuity.hasAnswered(attempt.place)
        report.isKnownModel = context.record.route != nil || context.state.routes.names(attempt.upstream.id)
        report.mayProbe = provider.mayBeProbed
        report.mark = RequestMark(
            key: context.request.call.principal.id,
            digest: provider.mayBeProbed ? 0 : context.request.call.body.hashValue)
        return report
    }

    func noteSuccess(_ attempt: ActiveAttempt) {
        if let own = context.ownCredential(for: attempt.upstream) {
            return continuity.callers.noteAnswer(to: own.digest, at: attempt.upstream.id)
        }
        guard let rehearsal = context.rehearsal, rehearsal.covers(attempt.upstream) else {
            return continuity.succeeded(attempt.token, at: attempt.place)
        }
        rehearsal.answered()
        if !attempt.provider.usesCallersCredential { continuity.noteAnswer(at: attempt.place) }
        if let token = attempt.token { _ = rehearsal.book.succeeded(token, now: continuity.now) }
    }

    func abandon(_ attempt: ActiveAttempt) {
        guard let token = attempt.token, token.isTrial else { return }
        context.memory(of: attempt.upstream).abandoned(token, now: continuity.now)
    }
}
