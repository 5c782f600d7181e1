import Failures
import Gateway
import Logging
import Resilience
import Store
import Synchronization

/// A listener to what becomes of holds. Must not block.
protocol HealthListener: Sendable {
    func note(_ changes: [HealthChange])
    func noteProbe(_ place: Place, _ result: ProbeResult)
}

/// Writes down what a restart must not forget, and tells the operator.
///
/// Changes go through one writer, in order, and are written before the
/// request that brought them moves on: a process that is killed right after
/// must not call a dead model again. They are rare. A disk that can't be written is told, and traffic goes on with
/// what is in memory.
final class HoldKeeper: ContinuityKeeper {
    private let store: Store
    private let logger: Logger
    /// Who else is told; set once they are there.
    let listeners = Mutex<[any HealthListener]>([])
    private let queue: Mutex<(waiting: [@Sendable () throws(StoreError) -> Void], isRunning: Bool)>

    init(store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
        queue = Mutex(([], false))
    }

    func note(_ changes: [HealthChange], _ now: Moment) {
        for listener in listeners.withLock({ $0 }) { listener.note(changes) }
        for change in changes {
            switch change {
            case .placed(let hold):
                tell(hold, placed: true)
                save(hold)
            case .changed(let hold): save(hold)
            case .lifted(let hold, let by):
                logger.notice("hold lifted", metadata: Self.metadata(hold).merging(["by": "\(by)"]) { $1 })
                if hold.isPersistent { write { [store] () throws(StoreError) in try store.removeHold(hold.id) } }
            case .returned(let back):
                logger.notice(
                    "what was held is back; routes with `return:` after-drill or by-hand ask it last for now",
                    metadata: Self.metadata(back.hold))
                write { [store] () throws(StoreError) in try store.save(StoredHold(back)) }
            case .released(let back, let by):
                logger.notice("let serve again", metadata: Self.metadata(back.hold).merging(["by": "\(by)"]) { $1 })
                write { [store] () throws(StoreError) in try store.removeHold(back.hold.id) }
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
    }

    func noteAnswered(_ model: ServedModel, _ now: Moment) {
        write { [store] () throws(StoreError) in try store.noteAnswered(model.host, model.model, at: now.unix) }
    }

    func noteProbe(_ place: Place, _ result: ProbeResult) {
        for listener in listeners.withLock({ $0 }) { listener.noteProbe(place, result) }
    }

    private func tell(_ hold: Hold, placed: Bool) {
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

    private func save(_ hold: Hold) {
        guard hold.isPersistent else { return }
        write { [store] () throws(StoreError) in try store.save(StoredHold(hold)) }
    }

    // MARK: One writer, in order

    private func write(_ work: @escaping @Sendable () throws(StoreError) -> Void) {
        let mustStart = queue.withLock { state in
            state.waiting.append(work)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { drain() }
    }

    private func drain() {
        while let work = next() {
            do throws(StoreError) {
                try work()
            } catch {
                logger.error(
                    "what Holdfast should remember can't be written; it goes on from memory",
                    metadata: ["problem": "\(error.message)"])
            }
        }
    }

    private func next() -> (@Sendable () throws(StoreError) -> Void)? {
        queue.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    /// Returns once everything noted so far is written.
    func settle() {
        while let work = next() { try? work() }
    }
}

extension StoredHold {
    init(_ hold: Hold) {
        self.init(
            id: hold.id, cause: hold.ground.rawValue, scope: hold.scope.rawValue, host: hold.host,
            credential: hold.credential, model: hold.model, provider: hold.provider,
            firmness: hold.firmness.rawValue, origin: hold.origin.rawValue, name: hold.name, since: hold.since,
            words: hold.words, rule: hold.rule, status: hold.status, acknowledgedBy: hold.acknowledgedBy,
            reason: hold.reason)
    }

    init(_ back: ReturnedHold) {
        self.init(back.hold)
        returned = back.since
        returnedByHand = back.isByHand
        drilled = back.drilled.sorted().joined(separator: "\n")
    }

    /// Nil where it holds, or as with ``hold``.
    var returnedHold: ReturnedHold? {
        guard let returned, let hold else { return nil }
        return ReturnedHold(
            hold: hold, since: returned, isByHand: returnedByHand,
            drilled: Set(drilled.split(separator: "\n").map(String.init)))
    }

    /// Nil if a newer Holdfast wrote words that this one doesn't know.
    var hold: Hold? {
        guard let written = HoldGround(rawValue: cause), let scope = Scope(rawValue: scope),
            let firmness = Hold.Firmness(rawValue: firmness), let origin = Hold.Origin(rawValue: origin)
        else { return nil }
        // Versions before this one wrote an administrator's hold as a
        // withdrawal.
        let ground = origin == .administrator ? HoldGround.byHand : written
        return Hold(
            id: id, ground: ground, scope: scope, host: host, credential: credential, model: model, provider: provider,
            firmness: firmness, origin: origin, name: ground == .byHand ? ground.rawValue : name, since: since,
            words: words, rule: rule, status: status, acknowledgedBy: acknowledgedBy, reason: reason)
    }
}
