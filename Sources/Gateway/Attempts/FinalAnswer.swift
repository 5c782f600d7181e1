import Conversation
import Failures
import Resilience
import Routing

/// The answer that the caller gets when no candidate is left to ask.
struct FinalAnswer {
    let loop: AttemptLoop

    private var context: RequestContext { loop.context }
    private var upstreams: [Upstream] { loop.context.upstreams }
    private var failures: [JudgedFailure] { loop.failures }
    private var passedOver: PassedOver { loop.passedOver }
    private var continuity: Continuity { loop.context.continuity }

    func give() throws {
        if let refusal = loop.refusalOfCaller { return try tell(refusal) }
        if let problem = everyoneIsGone() ?? everyoneIsBusy() { throw problem }
        guard let last = failures.last else {
            let held = heldProblem()
            if passedOver.refusals.isEmpty, let held { throw held }
            throw passedOver.problem(beside: held.map { [$0.message] } ?? [])
                ?? APIProblem(.unavailable, "No candidate of this route is in service.")
        }
        if let problem = goneAndRefused() { throw problem }
        // A verdict on the request itself is the answer, whoever else was
        // asked before or after.
        let told = failures.first { $0.verdict.scope == .request } ?? last
        let attempt = told.attempt
        if told.verdict.cause == .nestedReference, let field = told.verdict.field {
            throw APIProblem(
                .invalidRequest,
                "\(attempt.upstream.id) says that a model named inside the request is gone (\(field)): "
                    + "\(told.verdict.words) Name another one there, or have the route's `nested` map it.",
                field: field, code: "nested_model_not_available")
        }
        if let problem = APIProblem(between: told.verdict.cause, and: attempt.provider) { throw problem }
        try tell(told)
    }

    /// Tells a failure in the provider's own words, where it has any.
    private func tell(_ told: JudgedFailure) throws {
        let attempt = told.attempt
        let again = ActiveAttempt(attempt.index, attempt.prepared, nil, loop.newStream())
        again.number = attempt.number
        let relay = Relay(loop, again)
        switch told.failed.answer {
        case .answer(let head, let body): try relay.passOnError(body, head)
        case .whole(let head, let body): try relay.passOnWhole(body, head, movesOnRefusal: false)
        case .event(let error):
            context.record.reason = error.word
            throw APIProblem(.badUpstream, "\(attempt.upstream.id) broke off: \(error.message)", code: error.code)
        case .lane(let failure): throw APIProblem(failure, at: attempt.upstream.candidate)
        }
    }

    /// Every candidate is withdrawn, known or just learnt: no use in asking
    /// again. A single one that was asked speaks for itself.
    private func everyoneIsGone() -> APIProblem? {
        guard !upstreams.isEmpty, upstreams.count > 1 || failures.isEmpty else { return nil }
        guard upstreams.indices.allSatisfy(isWithdrawn) else { return nil }
        let names = upstreams.map(\.id).joined(separator: ", ")
        return APIProblem(
            .gone,
            "Every model that serves \"\(context.request.requestedModel)\" has been withdrawn by its provider (\(names)). "
                + "Ask for another route; whoever runs this Holdfast can add a candidate or restore one.",
            field: "model", code: "model_withdrawn")
    }

    /// Those that could take the request are withdrawn, and those that are
    /// there can't take it: asking again as it is brings nothing.
    private func goneAndRefused() -> APIProblem? {
        guard !passedOver.refusals.isEmpty,
            failures.allSatisfy({ $0.verdict.cause == .withdrawn || isWithdrawn($0.attempt.index) })
        else { return nil }
        var names: [String] = []
        for failure in failures where !names.contains(failure.attempt.upstream.id) {
            names.append(failure.attempt.upstream.id)
        }
        let gone =
            "\(names.joined(separator: ", ")) \(names.count == 1 ? "has" : "have") been withdrawn by "
            + "\(names.count == 1 ? "its provider" : "their providers"), and nobody else can take this request."
        let first = passedOver.refusals[0]
        let kind: APIProblem.Kind =
            switch first.kind {
            // Nobody before a person has mended something.
            case .unavailable: .outOfOrder
            // What the key may not have is no fault of the request.
            case .forbidden: .gone
            default: first.kind
            }
        return APIProblem(
            kind, "\(gone) \(passedOver.sentences())", field: first.field, code: first.code ?? "model_withdrawn")
    }

    /// Tells whether the provider has withdrawn it: confirmed, or said to this
    /// very request.
    private func isWithdrawn(_ index: Int) -> Bool {
        switch CandidateScreening(loop: loop).standing(of: index, continuity.now) {
        case .held(.failure(.withdrawn), _): true
        case .suspected(.withdrawn, _), .free:
            failures.contains { $0.attempt.index == index && $0.verdict.cause == .withdrawn }
        default: false
        }
    }

    private func everyoneIsBusy() -> APIProblem? {
        // What a single candidate said itself is passed on as it is.
        guard failures.isEmpty || upstreams.count > 1 else { return nil }
        let now = continuity.now
        var soonest: Duration?
        for index in upstreams.indices {
            if case .waiting(let until, _) = CandidateScreening(loop: loop).standing(of: index, now) {
                soonest = min(soonest ?? until, until)
            }
        }
        guard let soonest, failures.allSatisfy({ $0.verdict.scope != .request }) else { return nil }
        let seconds = max(1, Int((soonest - now.tick).inSeconds.rounded(.up)))
        return APIProblem(
            .limited,
            "Every provider of \"\(context.request.requestedModel)\" limits its rate at present; try again in \(seconds) s.",
            code: "rate_limit_exceeded", retryAfter: seconds)
    }

    /// The answer where no candidate was asked, for holds that a person or a
    /// probe has to lift.
    private func heldProblem() -> APIProblem? {
        var reasons: [String] = []
        var code = "held"
        for index in upstreams.indices {
            guard case .held(let ground, let id) = CandidateScreening(loop: loop).standing(of: index, continuity.now)
            else { continue }
            switch ground {
            case .failure(let cause): reasons.append("\(upstreams[index].id) is held (\(cause.rawValue))")
            case .byHand:
                code = HoldGround.byHand.rawValue
                let hold = continuity.book.holds.first { $0.id == id }
                let words = [hold?.acknowledgedBy.map { "by \($0)" }, hold?.reason].compactMap { $0 }
                let why = words.isEmpty ? "" : " (\(words.joined(separator: ": ")))"
                reasons.append("\(upstreams[index].id) is held by hand\(why)")
            }
        }
        guard !reasons.isEmpty else { return nil }
        return APIProblem(
            .unavailable,
            "\(reasons.joined(separator: "; ")), and nobody else can serve \"\(context.request.requestedModel)\". Ask for "
                + "another route; whoever runs this Holdfast sees more in `holdfast status`.", code: code)
    }
}
