import Access
import Conversation
import Failures
import Resilience
import Routing

/// The candidates that may be asked, and the request as each wants it.
struct CandidateScreening {
    let loop: AttemptLoop

    private var context: RequestContext { loop.context }
    private var upstreams: [Upstream] { loop.context.upstreams }
    private var served: ServedRoute { loop.context.served }
    private var continuity: Continuity { loop.context.continuity }

    func screenAll() { for index in upstreams.indices { screen(index) } }

    /// Checks everything that is known of a candidate without asking it.
    private func screen(_ index: Int) {
        let upstream = upstreams[index]
        if let reason = upstream.candidate.unavailable {
            skip(index, reason)
            loop.passedOver.isOut(APIProblem(.unavailable, "\(upstream.id) is not in service: \(reason)."))
        } else if let problem = outsideResidency(upstream.candidate) {
            skip(index, "outside the key's residency")
            loop.passedOver.refuse(problem)
        } else if let problem = makesOtherVectors(upstream) {
            skip(index, "makes vectors of another model")
            loop.passedOver.refuse(problem)
        } else if served.lead.map({ $0.id != upstream.id }) ?? (index > 0), context.request.continuesThread {
            skip(index, "keeps no thread of this conversation")
            loop.passedOver.refuse(.threadNotFound)
        } else if served.lead.map({ $0.id != upstream.id }) ?? (index > 0), let problem = mayNotStandIn(upstream) {
            skip(index, problem)
        } else if upstream.provider == nil {
            skip(index, "not in service")
        }
    }

    func skip(_ index: Int, _ reason: String) {
        context.record.skipped.append("\(upstreams[index].id): \(reason)")
        loop.plan.ruleOut(index)
    }

    private func outsideResidency(_ candidate: Candidate) -> APIProblem? {
        let exclusions = context.call.principal.record.exclusions
        if !exclusions.isEmpty,
            let reason = exclusions.reason(against: candidate.lab, host: candidate.host, region: candidate.region)
        {
            return APIProblem(
                .forbidden,
                "The key may not be served by \(candidate.id): \(reason). Ask for another route, or whoever gave you "
                    + "the key for another.", code: "residency")
        }
        guard let regions = context.call.principal.record.residency else { return nil }
        if let region = candidate.region, regions.contains(region) { return nil }
        return APIProblem(
            .forbidden,
            "The key may be served in \(regions.joined(separator: ", ")) only, and no candidate of "
                + "\"\(context.request.requestedModel)\" is there. Ask for another route.", code: "residency")
    }

    /// An index holds the vectors of one model: those of another would be
    /// found beside them and mean nothing. The same model at another host may
    /// serve.
    private func makesOtherVectors(_ upstream: Upstream) -> APIProblem? {
        guard case .embeddings = context.call.operation, let first = served.route.candidates.first,
            first.model.modelWithoutMaker != upstream.candidate.model.modelWithoutMaker
        else { return nil }
        return APIProblem(
            .unavailable,
            "\(upstream.id) may not stand in for \(first.id): it makes vectors of another model, which would spoil an "
                + "index. Wait until \(first.id) is back, or add the same model at another provider to the route.",
            field: "model", code: "embeddings_of_another_model")
    }

    /// Returns the reason why the route doesn't allow the candidate as a
    /// substitute for the first one; nil where it does.
    private func mayNotStandIn(_ upstream: Upstream) -> String? {
        let substitution = context.policy.substitution
        if served.lead != nil, let by = substitution.by, !by.contains(upstream.id) {
            return "may not stand in on this route"
        }
        if let regions = substitution.residency, !(upstream.candidate.region.map(regions.contains) ?? false) {
            return "outside the regions for stand-ins"
        }
        return nil
    }

