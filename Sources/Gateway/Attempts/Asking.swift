import Conversation
import Encodings
import NIOCore
import Routing
import Wire

/// The part that asks one candidate and brings its answer back.
extension Attempts {
    /// - Throws: ``FailedAttempt`` and ``LaneFailure`` while this candidate
    ///   has told the caller nothing, ``InterruptedStream`` when it has,
    ///   ``Mismatch`` where it doesn't go on from what was sent.
    func exchange(_ runner: Runner) async throws {
        guard case .request(let request) = runner.attempt.outgoing.kind else { return try await countTokens(runner) }
        let relay = relay(runner)
        if let sieve = relay.sieve, let reservation = try await setAside(runner.attempt) {
            relay.settling = { self.settle(reservation, runner, sieve) }
        }
        defer { relay.settle() }
        if let lane = injection(runner) {
            return try await lane.exchange(limited(request, runner), on: admitted.call.executor) {
                try await relay.run($0)
            }
        }
        try await runner.attempt.provider.lane.exchange(limited(request, runner), on: admitted.call.executor) {
            try await relay.run($0)
        }
    }

    private func limited(_ request: LaneRequest, _ runner: Runner) -> LaneRequest {
        var request = request
        request.limits = limits(for: runner.attempt)
        request.ending = runner.ending
        return request
    }

    /// Returns the lane that a drill puts in front of the provider's; nil where
    /// no drill pulls this candidate.
    private func injection(_ runner: Runner) -> DrillLane? {
        guard let rehearsal, rehearsal.covers(runner.attempt.upstream) else { return nil }
        let lane = DrillLane(rehearsal, before: runner.attempt.provider, streams: admitted.isStream)
        runner.injection = lane
        return lane
    }

    private func countTokens(_ runner: Runner) async throws {
        let attempt = runner.attempt
        guard case .count(let counting, let request, let counter) = attempt.outgoing.kind else { return }
        do {
            introduce(runner)
            let count = try await counter.count(
                request, model: attempt.upstream.candidate.model, on: admitted.call.executor)
            answerCount(count, isEstimate: false, counting, attempt.upstream)
        } catch let error as ProviderError {
            throw Problem(
                .badUpstream,
                "\(attempt.upstream.id) could not count the tokens: \(state.secrets.masking(error).message)",
                code: "token_count_failed")
        } catch let refusal as CannotCarry {
            throw Problem(refusal, attempt.upstream.candidate)
        }
    }

    /// Answers with an estimate. No provider is asked, so nothing is learnt
    /// about a provider's health.
    func answerEstimate(_ runner: Runner, _ counting: any TokenCountCaller, _ estimate: Int) {
        introduce(runner)
        answerCount(estimate, isEstimate: true, counting, runner.attempt.upstream)
    }

    func relay(_ runner: Runner) -> Relay {
        Relay(
            admitted: admitted, runner: runner, reply: reply, record: record, limits: gateway.limits,
            instruments: state.instruments, continuity: continuity, disclosures: gateway.disclosures,
            secrets: state.secrets, reading: gateway.reading, movesOnRefusal: policy.movesOnRefusal,
            claim: { try self.claim(runner) })
    }

    /// The attempt has something to say.
    private func claim(_ runner: Runner) throws {
        runner.endSilence()
        if let race = runner.race, !race.claim(runner) { throw CancellationError() }
        noteLatency(runner)
        if record.drill?.pulled != nil, record.drill?.resumed == nil { record.drill?.resumed = .now() }
        introduce(runner)
    }

    /// Records which candidate answers, for the header of the answer.
    private func introduce(_ runner: Runner) {
        stream = runner.stream
        guard interruption == nil else { return }
        record.dropped = runner.attempt.outgoing.dropped.map { Printable.excerpt($0) }
        let lead = served.lead?.id
        let isStandIn = lead != nil && lead != runner.attempt.upstream.id
        record.isStandIn = isStandIn
        record.standsInFor = isStandIn && policy.substitution.isDisclosed ? lead : nil
    }

    private func limits(for attempt: Attempt) -> AttemptLimits {
        var limits = AttemptLimits()
        limits.firstByte = policy.firstByte
        if admitted.isStream { limits.firstToken = policy.firstToken ?? attempt.provider.firstToken }
        limits.stall = policy.stall
        limits.deadline = admitted.call.arrived + TimeAmount(policy.deadline)
        return limits
    }

    private func answerCount(
        _ count: Int, isEstimate: Bool, _ counting: any TokenCountCaller, _ upstream: Upstream
    ) {
        let body = counting.encodeTokenCount(count)
        var head = ResponseHead(status: 200)
        head.addHoldfastFields(admitted.call, record, servedBy: upstream.id)
        if isEstimate { head.fields.append("x-holdfast-token-count", "estimate") }
        reply.send(head, body: body)
        record.status = 200
        record.outcome = .served
        record.responseBytes = body.readableBytes
    }
}
