import AdminAPI
import Encodings
import FrontDoor
import Gateway
import NIOCore
import Veto

/// The administrators' resources for suspensions. None of them suspends or
/// restores anything: that takes a statement in the spool.
struct SuspensionPages {
    let gateway: Gateway
    let services: VetoServices
    let gates: GateKeeper

    private var veto: VetoService { services.veto }

    var pages: [AdminDoor.Page] {
        [
            AdminDoor.Page(AdminPath.suspensions) { list() },
            AdminDoor.Page(AdminPath.anySuspension, ofEach: { one($0) }),
        ]
    }

    var actions: [AdminDoor.Action] {
        [
            AdminDoor.Action(AdminPath.lookForSuspensions) { _ in
                services.look()
                return .preview(view: looked)
            },
            AdminDoor.Action(AdminPath.previewSuspensions) { await preview($0) },
        ]
    }

    // MARK: Views

    private func list() -> SuspensionsView {
        let machine = veto.machine
        return SuspensionsView(
            suspensions: machine.numbers.reversed().compactMap { view(of: $0, machine) },
            roster: machine.chain?.current.version ?? 0)
    }

    private func one(_ id: String) -> (status: Int, bytes: ByteBuffer) {
        let machine = veto.machine
        guard let number = Int(id.first == "S" || id.first == "s" ? id.dropFirst() : id[...]),
            let suspension = machine.suspension(number), let standing = machine.standing(of: number),
            let view = view(of: number, machine)
        else {
            return (
                404,
                AdminDoor.problem(
                    "There is no suspension \"\(id.prefix(64))\"; GET \(AdminPath.suspensions) lists them.")
            )
        }
        return ByteBuffer.view(
            SuspensionDetailView(
                suspension: view, record: String(decoding: suspension.record, as: UTF8.self),
                attempt: standing.attempt, ratifyUntil: machine.ratifyUntil(number),
                statements: veto.statements(about: number).map { statement in
                    .init(
                        file: statement.file, decision: statement.decision, signers: statement.signers,
                        taken: statement.time.wall, envelope: String(decoding: statement.bytes, as: UTF8.self))
                }))
    }

    private func view(of number: Int, _ machine: VetoMachine) -> SuspensionView? {
        guard let suspension = machine.suspension(number), let standing = machine.standing(of: number) else {
            return nil
        }
        var percent: Int?
        if case .halfOpen(let share) = standing.phase { percent = share }
        let reason = suspension.reason
        let ends = machine.proposedEnds(of: number, at: veto.now.wall)
        return SuspensionView(
            id: suspension.id, number: number, scopes: suspension.scopes.map(\.text), mode: suspension.mode.rawValue,
            reason: .init(
                code: reason.code.rawValue, basis: reason.basis, text: reason.text, evidence: reason.evidence,
                isPublic: reason.isPublic),
            orderedBy: suspension.orderer.text, ordered: suspension.ordered, expires: machine.expiry(of: number),
            phase: standing.phase.name,
            standing: SuspensionStandingView(
                since: standing.since, ratifiedBy: standing.ratifiedBy, isOverdue: standing.isOverdue,
                approvers: standing.approvers, percent: percent,
                gate: gates.conditions(of: number).map { condition in
                    GateConditionView(name: condition.name, state: condition.state.rawValue, detail: condition.detail)
                },
                failure: standing.failure.map { GateFailureView(time: $0.time, reason: $0.reason) },
                proposedEnds: ends.isEmpty
                    ? nil : ends.map { ProposedEndView(expires: $0.expires, people: $0.people) }),
            digest: Hex.encode(suspension.digest))
    }

    private var looked: SuspensionLookView {
        let recent = veto.recent
        return SuspensionLookView(
            taken: recent.filter { $0.refusal == nil }.map(\.file),
            refused: recent.compactMap { outcome in
                outcome.refusal.map { .init(statement: outcome.file, reason: "\($0)") }
            })
    }

    // MARK: The dry run

    private func preview(_ request: AdminDoor.ActionRequest) async -> AdminDoor.Outcome {
        let scopes: [SuspendedScope]
        do throws(BadOrder) {
            scopes = try self.scopes(
                try request.order(SuspensionPreviewOrder.self, usage: #"{"scopes": ["model:provider/model", …]}"#))
        } catch {
            return .failure(400, error.message)
        }
        let counts = await services.book.counts(of: scopes)
        let running = counts.reduce(into: [String: Int]()) { sum, count in
            sum[count.place.route ?? "", default: 0] += count.streams + count.requests
        }
        return .preview(
            view: SuspensionEffectView(
                routes: gateway.standbys(of: scopes).map { route in
                    .init(
                        name: route.route, lost: route.hit, left: route.standbys, running: running[route.route] ?? 0)
                },
                streams: counts.reduce(0) { $0 + $1.streams }, requests: counts.reduce(0) { $0 + $1.requests },
                keys: Set(counts.map(\.place.key)).sorted()))
    }

    private func scopes(_ order: SuspensionPreviewOrder) throws(BadOrder) -> [SuspendedScope] {
        guard (1...Suspension.mostScopes).contains(order.scopes.count) else {
            throw BadOrder("\"scopes\" must list from 1 to \(Suspension.mostScopes) scopes.")
        }
        var scopes: [SuspendedScope] = []
        for text in order.scopes {
            guard let scope = SuspendedScope(text) else {
                throw BadOrder(
                    "\"\(text.prefix(64))\" is no scope; it begins with one of "
                        + SuspendedScope.kinds.map { "\($0):" }.joined(separator: ", ") + ".")
            }
            scopes.append(scope)
        }
        return scopes
    }
}
