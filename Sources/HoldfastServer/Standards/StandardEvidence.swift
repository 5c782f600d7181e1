import Gateway
import Availability
import Routing
import Settings
import Storage
import Synchronization
import Veto

/// The judgement of every check by evidence of now.
final class StandardEvidence: Sendable {
    /// The sources of evidence.
    struct Sources: Sendable {
        var hosted: HostedEvidence
        var recorded: RecordedEvidence
        var feeds: AdvisoryFeeds
        var questions: ModelQuestions
        var supervisor: @Sendable () -> SupervisorFacts
        /// The version of the engine that Holdfast installs.
        var engine: AdvisoryPackage?
    }

    private let sources: Sources
    /// By subject: since when it is no longer suspended, in seconds since 1970;
    /// what came before says nothing about availability.
    private let returned = Mutex<[String: Int]>([:])
    private let wasSuspended = Mutex<Set<String>>([])
    private let documents = Mutex<[String: (facts: DocumentFacts, looked: UInt64)]>([:])

    init(_ sources: Sources) { self.sources = sources }

    /// Notices which candidates are suspended, once a round.
    func look(_ members: StandardMembers, at now: VetoTime) {
        sources.hosted.look(at: now)
        let all = members.situation.routes.flatMap { members.members(of: .route($0.name)) }
        let suspended = Set(all.filter { !members.suspensions(of: $0).isEmpty }.map(\.candidate.id))
        let before = wasSuspended.withLock { known in
            defer { known = suspended }
            return known
        }
        returned.withLock { returned in
            for id in before.subtracting(suspended) { returned[id] = now.wall }
        }
    }

    /// The questions that a standard wants asked about a subject.
    func questions(
        _ standard: Standard, _ scope: SuspendedScope, _ members: StandardMembers
    ) -> [ModelQuestions.Due] {
        guard standard.check.kind.asksTheModel else { return [] }
        var canary: Canary?
        if case .canary(let own) = standard.check { canary = own }
        return members.members(of: scope).compactMap { member in
            let covering = members.suspensions(of: member)
            guard let first = covering.first else {
                return canary.map { ModelQuestions.Due(candidate: member.candidate.id, canary: $0) }
            }
            // Under two suspensions no gate gets through.
            guard covering.count == 1, first.letsItsGateAsk else { return nil }
            return ModelQuestions.Due(
                candidate: member.candidate.id, canary: canary, gate: first.suspension.number)
        }
    }

    /// Judges one standard about one subject.
    func verdict(
        _ standard: Standard, _ scope: SuspendedScope, _ members: StandardMembers, at now: VetoTime
    ) async -> StandardVerdict {
        switch standard.check {
        case .supervisor: return StandardRules.supervisor(sources.supervisor(), at: now.wall)
        case .document(let document): return StandardRules.document(document, facts(document, now), at: now.wall)
        case .drill(let within):
            return await withDrills(now) { drills in
                let routes = members.routes(of: scope)
                let pulled = Set(members.members(of: scope).map(\.candidate.id))
                let isOfRoute = if case .route = scope { true } else { false }
                let own = drills.filter { routes.contains($0.route) && (isOfRoute || pulled.contains($0.pulled)) }
                return StandardRules.drill(own, within: within, at: now.wall)
            }
        case .availability(let floor, let over, let least):
            return await availability(scope, members, floor: floor, over: over, least: least, at: now)
        default: break
        }
        let found = members.members(of: scope)
        let meant = standard.check.kind.isOfHostedModels ? found.filter { $0.subject.weights != nil } : found
        var verdicts: [(name: String, verdict: StandardVerdict)] = []
        for member in meant.isEmpty ? found : meant {
            verdicts.append((member.candidate.id, await verdict(standard.check, member, members, at: now)))
        }
        return StandardVerdict.all(of: verdicts, at: now.wall)
    }

