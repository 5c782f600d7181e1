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
        defer { if !loop.stream.handOvers.isEmpty { record.handOvers = loop.stream.handOvers } }
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
        context.record.noteSuspension(order.id, isOfLead: context.served.lead?.id == attempt.upstream.id)
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
        // The journal has text that is held here: no candidate can go on behind
        // words that the caller will never get.
        return .cut(order, mayContinue: !release.dropHeld())
    }

    /// - Throws: ``FailedAttempt`` and ``LaneFailure`` while this candidate
    ///   has told the caller nothing, ``InterruptedStream`` when it has,
    ///   ``Mismatch`` where it doesn't go on from what was sent. Anything where
    ///   a suspension has ended it (``LiveExchange/order``).
    private func exchange(_ attempt: ActiveAttempt) async throws {
        guard case .request(let request) = attempt.prepared.outgoing.kind else { return try await countTokens(attempt) }
        let relay = Relay(loop, attempt)
        if let filter = relay.filter {
            let disclosure = RequestDisclosure(context: context)
            if let reservation = try await disclosure.reserve(for: attempt.prepared) {
                relay.settling = { disclosure.settle(reservation, attempt, filter) }
            }
            // The reservation may have taken a while: a suspension counts that
            // came meanwhile.
            try attempt.live?.check()
        }
        defer { relay.settleDisclosure() }
        if let lane = drillLane(attempt) {
            return try await lane.exchange(limited(request, attempt), on: context.call.executor) {
                try await relay.run($0)
            }
        }
        try await attempt.provider.lane.exchange(limited(request, attempt), on: context.call.executor) {
            try await relay.run($0)
        }
    }

    private func limited(_ request: LaneRequest, _ attempt: ActiveAttempt) -> LaneRequest {
        let policy = context.policy
        var limits = AttemptLimits()
        limits.firstByte = policy.firstByte
        if context.request.isStream { limits.firstToken = policy.firstToken ?? attempt.provider.firstToken }
        limits.stall = policy.stall
        limits.deadline = context.call.arrived + TimeAmount(policy.deadline)
        var request = request
        request.limits = limits
        request.ending = attempt.ending
        return request
    }

    /// The lane that stands before the provider while a drill runs.
    private func drillLane(_ attempt: ActiveAttempt) -> DrillLane? {
        guard let rehearsal = context.rehearsal, rehearsal.covers(attempt.upstream) else { return nil }
        let lane = DrillLane(rehearsal, before: attempt.provider, streams: context.request.isStream)
        attempt.drillLane = lane
        return lane
    }

    // MARK: The first word

    /// Takes note that the attempt has something to say.
    /// - Throws: `CancellationError` where another attempt says it.
    func claim(_ attempt: ActiveAttempt) throws {
        attempt.endSilence()
        if let race = attempt.race, !race.claim(attempt) { throw CancellationError() }
        if let live = attempt.live {
            live.beHeard()
            (context.reply as? ReleasePoint)?.live = live
        }
        HedgedExecutor(loop: loop).noteLatency(attempt)
        let record = context.record
        if record.drill?.pulled != nil, record.drill?.resumed == nil { record.drill?.resumed = .now() }
        introduce(attempt)
    }

    /// Takes note of the candidate that answers, for the head of the answer.
    private func introduce(_ attempt: ActiveAttempt) {
        loop.stream = attempt.stream
        guard loop.interruption == nil else { return }
        let record = context.record
        record.dropped = attempt.prepared.outgoing.dropped.map { Printable.excerpt($0) }
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
    /// - Parameter mayContinue: False where something that was written down as
    ///   said didn't go out.
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
