import AdminAPI
import Failures
import FrontDoor
package import Gateway
import NIOCore
import Resilience
package import Storage
import Synchronization
package import Veto

/// The gates of all suspensions that are on their way back: gathers what their
/// conditions need, asks the candidates, and gives the results to the veto.
package final class GateKeeper: Sendable {
    /// The parts of Holdfast that the gate asks.
    package struct Ports: Sendable {
        package var standards: any StandardVerdicts
        package var drills: any DrillReports
        /// Returns the identity of a candidate's model; nil where nothing
        /// identifies it.
        package var identity: @Sendable (_ candidate: String) -> String?

        package init(
            standards: any StandardVerdicts = NoStandards(), drills: any DrillReports,
            identity: @escaping @Sendable (_ candidate: String) -> String?
        ) {
            self.standards = standards
            self.drills = drills
            self.identity = identity
        }
    }

    private struct Running {
        var run: GateRun
        /// Of the suspension: another attempt is another run.
        var attempt: Int
        /// As of the beginning of its half-open part.
        var candidates: [String: GateTally] = [:]
    }

    private struct State {
        var running: [Int: Running] = [:]
        /// The newest requests of routes when each suspension was first seen.
        var routes: [Int: [String: GateWindow]] = [:]
    }

    private let veto: VetoService
    private let gateway: Gateway
    private let traffic: GateTraffic
    private let ports: Ports
    private let rules: GateRules
    private let executor: EventLoopTaskExecutor
    private let clock: @Sendable () -> Duration
    private let state = Mutex(State())

    package init(
        _ veto: VetoService, gateway: Gateway, traffic: GateTraffic, ports: Ports, rules: GateRules,
        executor: EventLoopTaskExecutor
    ) {
        self.veto = veto
        self.gateway = gateway
        self.traffic = traffic
        self.ports = ports
        self.rules = rules
        self.executor = executor
        let start = ContinuousClock.now
        clock = { start.duration(to: .now) }
    }

    /// The conditions of a suspension's gate; none where it isn't on its way
    /// back.
    package func conditions(of number: Int) -> [GateCondition] {
        state.withLock { $0.running[number]?.run.conditions ?? [] }
    }

    /// Begins to count for the gates of suspensions that are new.
    ///
    /// - Returns: the suspensions in force, and the counts so far.
    @discardableResult
    package func note() -> (index: SuspensionIndex, totals: GateTraffic.Totals) {
        let index = veto.index
        // A suspended route's or key's candidates go on answering for others.
        let scopes = index.entries.flatMap(\.suspension.scopes).filter(\.isOfCandidates)
        traffic.count(!index.isEmpty, suspended: scopes.isEmpty ? [] : Set(gateway.candidates(of: scopes)))
        let totals = traffic.totals
        let numbers = Set(index.entries.map(\.suspension.number))
        state.withLock { state in
            state.routes = state.routes.filter { numbers.contains($0.key) }
            for number in numbers where state.routes[number] == nil { state.routes[number] = totals.routes }
            state.running = state.running.filter { numbers.contains($0.key) }
        }
        return (index, totals)
    }

    /// Does what is due at all gates.
    package func advance() async {
        let (index, totals) = note()
        let returning = index.entries.filter { $0.phase != .suspended }
        for entry in index.entries where entry.phase == .suspended {
            noteModels(entry.suspension)
            state.withLock { $0.running[entry.suspension.number] = nil }
        }
        guard !returning.isEmpty else { return }
        let passed = await passedDrills()
        for entry in returning { advance(entry, passed, totals) }
    }

    private func advance(_ entry: SuspensionIndex.Entry, _ passed: [String: Int], _ totals: GateTraffic.Totals) {
        let suspension = entry.suspension
        let number = suspension.number
        guard let standing = veto.machine.standing(of: number) else { return }
        let candidates = candidates(of: suspension)
        let known = state.withLock { $0.routes[number] ?? [:] }
        let conditions = conditions(suspension, standing, candidates, passed, totals.routes, known)
        let now = clock()
        let steps = state.withLock { state -> [GateRun.Step] in
            var running = state.running[number]
            if running?.attempt != standing.attempt { running = nil }
            var current =
                running
                ?? Running(
                    run: GateRun(candidates, rules: rules, isHalfOpen: entry.phase.isHalfOpen, at: now),
                    attempt: standing.attempt, candidates: totals.candidates)
            current.run.note(conditions)
            current.run.note(candidates: candidates, at: now)
            if current.run.isHalfOpen {
                current.run.note(letThrough: letThrough(candidates, totals.candidates, current.candidates))
            }
            let steps = current.run.steps(at: now)
            if steps.contains(where: \.isHalfOpen) { current.candidates = totals.candidates }
            state.running[number] = current
            return steps
        }
        for step in steps { perform(step, number) }
    }

    private func letThrough(
        _ candidates: [String], _ now: [String: GateTally], _ before: [String: GateTally]
    ) -> GateTally {
        candidates.reduce(into: GateTally()) { sum, candidate in
            let tally = (now[candidate] ?? GateTally()).since(before[candidate])
            sum.good += tally.good
            sum.bad += tally.bad
        }
    }

    private func perform(_ step: GateRun.Step, _ number: Int) {
        switch step {
        case .ask(let candidate): ask(candidate, number)
        case .halfOpen(let percent): veto.gate(number, .share(percent: percent))
        case .restored: veto.gate(number, .whole)
        case .failed(let reason): veto.gate(number, .failed(reason: reason))
        }
    }

    /// Asks without waiting for the answer, so that a silent candidate delays
    /// no other gate.
    private func ask(_ candidate: String, _ number: Int) {
        Task(executorPreference: executor) { [self] in
            let answer = await gateway.askAsGate(candidate, number: number, on: executor)
            let failure: String? =
                switch answer.result {
                case .answered: nil
                case .failed(let verdict, let status):
                    verdict.cause.rawValue + (status.map { " (status \($0))" } ?? "")
                case .inconclusive(let reason), .impossible(let reason): reason
                }
            let now = clock()
            state.withLock { $0.running[number]?.run.answered(candidate, failure: failure, at: now) }
        }
    }

    // MARK: What the conditions need

    private func conditions(
        _ suspension: Suspension, _ standing: SuspensionStanding, _ candidates: [String], _ passed: [String: Int],
        _ routes: [String: GateWindow], _ before: [String: GateWindow]
    ) -> [GateCondition] {
        let hit = gateway.standbys(of: suspension.scopes).map { route in
            GateRoute(
                name: route.route, hasStandby: !route.standbys.isEmpty, passed: passed[route.route],
                cutOver: (routes[route.route] ?? GateWindow()).since(before[route.route]))
        }
        let known = veto.models(of: suspension.number) ?? [:]
        let models = candidates.map { GateIdentity(candidate: $0, before: known[$0], now: ports.identity($0)) }
        return [
            GateConditions.standards(ports.standards.breaches(of: suspension)),
            GateConditions.drill(hit, since: suspension.ordered),
            GateConditions.sameModel(models, mayDiffer: standing.modelMayDiffer),
        ]
    }

    /// Takes note of the models that a suspension covers, while they are still
    /// those of before.
    private func noteModels(_ suspension: Suspension) {
        guard veto.models(of: suspension.number) == nil else { return }
        var models: [String: String] = [:]
        for candidate in candidates(of: suspension) { models[candidate] = ports.identity(candidate) }
        guard !models.isEmpty else { return }
        veto.note(models, of: suspension.number)
    }

    /// The most candidates that one gate asks.
    private static let mostCandidates = 32

    /// The candidates that a suspension stops, as `provider/model`.
    private func candidates(of suspension: Suspension) -> [String] {
        Array(gateway.candidates(of: suspension.scopes).prefix(Self.mostCandidates))
    }

    /// The start of the newest drill that each route has passed, in seconds
    /// since 1970.
    private func passedDrills() async -> [String: Int] {
        guard let drills = try? await ports.drills.drills(limit: 200) else { return [:] }
        var passed: [String: Int] = [:]
        for stored in drills {
            guard let drill = DrillView(json: stored.report.utf8), drill.verdict == .passed else { continue }
            passed[drill.route] = max(passed[drill.route] ?? 0, stored.started)
        }
        return passed
    }
}

extension SuspensionPhase {
    fileprivate var isHalfOpen: Bool {
        if case .halfOpen = self { return true }
        return false
    }
}

extension GateRun.Step {
    fileprivate var isHalfOpen: Bool {
        if case .halfOpen = self { return true }
        return false
    }
}