    private func verdict(
        _ check: StandardCheck, _ member: StandardMembers.Member, _ members: StandardMembers, at now: VetoTime
    ) async -> StandardVerdict {
        let candidate = member.candidate
        switch check {
        case .weights, .custodyReceipt, .custodyEpoch, .extractionGuard, .engine:
            let facts = await sources.hosted.facts(of: candidate.provider, at: now)
            return switch check {
            case .weights: StandardRules.weights(facts, at: now.wall)
            case .custodyReceipt(let within): StandardRules.receipt(facts, within: within, at: now.wall)
            case .custodyEpoch: StandardRules.epoch(facts, at: now.wall)
            case .engine(let restarts, let over):
                StandardRules.engine(facts, restarts: restarts, over: over, at: now)
            default: StandardRules.extractionGuard(facts, at: now.wall)
            }
        case .advisory(let feed):
            var packages = AdvisoryPackage.ofModel(candidate.id, version: member.subject.epoch.map(String.init))
            if member.subject.weights != nil, let engine = sources.engine { packages.append(engine) }
            return StandardRules.advisory(
                await sources.feeds.facts(of: feed, at: now), about: packages + feed.packages, at: now.wall)
        case .retirement(let within):
            return await withDrills(now) { drills in
                StandardRules.retirement(
                    of: candidate.id, RetirementFacts(candidate, members), drills: drills, within: within, at: now.wall)
            }
        case .canary(let canary):
            return StandardRules.canary(sources.questions.facts(of: candidate.id, canary), at: now.wall)
        case .supervisor, .document, .drill, .availability:
            return StandardVerdict(.unknown, "it is not judged by candidates", seen: now.wall)
        }
    }

    private func withDrills(_ now: VetoTime, _ judge: ([DrillFacts]) -> StandardVerdict) async -> StandardVerdict {
        do throws(StorageError) {
            return judge(try await sources.recorded.drills(at: now))
        } catch {
            return StandardVerdict(.unknown, "drills can't be read", seen: now.wall)
        }
    }

    /// Files are looked at again after half a minute.
    private func facts(_ document: StandardDocument, _ now: VetoTime) -> DocumentFacts {
        if let known = documents.withLock({ $0[document.file] }), now.boot < known.looked + 30_000_000_000 {
            return known.facts
        }
        let facts = FileEvidence.document(document)
        documents.withLock { $0[document.file] = (facts, now.boot) }
        return facts
    }

    // MARK: Availability

    private func availability(
        _ scope: SuspendedScope, _ members: StandardMembers, floor: Double, over: Int, least: Int, at now: VetoTime
    ) async -> StandardVerdict {
        if case .route(let name) = scope {
            return await counted(.route(name), since: 0, floor: floor, over: over, least: least, at: now)
        }
        var verdicts: [(name: String, verdict: StandardVerdict)] = []
        for member in members.members(of: scope) {
            let id = member.candidate.id
            let verdict: StandardVerdict
            if let entry = members.suspensions(of: member).first {
                // Never by the traffic that the suspension has removed.
                let facts = sources.questions.signs(
                    of: id, gate: entry.suspension.number, since: now.wall - over)
                verdict = StandardRules.availability(facts, floor: floor, least: min(least, 10), at: now.wall)
            } else {
                let since = returned.withLock { $0[id] } ?? 0
                verdict = await counted(.service(id), since: since, floor: floor, over: over, least: least, at: now)
            }
            verdicts.append((id, verdict))
        }
        return StandardVerdict.all(of: verdicts, at: now.wall)
    }

    private func counted(
        _ subject: Availability.Subject, since: Int, floor: Double, over: Int, least: Int, at now: VetoTime
    ) async -> StandardVerdict {
        do throws(StorageError) {
            let facts = try await sources.recorded.counts(of: subject, over: over, since: since, at: now)
            return StandardRules.availability(facts, floor: floor, least: least, at: now.wall)
        } catch {
            return StandardVerdict(.unknown, "counts can't be read", seen: now.wall)
        }
    }
}

extension SuspensionIndex.Entry {
    /// True where requests of its gate get through.
    var letsItsGateAsk: Bool {
        switch phase {
        case .verifying, .halfOpen: true
        case .suspended: suspension.mayReturnByItself
        case .restored, .lapsed: false
        }
    }
}

extension RetirementFacts {
    /// - Returns: nil where no retirement is announced.
    init?(_ candidate: Candidate, _ members: StandardMembers) {
        guard let retires = candidate.retires else { return nil }
        var successors: Set<String> = []
        if let successor = candidate.successor {
            successors =
                successor.contains("/") ? [successor] : Set(members.members(of: .route(successor)).map(\.candidate.id))
        }
        self.init(retires: retires, successor: candidate.successor, successors: successors)
    }
}
