import Access
import Conversation
import Drills
import NIOCore
import Resilience
import Routing
import Supervision
import Wire

/// A request that has been reviewed.
struct ReviewedCall {
    /// The request that candidates are asked: with notes in place of what was
    /// withheld.
    var request: AdmittedCall
    /// The texts that were judged, for the judgement of the answer; nil where
    /// the answer isn't judged either.
    var exhibit: Exhibit?
}

/// The review stage: the supervisor reads a chat, or a conversation that is to
/// be compacted, before a candidate hears of it.
///
/// It stands behind the route stage, because the level of supervision is the
/// strictest of the route and of all candidates that could be asked. Every
/// attempt, hedge and continuation asks those candidates, with the request
/// that this stage returns. Embeddings and counts of tokens aren't judged.
/// With no supervision set, a request pays one comparison.
extension Gateway {
    /// - Throws: ``APIProblem`` where the request may not go on;
    ///   `CancellationError` when the caller has gone.
    func review(_ request: AdmittedCall, _ choice: RouteChoice, _ record: RequestRecord) async throws -> ReviewedCall {
        let policy = choice.served.supervision
        record.supervision = SupervisionRecord(policy.level)
        guard request.call.operation.isSupervised else { return ReviewedCall(request: request) }
        let fault = choice.rehearsal?.nextFault()
        let remembered = fault == nil ? remembrance(of: request) : nil
        if let remembered, hasPassed(remembered, record) {
            var exhibit = Exhibit(request.call, RequestPassages())
            exhibit.awaitsSecondStage = policy.hold == .both
            return ReviewedCall(request: request, exhibit: exhibit)
        }
        let passages: RequestPassages
        do {
            passages = try await self.passages(of: request)
        } catch let problem as APIProblem where policy.level == .shadow {
            // Changes nothing: a provider may read what can't be judged.
            record.supervision?.request = .init(
                Verdict(.error, error: problem.kind == .invalidRequest ? "malformed" : "overloaded"))
            return ReviewedCall(request: request)
        }
        if policy.level == .required, policy.unseen == .refuse, !passages.unseen.isEmpty {
            throw APIProblem.unseen(passages.unseen)
        }
        var exhibit = Exhibit(request.call, passages)
        exhibit.awaitsSecondStage = policy.hold == .both
        if let fault {
            exhibit.rehearsedFault = .init(fault)
            record.drill?.pulled = .now()
        }
        let verdict = await judge(exhibit, record)
        try Task.checkCancellation()
        remembered?.remember(verdict)
        guard policy.level == .required else { return ReviewedCall(request: request, exhibit: exhibit) }
        switch verdict.ruling {
        case .allow, .flag: return ReviewedCall(request: request, exhibit: exhibit)
        case .block: throw APIProblem.blocked(verdict, namesClause: policy.namesClause)
        case .error: throw verdict.error == "limited" ? APIProblem.overSupervisionShare : .unsupervised
        case .withhold:
            let notes = verdict.withheld.mapValues(\.text)
            guard let splices = try? passages.withholding(notes) else {
                // A note can't stand there: a tool's name has to be one.
                throw APIProblem.blocked(verdict, namesClause: policy.namesClause)
            }
            return ReviewedCall(request: try await changed(splices, request), exhibit: exhibit)
        }
    }

    /// The place of the request in the supervisor's memory of those that passed.
    private func remembrance(of request: AdmittedCall) -> RememberedText? {
        let call = request.call
        let form = call.door.name.rawValue + " " + (call.path.model ?? "")
        return RememberedText(
            WholeText(.request, form: form, body: call.body),
            in: stages.supervisor?.memory(of: Exhibit.tenant(of: call)))
    }

    /// Returns whether the same bytes have passed before; then that verdict is
    /// on record.
    private func hasPassed(_ remembered: RememberedText, _ record: RequestRecord) -> Bool {
        let began = NIODeadline.now()
        guard let verdict = remembered.verdict else { return false }
        record.supervision?.request = .init(verdict, took: began.elapsed())
        return true
    }

    /// Reads all texts, strictly: no provider may find another request in the
    /// body than the supervisor.
    private func passages(of request: AdmittedCall) async throws -> RequestPassages {
        let call = request.call
        let read = { () throws(APIProblem) -> RequestPassages in
            try call.door.passages(of: try request.whole(), at: call.path)
        }
        return request.call.body.readableBytes > Self.mostReadInATurn ? try await reading.run(read) : try read()
    }

    /// Larger bodies would keep an event loop for longer than 5 ms: every text
    /// in them is unescaped.
    private static var mostReadInATurn: Int { 128 << 10 }

    private func judge(_ exhibit: Exhibit, _ record: RequestRecord) async -> Verdict {
        let began = NIODeadline.now()
        var verdict = await stages.supervisor?.judge(exhibit) ?? Verdict(.error, error: "absent")
        if !verdict.isSound(for: exhibit.passages) { verdict = Verdict(.error, error: "malformed") }
        verdict.policy = verdict.policy ?? stages.supervisor?.policy
        verdict.coverage.unseen.formUnion(exhibit.passages.unseen)
        record.supervision?.request = .init(verdict, took: began.elapsed())
        return verdict
    }

    /// Reads the request anew, with the changes: still a request that no two
    /// readers take for different ones.
    private func changed(_ splices: Splices, _ request: AdmittedCall) async throws -> AdmittedCall {
        let call = request.call.with(splices.apply(to: request.call.body))
        let changed = call
        let read = { () throws(APIProblem) -> AdmittedCall in
            try AdmittedCall(changed, isHeavy: request.isHeavy, isStrict: true)
        }
        return request.isHeavy ? try await reading.run(read) : try read()
    }
}

extension Exhibit {
    fileprivate init(_ call: Call, _ passages: RequestPassages) {
        self.init(id: call.id, tenant: Self.tenant(of: call), key: call.principal.id, passages: passages)
    }

    /// The tenant's name for the supervisor. A tenant may be called like another
    /// caller's key.
    fileprivate static func tenant(of call: Call) -> String {
        call.principal.record.tenant.map { "tenant \($0)" } ?? "key \(call.principal.id)"
    }
}

extension Exhibit.Fault {
    fileprivate init(_ fault: SupervisorFault) {
        self =
            switch fault {
            case .dead: .dead
            case .hung: .hung
            case .slow: .slow
            }
    }
}