    func standing(of index: Int, _ now: Moment) -> TargetState {
        let upstream = upstreams[index]
        if let own = context.ownCredential(for: upstream) {
            let known = continuity.callers.standing(of: own.digest, at: upstream.id, now: now.tick)
            if known != .free { return known }
        }
        if continuity.book.isQuiet, context.rehearsal == nil { return .free }
        guard let place = upstream.place else { return .free }
        let key = context.call.principal.id
        let standing = continuity.book.standing(of: place, for: key, now: now)
        // A drill pulls one candidate: its memory is of that one only.
        if let rehearsal = context.rehearsal, rehearsal.covers(upstream), standing == .free {
            return rehearsal.book.standing(of: place, for: key, now: now)
        }
        guard context.record.route == nil else { return standing }
        // A caller that names a provider wants its own answer, and nobody else
        // could be asked; only a hold by hand stays one.
        switch standing {
        case .held(.failure, _), .suspected: return .free
        default: return standing
        }
    }

    /// The request as that candidate wants it; nil if it can't carry it.
    func prepare(_ index: Int) -> PreparedAttempt? {
        if let known = loop.prepared.first(where: { $0.index == index }) {
            return isPermitted(index) ? known.attempt : nil
        }
        return carrying(index) { upstream, provider, place throws(APIProblem) in
            let candidate = upstream.candidate
            // The dialect's own refusal names the field.
            let attempt = PreparedAttempt(
                try context.request.outgoing(
                    to: candidate, at: provider, bringing: foreignItems(to: upstream, provider)),
                upstream, provider, place)
            if let missing = try context.request.needs(beyond: candidate.capabilities).names.first {
                throw APIProblem(
                    .invalidRequest,
                    "\(candidate.id) can't take this request: `capabilities` of its settings don't name \(missing).",
                    code: "missing_capability")
            }
            loop.prepared.append((index, attempt))
            return attempt
        }
    }

    /// Returns the items of the request that the provider can't read, as others
    /// have made them.
    func foreignItems(to upstream: Upstream, _ provider: Provider) -> [BoundItem] {
        guard context.call.operation.holdsConversation, provider.takesBytes(of: context.call.door) else { return [] }
        let items = context.request.boundItems
        let foreign = context.gateway.itemOrigins.foreign(items, to: provider.name, isFirst: isFirst(upstream))
        guard loop.amendments.itemsRefused.contains(provider.name) else { return foreign }
        return items.filter { !$0.isRecord || foreign.contains($0) }
    }

    /// True for the candidate that the route asks before all others.
    private func isFirst(_ upstream: Upstream) -> Bool {
        (served.lead?.id ?? upstreams.first?.id).map { $0 == upstream.id } ?? true
    }

    /// Returns whether a candidate may be asked at this moment; where it may
    /// not, the reason is noted and the plan goes on without it.
    private func isPermitted(_ index: Int) -> Bool {
        guard let order = context.gateway.suspension(of: upstreams[index], id: context.record.id) else { return true }
        passOver(index, order)
        return false
    }

    /// Goes on without a suspended candidate.
    func passOver(_ index: Int, _ order: SuspensionOrder) {
        let upstream = upstreams[index]
        skip(index, "\(AttemptRecord.suspended) (\(order.id))")
        loop.passedOver.isOut(context.gateway.problem(of: order, at: upstream))
        context.record.note(order, isOfLead: served.lead?.id == upstream.id)
    }

    /// - Returns: The result of `prepare`; nil where it fails, and the reason
    ///   is then recorded.
    func carrying(
        _ index: Int, _ prepare: (Upstream, Provider, Target) throws(APIProblem) -> PreparedAttempt
    ) -> PreparedAttempt? {
        let upstream = upstreams[index]
        guard let provider = upstream.provider, let place = upstream.place, isPermitted(index) else { return nil }
        do throws(APIProblem) {
            if provider.usesCallersCredential, context.call.credential == nil {
                throw .callersCredentialMissing(upstream)
            }
            try RequestDisclosure(context: context).check(upstream, provider)
            return try prepare(upstream, provider, place)
        } catch {
            let why = error.code == "missing_capability" ? error.message : error.field ?? error.code ?? "refused"
            skip(index, KeyShape.masking(why))
            loop.passedOver.refuse(error)
            return nil
        }
    }
}

extension String {
    /// A model's name without the maker that some hosts put before it:
    /// `openai/text-embedding-3-small`.
    fileprivate var modelWithoutMaker: String {
        guard let slash = utf8.lastIndex(of: UInt8(ascii: "/")) else { return lowercased() }
        return self[utf8.index(after: slash)...].lowercased()
    }
}
