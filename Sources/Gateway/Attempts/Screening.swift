import Access
import Conversation
import Failures
import Resilience
import Routing

/// The candidates that may be asked, and the request as each wants it.
extension Attempts {
    /// Checks everything that is known of a candidate without asking it.
    func screen(_ index: Int) {
        let upstream = upstreams[index]
        if let reason = upstream.candidate.unavailable {
            skip(index, reason)
            passedOver.isOut(Problem(.unavailable, "\(upstream.id) is not in service: \(reason)."))
        } else if let problem = outsideResidency(upstream.candidate) {
            skip(index, "outside the key's residency")
            passedOver.refuse(problem)
        } else if let problem = makesOtherVectors(upstream) {
            skip(index, "makes vectors of another model")
            passedOver.refuse(problem)
        } else if served.lead.map({ $0.id != upstream.id }) ?? (index > 0), admitted.continuesThread {
            skip(index, "keeps no thread of this conversation")
            passedOver.refuse(.threadNotFound)
        } else if served.lead.map({ $0.id != upstream.id }) ?? (index > 0), let problem = mayNotStandIn(upstream) {
            skip(index, problem)
        } else if upstream.provider == nil {
            skip(index, "not in service")
        }
    }

    func skip(_ index: Int, _ reason: String) {
        record.skipped.append("\(upstreams[index].id): \(reason)")
        plan.ruleOut(index)
    }

    private func outsideResidency(_ candidate: Candidate) -> Problem? {
        let exclusions = admitted.call.principal.record.exclusions
        if !exclusions.isEmpty,
            let reason = exclusions.reason(against: candidate.lab, host: candidate.host, region: candidate.region)
        {
            return Problem(
                .forbidden,
                "The key may not be served by \(candidate.id): \(reason). Ask for another route, or whoever gave you "
                    + "the key for another.", code: "residency")
        }
        guard let regions = admitted.call.principal.record.residency else { return nil }
        if let region = candidate.region, regions.contains(region) { return nil }
        return Problem(
            .forbidden,
            "The key may be served in \(regions.joined(separator: ", ")) only, and no candidate of "
                + "\"\(admitted.requestedModel)\" is there. Ask for another route.", code: "residency")
    }

    /// An index holds the vectors of one model: those of another would be
    /// found beside them and mean nothing. The same model at another host may
    /// serve.
    private func makesOtherVectors(_ upstream: Upstream) -> Problem? {
        guard case .embeddings = admitted.call.operation, let first = served.route.candidates.first,
            first.model.modelWithoutMaker != upstream.candidate.model.modelWithoutMaker
        else { return nil }
        return Problem(
            .unavailable,
            "\(upstream.id) may not stand in for \(first.id): it makes vectors of another model, which would spoil an "
                + "index. Wait until \(first.id) is back, or add the same model at another provider to the route.",
            field: "model", code: "embeddings_of_another_model")
    }

    /// Returns the reason why the route doesn't allow the candidate as a
    /// substitute for the first one; nil where it does.
    private func mayNotStandIn(_ upstream: Upstream) -> String? {
        let substitution = policy.substitution
        if served.lead != nil, let by = substitution.by, !by.contains(upstream.id) {
            return "may not stand in on this route"
        }
        if let regions = substitution.residency, !(upstream.candidate.region.map(regions.contains) ?? false) {
            return "outside the regions for stand-ins"
        }
        return nil
    }

    func standing(of index: Int, _ now: Moment) -> Standing {
        if continuity.book.isQuiet, rehearsal == nil { return .free }
        let upstream = upstreams[index]
        guard let place = upstream.place else { return .free }
        let key = admitted.call.principal.id
        let standing = continuity.book.standing(of: place, for: key, now: now)
        // A drill pulls one candidate: its memory is of that one only.
        if let rehearsal, rehearsal.covers(upstream), standing == .free {
            return rehearsal.book.standing(of: place, for: key, now: now)
        }
        guard record.route == nil else { return standing }
        // A caller that names a provider wants its own answer, and nobody else
        // could be asked; only a hold by hand stays one.
        switch standing {
        case .held(.failure, _), .suspected: return .free
        default: return standing
        }
    }

    /// The request as that candidate wants it; nil if it can't carry it.
    func attempt(_ index: Int) -> Attempt? {
        if let known = prepared.first(where: { $0.index == index }) { return known.attempt }
        return carrying(index) { upstream, provider, place throws(Problem) in
            let candidate = upstream.candidate
            // The dialect's own refusal names the field.
            let attempt = Attempt(try admitted.outgoing(to: candidate, at: provider), upstream, provider, place)
            if let missing = try admitted.needs(beyond: candidate.capabilities).names.first {
                throw Problem(
                    .invalidRequest,
                    "\(candidate.id) can't take this request: `capabilities` of its settings don't name \(missing).",
                    code: "missing_capability")
            }
            prepared.append((index, attempt))
            return attempt
        }
    }

    /// - Returns: The result of `prepare`; nil where it fails, and the reason
    ///   is then recorded.
    func carrying(
        _ index: Int, _ prepare: (Upstream, Provider, Place) throws(Problem) -> Attempt
    ) -> Attempt? {
        let upstream = upstreams[index]
        guard let provider = upstream.provider, let place = upstream.place else { return nil }
        do throws(Problem) {
            try checkDisclosure(upstream, provider)
            return try prepare(upstream, provider, place)
        } catch {
            let why = error.code == "missing_capability" ? error.message : error.field ?? error.code ?? "refused"
            skip(index, KeyShape.masking(why))
            passedOver.refuse(error)
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
