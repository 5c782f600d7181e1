package import Gateway
package import Logging
import Synchronization
package import Veto
package import VetoSpool

/// The veto of a running Holdfast: the state of all suspensions and of the
/// roster, out of the spool, the storage and the ledger together.
///
/// A look at the spool takes what is new in it: statements are verified and
/// change the state at once, under a lock that nothing waits for a disk in.
/// What has changed is kept by ``VetoKeeping`` and told as ``ServerEvent``.
package final class VetoService: SuspensionSource {
    /// The state of a look.
    struct State {
        var desk: VetoDesk
        var mark: SpoolMark
        /// As of the desk's last change.
        var index: SuspensionIndex
        /// The problems of the spool and of the record that were told.
        var problems: [String] = []
        /// The files that were taken or refused last, the newest last.
        var recent: [Outcome] = []
    }

    /// A file of the spool that was taken or refused.
    package struct Outcome: Sendable, Hashable {
        /// SHA-256 of the file, in hexadecimal digits.
        package var file: String
        /// Nil where it was taken.
        package var refusal: VetoRefusal?
    }

    private let state: Mutex<State>
    private let reader: SpoolReader
    private let clock: VetoClock
    private let events: ServerEvents
    private let log: VetoLog
    package let keeping: VetoKeeping
    /// An element for each change of the index that a look on another thread
    /// has made, for the one who applies it.
    let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    init(
        _ state: consuming State, reader: SpoolReader, keeping: VetoKeeping, clock: VetoClock, events: ServerEvents,
        logger: Logger
    ) {
        self.state = Mutex(state)
        self.reader = reader
        self.keeping = keeping
        self.clock = clock
        self.events = events
        log = VetoLog(logger)
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: The gateway's port

    package func renew(_ known: SuspensionIndex) -> SuspensionIndex {
        look()
        let index = self.index
        return index.version == known.version ? known : index
    }

    package func note(_ event: PermitEvent) { events.send(.permit(event)) }

    // MARK: What is known

    /// The suspensions that are in force.
    package var index: SuspensionIndex { state.withLock { $0.index } }

    /// The machine, as it is now.
    package var machine: VetoMachine { state.withLock { $0.desk.machine } }

    /// The problems of the spool and of the record since the start, the newest
    /// last; a hundred at most.
    package var problems: [String] { state.withLock { $0.problems } }

    /// The statements about a suspension, in the order in which they were taken.
    package func statements(about number: Int) -> [TakenStatement] {
        state.withLock { $0.desk.statements.filter { $0.numbers.contains(number) } }
    }

    /// The files that were taken or refused last, the newest last: two hundred
    /// at most, as one may have come just before the look that asks.
    package var recent: [Outcome] { state.withLock { $0.recent } }

    package var now: VetoTime { clock.now }
    package var boot: String { clock.boot }

    // MARK: Changes

    /// Looks into the spool now.
    /// - Returns: the findings there.
    @discardableResult
    package func look() -> VetoStep {
        let now = clock.now
        return change { state in
            let (files, problems) = reader.news(since: &state.mark)
            guard !files.isEmpty || !problems.isEmpty else { return nil }
            var step = state.desk.take(files, at: now)
            step.problems += problems.map(\.description)
            return step
        }
    }

    /// Gives the spool back what somebody has taken out of it; nothing where it
    /// has all. To be called again until it has.
    package func mend() async {
        let (hasLost, desk) = state.withLock { ($0.mark.hasLost, $0.desk) }
        guard hasLost else { return }
        let mended = await keeping.mendSpool(
            isOwn: { desk.isOwn($0) }, waiting: desk.waitingFiles, least: desk.nextNumber)
        guard let mended else { return }
        state.withLock { $0.mark.forgetLoss() }
        if mended > 0 {
            tell(
                "\(mended) files were gone from the spool; they are written again out of the record: see who may write there"
            )
        }
    }

    /// Does what is due by the clocks.
    package func tick() {
        let now = clock.now
        change { $0.desk.tick(at: now) }
    }

    /// Takes a result of the gate.
    package func gate(_ number: Int, _ result: GateResult) {
        let now = clock.now
        change { $0.desk.gate(number, result, at: now) }
    }

    /// Takes a standard's word that it has been green for long enough.
    package func green(_ number: Int) {
        let now = clock.now
        change { $0.desk.green(number, at: now) }
    }

    /// Takes note of the models that a suspension covers, as they are now, so
    /// that the gate can compare them; nothing where that was noted before.
    package func note(_ models: [String: String], of number: Int) {
        let now = clock.now
        change { state in
            guard state.desk.models(of: number) == nil else { return nil }
            return state.desk.note(models, of: number, at: now)
        }
    }

    /// The identities of the models that a suspension covers, as they were when
    /// it was ordered; nil where nothing was noted.
    package func models(of number: Int) -> [String: String]? { state.withLock { $0.desk.models(of: number) } }

    /// Orders a suspension for a standard; it is in force for the gateway with
    /// the next look, at once where somebody waits for ``changes``.
    ///
    /// - Parameter suspension: an order whose number and its roster are given here.
    /// - Returns: the suspension as it was ordered; nil where it was refused,
    ///   which the log and the ledger say.
    package func order(_ suspension: Suspension) async -> Suspension? {
        let least = state.withLock { $0.desk.nextNumber }
        var numbered = suspension
        numbered.number = await keeping.takeNumber(least: least) ?? least
        let now = clock.now
        var ordered: Suspension?
        change { state in
            let (step, taken) = state.desk.order(numbered, at: now)
            ordered = taken
            return step
        }
        return ordered
    }

    /// Changes the state, and then tells and keeps what has come of it.
    @discardableResult
    private func change(_ body: (inout State) -> VetoStep?) -> VetoStep {
        let (step, isNew) = state.withLock { state -> (VetoStep?, Bool) in
            guard let step = body(&state) else { return (nil, false) }
            state.problems = (state.problems + step.problems).suffix(100)
            let outcomes =
                step.taken.map { Outcome(file: $0) }
                + step.refused.map { Outcome(file: $0.file, refusal: $0.reason) }
            state.recent = (state.recent + outcomes).suffix(200)
            let before = state.index.version
            // Under the lock, so that entries are kept, and events told, in the
            // order of the changes.
            publish(step)
            let index = state.desk.machine.index
            if index.version != before { state.index = index }
            return (step, index.version != before)
        }
        if isNew { changed.yield() }
        return step ?? VetoStep()
    }

    private func publish(_ step: VetoStep) {
        keeping.keep(step.records)
        for occurrence in step.occurrences {
            log.log(occurrence)
            events.send(.veto(occurrence))
        }
        for problem in step.problems {
            log.log(problem)
            events.send(.vetoProblem(problem))
        }
    }

    /// Tells of what the start has found.
    func begin(_ step: VetoStep) {
        events.send(.vetoBegan(boot: clock.boot, tick: clock.now.boot))
        publish(step)
    }

    /// Tells of a problem that isn't one of the spool or the record.
    func tell(_ problem: String) {
        log.log(problem)
        events.send(.vetoProblem(problem))
    }
}
