import AdminAPI
import EngineHost
import Files
import Gateway
import Logging
import ServiceLifecycle
import Settings
import Synchronization
import Veto

/// The standards of a running Holdfast: judged every few seconds, and carried
/// out through the keeper of suspensions.
final class StandardsService: ServerEventSubscriber, Service {
    /// A judgement as it stands.
    struct Standing: Sendable {
        var standard: Standard
        var scope: SuspendedScope
        var verdict: StandardVerdict
    }

    /// Parts that stay the same while it runs.
    struct Parts: Sendable {
        var gateway: Gateway
        var settings: CurrentSettings
        var evidence: StandardEvidence
        var hosted: HostedEvidence
        var questions: ModelQuestions
        /// Nil where nothing can be suspended: every breach is a warning then.
        var orders: (any StandardOrders)?
    }

    private struct State {
        var machine: StandardsMachine
        var file = StandardsFile()
        /// The file that ``file`` was read from, and its stamp.
        var path: String?
        var stamp: FileStamp?
        var standings: [Standing] = []
        /// The time of the last round, in seconds since 1970.
        var judged: Int?
    }

    static let period = Duration.seconds(5)

    private let parts: Parts
    private let notices: StandardNotices
    private let clock: PermitClock
    private let logger: Logger
    private let state: Mutex<State>
    /// One round at a time: an event may ask for one of its own.
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    init(
        _ parts: Parts, notices: StandardNotices, clock: PermitClock = .system, logger: Logger,
        nonce: @escaping @Sendable () -> String
    ) {
        self.parts = parts
        self.notices = notices
        self.clock = clock
        self.logger = logger
        state = Mutex(State(machine: StandardsMachine(nonce: nonce)))
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    private var now: VetoTime { VetoTime(wall: clock.wall(), boot: clock.boot()) }

    // MARK: Running

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for (place, time) in await parts.orders?.returns() ?? [] {
                state.withLock { $0.machine.remember(returnOf: place, at: time) }
            }
            await withDiscardingTaskGroup { group in
                group.addTask { [self] in
                    while !Task.isCancelled {
                        waker.yield()
                        try? await Task.sleep(for: Self.period)
                    }
                    waker.finish()
                }
                for await _ in wake {
                    for due in await judge() {
                        group.addTask { [self] in await parts.questions.ask(due, clock: clock.wall) }
                    }
                }
                group.cancelAll()
            }
        }
    }

    func receive(_ event: ServerEvent) async {
        guard case .custody(let event) = event else { return }
        parts.hosted.note(event)
        switch event {
        // An engine that is loaded anew before the next round has changed all
        // the same.
        case .changed, .refused: waker.yield()
        case .verified, .loaded, .impostor: break
        }
    }

    /// Judges every standard once, and carries out what follows.
    /// - Returns: the questions that are to be asked now.
    func judge() async -> [ModelQuestions.Due] {
        reload()
        let now = now
        let members = StandardMembers(parts.gateway, suspended: parts.orders?.suspended ?? SuspensionIndex())
        parts.evidence.look(members, at: now)
        let standards = state.withLock { $0.file.standards }
        var standings: [Standing] = []
        var due: [ModelQuestions.Due] = []
        for standard in standards {
            for scope in standard.scopes(in: members.situation.routes) {
                let verdict = await parts.evidence.verdict(standard, scope, members, at: now)
                standings.append(Standing(standard: standard, scope: scope, verdict: verdict))
                due += parts.evidence.questions(standard, scope, members)
            }
        }
        parts.hosted.forgetChanges()
        let findings = standings.map { StandardFinding($0.standard, $0.scope, $0.verdict) }
        let (events, planned) = state.withLock { state in
            state.standings = standings
            state.judged = now.wall
            let events = state.machine.take(findings, in: members.situation, at: now)
            return (events, state.machine.planned(findings, in: members.situation, at: now))
        }
        // Without a veto no standard stops anything, so no stop is planned.
        parts.gateway.continuity.planned.replace(parts.orders == nil ? [] : planned)
        for event in events { await carryOut(event, standards) }
        return due.filter { parts.questions.begin($0, at: now) }
    }

    private func carryOut(_ event: StandardEvent, _ standards: [Standard]) async {
        switch event {
        case .order(let suspension, _, _): await parts.orders?.order(suspension)
        case .return(let number, _): await parts.orders?.returnByItself(number)
        case .breached, .warned, .needsPeople, .recovered, .unknown: break
        }
        notices.tell(event, standards, maySuspend: parts.orders != nil)
    }

    // MARK: The file

    /// Takes over an edit of the file, or another file. A broken one changes
    /// nothing.
    private func reload() {
        let settings = parts.settings.now
        guard let path = settings.standardsFile else {
            return state.withLock { state in
                state.file = StandardsFile()
                state.path = nil
                state.stamp = nil
            }
        }
        let stamp = (try? FileStamp.look(at: path)) ?? nil
        let isKnown = state.withLock { state in
            if state.path == path, state.stamp == stamp { return true }
            state.path = path
            state.stamp = stamp
            return false
        }
        guard !isKnown else { return }
        do throws(FileFault) {
            let (file, problems) = try StandardsFile.load(path, in: StandardsHouse(settings))
            for problem in problems {
                logger.log(
                    level: problem.severity == .error ? .error : .warning,
                    "the standards have a problem\(file == nil ? ", the old ones stay" : "")",
                    metadata: ["problem": "\(problem.told)"])
            }
            guard let file else { return }
            state.withLock { $0.file = file }
            logger.info("standards are in force", metadata: ["standards": "\(file.standards.count)"])
        } catch {
            logger.error("the standards can't be read, the old ones stay", metadata: ["problem": "\(error)"])
        }
    }

    // MARK: For others

    /// The judgements of the last round.
    var standings: [Standing] { state.withLock { $0.standings } }

    /// The standards that keep a suspension from returning: every one that is
    /// breached about what it covers, and the one that ordered it as long as it
    /// isn't met.
    func breaches(of suspension: Suspension) -> [String] {
        let members = StandardMembers(parts.gateway, suspended: parts.orders?.suspended ?? SuspensionIndex())
        return standings.compactMap { standing in
            let standard = standing.standard
            guard standard.consequence != .warn else { return nil }
            let isOwn = suspension.isOrdered(by: StandardPlace(standard.id, standing.scope))
            let isConcerned =
                isOwn || suspension.scopes.contains(standing.scope)
                || members.members(of: standing.scope).contains { member in
                    suspension.scopes.contains { $0.covers(member.subject) }
                }
            guard isConcerned else { return nil }
            switch standing.verdict.ruling {
            case .met: return nil
            case .unknown where !isOwn && standard.check.kind != .canary: return nil
            case .breached, .unknown:
                return "\(standard.id) (\(standing.scope.text)): \(standing.verdict.evidence)"
            }
        }
    }

    /// The auditor's table.
    var view: StandardsView {
        let suspended = parts.orders?.suspended ?? SuspensionIndex()
        let (standings, judged) = state.withLock { ($0.standings, $0.judged) }
        return StandardsView(
            standings.map { standing in
                StandardView(
                    standing.standard, standing.scope, standing.verdict, at: now.wall,
                    suspension: suspended.entries.first {
                        $0.suspension.isOrdered(by: StandardPlace(standing.standard.id, standing.scope))
                    })
            }, file: parts.settings.now.standardsFile, judged: judged)
    }
}
