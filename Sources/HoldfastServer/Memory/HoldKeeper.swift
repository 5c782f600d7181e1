import Failures
package import Gateway
package import Logging
package import Resilience
package import Storage
package import Telemetry

/// The keeper of holds: everything that a restart must not forget goes to the storage, and every change goes to the log
/// and to the server's events.
///
/// A lasting hold is on disk before the request that met it goes on to its next attempt, which waits for that at most
/// 100 ms (``untilDurable(_:)``). A disk that can't be written delays no request further: holds remain in memory, and
/// are written when the disk works again.
package final class HoldKeeper: ContinuityKeeper {
    private let logger: Logger
    private let events: ServerEvents
    private let holds: DurableWriter<String, HoldChange>
    private let answers: DurableWriter<ServedModel, StoredAnswer>

    package init(
        memory: any HealthMemory, events: ServerEvents, logger: Logger,
        options: DurableWriter<String, HoldChange>.Options = .init()
    ) {
        self.logger = logger
        self.events = events
        holds = DurableWriter("holds", logger: logger, options: options) { writes throws(StorageError) in
            try await memory.apply(writes.map(\.1))
        }
        answers = DurableWriter("times of first answers", logger: logger) { writes throws(StorageError) in
            try await memory.noteAnswered(writes.map(\.1))
        }
    }

    /// Writes until the task is cancelled, and then what is still owed.
    package func run() async {
        async let first: Void = holds.run()
        async let second: Void = answers.run()
        _ = await (first, second)
    }

    /// A sentence for the end of a process that can't write any more; nil
    /// where nothing is owed.
    var lastWords: String? {
        let owed = holds.owed
        return owed > 0 ? "holds were never written, and a restart will not know them: \(owed)" : nil
    }

    package func register(in registry: PrometheusRegistry) {
        registry.addGauge("holdfast_holds_owed_to_disk") { [holds] in Double(holds.owed) }
        registry.addGauge("holdfast_hold_writes_late") { [holds] in Double(holds.late) }
    }

    // MARK: Taking note

    package func note(_ changes: [HealthChange], _ now: Moment) -> KeeperTicket? {
        var writes: [(String, HoldChange)] = []
        var mustLast = false
        for change in changes {
            log(change)
            guard let write = Self.write(change) else { continue }
            writes.append(write)
            if Self.mustLast(change) { mustLast = true }
        }
        events.send(.health(changes))
        guard !writes.isEmpty else { return nil }
        // Written at once, together with all that comes while the disk writes;
        // but only what lasts is waited for.
        let ticket = holds.owe(writes, isUrgent: true)
        return mustLast ? KeeperTicket(number: ticket.number) : nil
    }

    package func untilDurable(_ ticket: KeeperTicket) async {
        await holds.untilWritten(WriteTicket(number: ticket.number))
    }

    package func noteAnswered(_ model: ServedModel, _ now: Moment) {
        answers.owe(
            [(model, StoredAnswer(host: model.host, model: model.model, at: now.unix))], isUrgent: false)
    }

    package func noteProbe(_ place: Target, _ result: ProbeResult) { events.send(.probe(place, result)) }

    private static func write(_ change: HealthChange) -> (String, HoldChange)? {
        switch change {
        case .placed(let hold), .changed(let hold), .acknowledged(let hold):
            hold.isPersistent ? (hold.id, .save(StoredHold(hold))) : nil
        case .lifted(let hold, _): hold.isPersistent ? (hold.id, .remove(id: hold.id)) : nil
        case .returned(let back): (back.hold.id, .save(StoredHold(back)))
        case .released(let back, _): (back.hold.id, .remove(id: back.hold.id))
        case .answersAgain, .contradicted, .flapping, .opened, .closed: nil
        }
    }

    /// Tells whether a restart right after must know the change: a hold that
    /// lasts, and the end of one.
    private static func mustLast(_ change: HealthChange) -> Bool {
        switch change {
        case .placed(let hold), .changed(let hold), .acknowledged(let hold), .lifted(let hold, _):
            hold.firmness == .lasting
        case .returned, .released: true
        case .answersAgain, .contradicted, .flapping, .opened, .closed: false
        }
    }

    // MARK: The log

    private func log(_ change: HealthChange) {
        switch change {
        case .placed(let hold): log(placed: hold)
        case .changed(let hold) where hold.ground == .byHand: log(placed: hold)
        case .changed(let hold) where hold.firmness == .lasting:
            logger.warning("a suspicion is confirmed: the hold lasts", metadata: Self.metadata(hold))
        case .changed: break
        case .acknowledged(let hold):
            logger.notice(
                "hold acknowledged",
                metadata: Self.metadata(hold).merging(["by": "\(hold.acknowledgedBy ?? "")"]) { $1 })
        case .answersAgain(let hold):
            logger.warning(
                "a held model answers again; `holdfast restore` lets it serve", metadata: Self.metadata(hold))
        case .lifted(let hold, let by):
            logger.notice("hold lifted", metadata: Self.metadata(hold).merging(["by": "\(by)"]) { $1 })
        case .returned(let back):
            logger.notice(
                "a held model is back; routes with `return:` after-drill or by-hand ask it last for now",
                metadata: Self.metadata(back.hold))
        case .released(let back, let by):
            logger.notice("let serve again", metadata: Self.metadata(back.hold).merging(["by": "\(by)"]) { $1 })
        case .contradicted(let contradiction):
            logger.notice(
                "a verdict was not confirmed; for a while words alone hold nothing back there",
                metadata: Self.metadata(contradiction.hold).merging([
                    "by": "\(contradiction.by)", "remains": "\(contradiction.cause.rawValue)",
                ]) { $1 })
        case .flapping(let hold, let keys):
            logger.warning(
                """
                verdicts for several keys' requests were not confirmed, one after the other: the model may be \
                there for some and gone for others
                """,
                metadata: Self.metadata(hold).merging(["keys": "\(keys)"]) { $1 })
        case .opened(let key, let cause):
            logger.warning("breaker opened", metadata: ["breaker": "\(key)", "cause": "\(cause.rawValue)"])
        case .closed(let key): logger.notice("breaker closed", metadata: ["breaker": "\(key)"])
        }
    }

    private func log(placed hold: Hold) {
        guard hold.firmness != .timed else { return }
        // A bad key or an empty account is a person's job right now.
        let isLoud = hold.firmness == .lasting && (hold.cause == .credential || hold.cause == .exhausted)
        let advice: Logger.Message =
            switch (hold.ground, hold.firmness) {
            case (.byHand, _): "an administrator holds a model: nothing is sent to it until it is restored"
            case (_, .provisional) where hold.keys != nil:
                "a request was refused in words that could hold a model or key back; a probe finds out"
            case (_, .provisional) where hold.name == "misconfigured":
                "a model that has never answered is suspected: is its name right, and may this key use it?"
            case (_, .provisional):
                "a model or key is suspected: traffic moves to the next candidate, and a probe finds out"
            case (.failure(.credential), _):
                "a provider refuses its key: everything under it is held until it is changed"
            default: "traffic is held back from a model or key, and moves to the next candidate"
            }
        logger.log(level: isLoud ? .error : .warning, advice, metadata: Self.metadata(hold))
    }

    private static func metadata(_ hold: Hold) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "hold": "\(hold.id)", "cause": "\(hold.ground.rawValue)", "scope": "\(hold.scope.rawValue)",
            "provider": "\(hold.provider)", "model": "\(hold.model)", "firmness": "\(hold.firmness.rawValue)",
            "words": "\(hold.words)",
        ]
        if hold.ground == .byHand {
            metadata["by"] = "\(hold.acknowledgedBy ?? "")"
            metadata["reason"] = "\(hold.reason ?? "")"
        }
        return metadata
    }
}
