import Conversation
import Encodings
import NIOCore
import Resilience
import Routing
import Wire

/// Asks one candidate, and brings its answer back.
struct AttemptExecutor {
    let loop: AttemptLoop

    private var context: RequestContext { loop.context }

    /// Sends the request, and relays the answer. A request that met a stale
    /// connection is sent once more.
    /// - Parameter race: The race that the attempt runs in beside another; nil
    ///   for the first.
    func run(_ attempt: ActiveAttempt, beside race: Race? = nil) async -> AttemptOutcome {
        let record = context.record
        defer { attempt.live?.leave() }
        defer { record.handOvers = loop.stream.handOvers }
        while true {
            // Not on record as an attempt where it isn't asked.
            if let order = suspension(of: attempt) { return .suspended(order) }
            attempt.number = record.attempts.count
            record.attempts.append(.init(attempt.upstream, beside: race?.kind))
            context.reply.admit(attempt.upstream.id)
            do {
                try await exchange(attempt)
                return .served
            } catch {
                if let outcome = outcome(of: error, attempt) { return outcome }
            }
        }
    }

    /// The check right before the candidate is asked.
    private func suspension(of attempt: ActiveAttempt) -> SuspensionOrder? {
        guard let live = attempt.live else { return nil }
        do {
            try live.begin()
            return nil
        } catch {
            return live.order
        }
    }

    /// - Returns: nil where the same is to be sent once more.
    private func outcome(of error: any Error, _ attempt: ActiveAttempt) -> AttemptOutcome? {
        // Whatever it ends with now is the suspension's doing. A caller that
        // has gone, or a race that is lost, comes first.
        if let order = attempt.live?.order, !(error is AnswerEnded), !Task.isCancelled { return cut(attempt, order) }
        switch error {
        case let failure as LaneFailure:
            context.record.attempts[attempt.number].failure = failure.word
            // Holdfast's own shortage: nothing is learnt of the candidate, and
            // others can't be reached either.
            if case .ownShortage(let what) = failure { return .other(APIProblem.ownShortage(what)) }
            // The provider hung up on an idle connection just as we used it:
            // as a rule it has not seen the request, and a fresh connection
            // serves. It may have read the whole, too, so this is an attempt
            // of its own, and the log has both.
            // A suspension that came meanwhile counts for it, too.
            guard !loop.hasRepeatedStale, failure == .closedBeforeHead(reused: true), !attempt.stream.hasContributed,
                context.gateway.suspension(of: attempt.upstream, id: context.record.id) == nil
            else {
                return .failed(FailedAttempt(failure, dialect: attempt.provider.errorDialect))
            }
            loop.hasRepeatedStale = true
            return nil
        case let failed as FailedAttempt: return .failed(failed)
        case let interrupted as InterruptedStream: return .interrupted(interrupted)
        case let mismatch as Mismatch: return .mismatch(mismatch)
        // The candidate has done its part.
        case is AnswerEnded: return .served
        default: return .other(error)
        }
    }

    /// The outcome of an attempt that a suspension has ended: no failure of
    /// the candidate's, of which nothing learns.
    private func cut(_ attempt: ActiveAttempt, _ order: SuspensionOrder) -> AttemptOutcome {
        context.record.attempts[attempt.number].failure = AttemptRecord.suspended
        context.record.note(order, isOfLead: context.served.lead?.id == attempt.upstream.id)
        let release = context.reply as? ReleasePoint
        if release?.live === attempt.live { release?.live = nil }
        guard attempt.stream.hasContributed else { return .suspended(order) }
        guard let release else { return .cut(order, mayContinue: true) }
        if release.takeBack() {
            // The caller hasn't heard of what was said.
            context.record.begun = nil
            context.record.status = 0
            attempt.stream.hasContributed = false
            return .suspended(order)
        }
        return .cut(order, mayContinue: release.dropHeld(of: context.mayGoOn(after: order) ? attempt.stream : nil))
    }

    /// - Throws: ``FailedAttempt`` and ``LaneFailure`` while this candidate
    ///   has told the caller nothing, ``InterruptedStream`` when it has,
    ///   ``Mismatch`` where it doesn't go on from what was sent. Anything where
    ///   a suspension has ended it (``LiveExchange/order``).
    private func exchange(_ attempt: ActiveAttempt) async throws {
        guard case .request = attempt.prepared.outgoing.kind else { return try await countTokens(attempt) }
        let relay = Relay(loop, attempt)
        if let filter = relay.filter { try await reserve(relay, filter, attempt) }
        defer { relay.settleDisclosure() }
        let lane: any ProviderLane = drillLane(attempt) ?? attempt.provider.lane
        try await lane.exchange(request(of: attempt), on: context.call.executor) { try await relay.run($0) }
    }

    /// Sets aside what a hosted model may tell with this answer.
    private func reserve(_ relay: Relay, _ filter: DisclosureFilter, _ attempt: ActiveAttempt) async throws {
        let disclosure = RequestDisclosure(context: context)
        if let reservation = try await disclosure.reserve(for: attempt.prepared) {
            relay.settling = { disclosure.settle(reservation, attempt, filter) }
        }
        // The reservation may have taken a while: a suspension counts that
        // came meanwhile.
        try attempt.live?.check()
    }

