import Access
import Conversation
import Failures
import NIOCore
import Resilience
import Routing
import Wire

/// The meaning of a failed attempt for its candidate, and the memory of it: in the drill's own memory, or in the real one.
extension Attempts {
    /// Judges a failure and takes note of it.
    /// - Returns: the answer to what becomes of this request.
    @discardableResult
    func learn(_ symptom: Symptom, _ word: String, of runner: Runner) async -> Verdict {
        let judgement = await judge(symptom, of: runner)
        let verdict = judgement.verdict
        record.attempts[runner.number].failure = word
        record.attempts[runner.number].cause = verdict.cause.rawValue
        record.attempts[runner.number].rule = verdict.rule
        // A restart right after must know what lasts, whatever comes next.
        await continuity.untilDurable(report(judgement, symptom, of: runner))
        return verdict
    }

    /// Off the event loop where the request is large: its bytes are compared
    /// with the provider's words.
    private func judge(_ symptom: Symptom, of runner: Runner) async -> Judgement {
        let request = requestText(runner)
        let now = continuity.now.unix
        let classifier = continuity.classifier
        guard admitted.call.body.readableBytes > Self.mostComparedOnLoop else {
            return classifier.judge(symptom, of: request, now: now)
        }
        return await Task(executorPreference: globalConcurrentExecutor) {
            classifier.judge(symptom, of: request, now: now)
        }.value
    }

    /// In bytes.
    private static var mostComparedOnLoop: Int { 1 << 20 }

    private func requestText(_ runner: Runner) -> RequestText {
        var pieces = [admitted.call.body]
        for field in admitted.call.fields.fields { pieces.append(ByteBuffer(string: field.value)) }
        if !admitted.call.query.isEmpty { pieces.append(ByteBuffer(string: admitted.call.query)) }
        return RequestText(
            pieces: pieces, names: [runner.attempt.upstream.candidate.model, admitted.requestedModel])
    }

    /// - Returns: A ticket that the request has to wait for before it goes on;
    ///   nil where there is nothing to wait for.
    private func report(_ judgement: Judgement, _ symptom: Symptom, of runner: Runner) -> KeeperTicket? {
        let report = failureReport(judgement, symptom, of: runner)
        guard let rehearsal, rehearsal.covers(runner.attempt.upstream) else {
            return gateway.note(report, of: runner.permit, at: runner.place, on: admitted.call.executor)
        }
        if runner.injection?.didInject == true {
            rehearsal.detected()
            if record.drill?.pulled == nil { record.drill?.pulled = .now() }
            if runner.stream.hasContributed { record.drill?.brokeStream = true }
        }
        // What the provider did itself is real, drill or not.
        var ticket: KeeperTicket?
        if runner.injection?.didInject == false {
            let permit = continuity.book.enter(runner.place, for: admitted.call.principal.id, now: continuity.now)
            ticket = gateway.note(report, of: permit, at: runner.place, on: admitted.call.executor)
        }
        guard let permit = runner.permit else { return ticket }
        let book = rehearsal.book
        let news = book.failed(permit, report, now: continuity.now)
        gateway.startProbes(news.probes, in: .drill(rehearsal, book), on: admitted.call.executor)
        return ticket
    }

    private func failureReport(_ judgement: Judgement, _ symptom: Symptom, of runner: Runner) -> FailureReport {
        let provider = runner.attempt.provider
        let probe: ProbeKind =
            if case .embeddings = admitted.call.operation { .embeddings } else if admitted.isStream { .stream } else {
                .whole
            }
        var report = FailureReport(judgement, status: symptom.status == 0 ? nil : symptom.status, probe: probe)
        report.everAnswered = continuity.hasAnswered(runner.place)
        report.isKnownModel = record.route != nil || state.routes.names(runner.attempt.upstream.id)
        report.mayProbe = provider.mayBeProbed
        report.mark = RequestMark(
            key: admitted.call.principal.id,
            digest: provider.mayBeProbed ? 0 : admitted.call.body.hashValue)
        return report
    }

    func memory(of upstream: Upstream) -> HealthBook {
        if let rehearsal, rehearsal.covers(upstream) { rehearsal.book } else { continuity.book }
    }

    func noteSuccess(_ runner: Runner) {
        guard let rehearsal, rehearsal.covers(runner.attempt.upstream) else {
            return continuity.succeeded(runner.permit, at: runner.place)
        }
        rehearsal.answered()
        continuity.noteAnswer(at: runner.place)
        if let permit = runner.permit { _ = rehearsal.book.succeeded(permit, now: continuity.now) }
    }

    func abandon(_ runner: Runner) {
        guard let permit = runner.permit, permit.isTrial else { return }
        memory(of: runner.attempt.upstream).abandoned(permit, now: continuity.now)
    }
}
