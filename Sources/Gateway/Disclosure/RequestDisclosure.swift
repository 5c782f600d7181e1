import Access
import Conversation
import Extraction
import Routing

/// The measurement of how much a request may learn of a hosted model, before
/// the model is asked and after.
struct RequestDisclosure {
    let context: RequestContext

    /// - Throws: ``APIProblem`` where the candidate may not tell this caller
    ///   what it asks for, or may tell nothing more today.
    func check(_ upstream: Upstream, _ provider: Provider) throws(APIProblem) {
        guard let model = provider.hosted, !context.call.operation.isCounting else { return }
        try context.gateway.disclosures.checkEgress(of: model)
        guard let measurement = try measurement(upstream) else { return }
        try context.gateway.disclosures.check(measurement, tokens: try mostTokens(upstream), by: subjects, of: model)
    }

    /// Sets aside the amount that the attempt may learn; nil where the answer
    /// holds nothing but words.
    func reserve(for attempt: PreparedAttempt) async throws(APIProblem) -> RecoveryMeter.Reservation? {
        guard let model = attempt.provider.hosted, let measurement = try measurement(attempt.upstream) else {
            return nil
        }
        return try await context.gateway.disclosures.reserve(
            measurement, tokens: try mostTokens(attempt.upstream), by: subjects, of: model)
    }

    func settle(_ reservation: RecoveryMeter.Reservation, _ attempt: ActiveAttempt, _ filter: DisclosureFilter) {
        guard let measurement = try? measurement(attempt.upstream) else { return }
        let learnt: Int
        switch measurement {
        case .logprobs: learnt = measurement.values(tokens: filter.measured)
        case .bias:
            // An engine counts the tokens of one choice only; one that broke
            // off doesn't say.
            let output = context.record.outcome == .served ? context.record.attempts[attempt.number].usage?.output : nil
            let choices = (try? context.request.chat().choices) ?? 1
            let all = output.map { measurement.values(tokens: $0.multipliedClamping(by: choices)) }
            learnt = filter.hasPassed ? all ?? reservation.values : 0
        }
        context.gateway.disclosures.settle(reservation, learnt: learnt, of: filter.model)
    }

    private func measurement(_ upstream: Upstream) throws(APIProblem) -> Measurement? {
        guard context.call.operation.isChat else { return nil }
        let may = context.call.principal.record.disclosures
        let rules = QueryRules(allowsLogprobs: may.logprobs, allowsBias: may.logitBias)
        let request = try context.request.chat()
        do throws(CannotCarry) {
            return try rules.measurement(of: request)
        } catch {
            throw APIProblem(error, upstream.candidate)
        }
    }

    private func mostTokens(_ upstream: Upstream) throws(APIProblem) -> Int {
        let request = try context.request.chat()
        let context = upstream.candidate.context ?? 1 << 17
        return min(max(0, request.maxTokens ?? context), context).multipliedClamping(by: request.choices ?? 1)
    }

    private var subjects: [Subject] {
        let principal = context.call.principal
        return [.key(principal.id), .tenant(principal.record.tenant ?? "")]
    }
}

extension Call.Operation {
    /// A prompt's size, which tells nothing of the model.
    fileprivate var isCounting: Bool {
        if case .countTokens = self { true } else { false }
    }
}

extension Int {
    fileprivate func multipliedClamping(by other: Int) -> Int {
        let (product, overflows) = multipliedReportingOverflow(by: Swift.max(1, other))
        return overflows ? .max : product
    }
}