    /// The attempt's request with its limits and its end.
    private func request(of attempt: ActiveAttempt) -> LaneRequest {
        guard case .request(var request) = attempt.prepared.outgoing.kind else {
            preconditionFailure("asked for a request that there is none of")
        }
        let policy = context.policy
        var limits = AttemptLimits()
        limits.firstByte = policy.firstByte
        if context.request.isStream { limits.firstToken = policy.firstToken ?? attempt.provider.firstToken }
        limits.stall = policy.stall
        limits.deadline = context.call.arrived + TimeAmount(policy.deadline)
        request.limits = limits
        request.ending = attempt.ending
        // The one place at which a caller's own credential goes out.
        if attempt.provider.usesCallersCredential, let own = context.call.credential {
            let dialect = attempt.provider.dialect(for: context.call.door)
            let isOwn = attempt.provider.takesBytes(of: context.call.door)
            request.fields.fields += own.fields(inFormOf: isOwn ? nil : { dialect.credential($0) }).fields
        }
        return request
    }

    /// The lane that stands before the provider while a drill runs.
    private func drillLane(_ attempt: ActiveAttempt) -> DrillLane? {
        guard let rehearsal = context.rehearsal, rehearsal.covers(attempt.upstream) else { return nil }
        let lane = DrillLane(
            rehearsal, before: attempt.provider, speaking: attempt.provider.dialect(for: context.call.door),
            streams: context.request.isStream)
        attempt.drillLane = lane
        return lane
    }

    // MARK: The first word

    /// Takes note that the attempt has something to say.
    /// - Throws: `CancellationError` where another attempt says it.
    func claim(_ attempt: ActiveAttempt) throws {
        attempt.endSilence()
        if let race = attempt.race, !race.claim(attempt) { throw CancellationError() }
        let release = context.reply as? ReleasePoint
        release?.follow(attempt.stream.sent)
        if let live = attempt.live {
            live.beHeard()
            release?.live = live
        }
        HedgedExecutor(loop: loop).noteLatency(attempt)
        let record = context.record
        if record.drill?.pulled != nil, record.drill?.resumed == nil { record.drill?.resumed = .now() }
        introduce(attempt)
    }

    /// Takes note of the candidate that answers, for the head of the answer.
    private func introduce(_ attempt: ActiveAttempt) {
        loop.stream = attempt.stream
        let record = context.record
        let dropped = attempt.prepared.outgoing.dropped.map { Printable.excerpt($0) }
        guard loop.interruption == nil else {
            // The head has gone out: the log says it.
            return record.dropped += dropped.filter { !record.dropped.contains($0) }
        }
        record.dropped = dropped
        let lead = context.served.lead?.id
        let isStandIn = lead != nil && lead != attempt.upstream.id
        record.isStandIn = isStandIn
        record.standsInFor = isStandIn && context.policy.substitution.isDisclosed ? lead : nil
    }

    // MARK: Counting tokens

    private func countTokens(_ attempt: ActiveAttempt) async throws {
        guard case .count(let counting, let request, let counter) = attempt.prepared.outgoing.kind else { return }
        do {
            introduce(attempt)
            let count = try await counter.count(
                request, model: attempt.upstream.candidate.model, on: context.call.executor)
            try attempt.live?.check()
            answerCount(count, isEstimate: false, counting, attempt.upstream)
        } catch let error as ProviderError {
            throw APIProblem(
                .badUpstream,
                "\(attempt.upstream.id) could not count the tokens: \(context.state.secrets.masking(error).message)",
                code: "token_count_failed")
        } catch let refusal as CannotCarry {
            throw APIProblem(refusal, attempt.upstream.candidate)
        }
    }

    /// Answers with Holdfast's own estimate. No candidate is asked, so nothing
    /// is learnt of its health.
    func answerEstimate(_ attempt: ActiveAttempt, _ counting: any TokenCountCaller, _ estimate: Int) {
        introduce(attempt)
        answerCount(estimate, isEstimate: true, counting, attempt.upstream)
    }

    private func answerCount(
        _ count: Int, isEstimate: Bool, _ counting: any TokenCountCaller, _ upstream: Upstream
    ) {
        let record = context.record
        let body = counting.encodeTokenCount(count)
        var head = ResponseHead(status: 200)
        head.addHoldfastFields(context.call, record, servedBy: upstream.id)
        if isEstimate { head.fields.append("x-holdfast-token-count", "estimate") }
        context.reply.send(head, body: body)
        record.status = 200
        record.outcome = .served
        record.responseBytes = body.readableBytes
    }
}

/// The end of one attempt.
indirect enum AttemptOutcome: Sendable {
    case served
    case failed(FailedAttempt)
    case interrupted(InterruptedStream)
    case mismatch(Mismatch)
    /// A suspension ended it before the caller heard of it.
    case suspended(SuspensionOrder)
    /// A suspension ended a stream that its caller reads.
    /// - Parameter mayContinue: False where something was dropped that a standby
    ///   would have to go on from.
    case cut(SuspensionOrder, mayContinue: Bool)
    case other(any Error)

    var isServed: Bool {
        if case .served = self { true } else { false }
    }

    /// True when the attempt has told the caller anything, or was about to.
    var wasHeard: Bool {
        switch self {
        case .served, .interrupted, .mismatch, .cut: true
        case .failed, .suspended, .other: false
        }
    }
}
