import Custody
import EngineHost
import Glibc
import Logging
import Store
import Synchronization

/// How hosted models come to their weights, and who is told what becomes of
/// them.
final class CustodyRoom: Sendable {
    typealias Listener = @Sendable (CustodyEvent) -> Void

    private struct Told {
        var listeners: [Listener] = []
        /// What happened before somebody who listens was there.
        var early: [CustodyEvent] = []
    }

    private let store: Store
    private let logger: Logger
    private let manifests: DevelopmentManifests
    let signed: SignedManifests
    private let told = Mutex(Told())
    /// How weights stand that changed in this process: also where that can't be
    /// kept.
    private let changed = Mutex<[String: ScrubPolicy.Standing]>([:])
    private let renewals = Mutex<[String: @Sendable () -> Void]>([:])

    /// - Parameter folder: of the development manifests.
    init(folder: String, store: Store, logger: Logger) {
        self.store = store
        self.logger = logger
        signed = SignedManifests(store: store)
        manifests = DevelopmentManifests(folder: folder)
    }

    /// The weights of an engine, in sealed memory. Blocks.
    func load(_ configuration: EngineConfiguration) throws(CustodyProblem) -> SealedWeights {
        let sealed = try SealedWeights.load(configuration.weights, try expectation(of: configuration))
        renewals.withLock { $0[configuration.provider] }?()
        return sealed
    }

    /// What an engine's weights have to be, by what is signed now, or by what
    /// lay there first. Blocks.
    func expectation(of configuration: EngineConfiguration) throws(CustodyProblem) -> ExpectedWeights {
        if let source = configuration.weights.signed {
            return try signed.expected(configuration.weights, source, model: configuration.alias)
        }
        return try manifests.expected(
            configuration.weights, name: configuration.provider, model: configuration.alias)
    }

    func note(_ event: CustodyEvent) {
        if case .changed(let change) = event { remember(change) }
        let listeners = told.withLock { told in
            if told.early.count < 64 { told.early.append(event) }
            return told.listeners
        }
        for listener in listeners { listener(event) }
    }

    // MARK: What a restart must not forget

    /// How weights stood when they were found changed in memory last.
    func standing(of provider: String) -> ScrubPolicy.Standing {
        if let standing = changed.withLock({ $0[provider] }) { return standing }
        do throws(StoreError) {
            guard let scrub = try store.scrub(of: provider) else { return .trusted }
            return standing(ScrubPolicy.Verdict(rawValue: scrub.verdict), since: Int(scrub.time))
        } catch {
            logger.error(
                "whether weights have changed in memory can't be read: the model is in quarantine",
                metadata: ["provider": "\(provider)", "problem": "\(error.message)"])
            return .quarantined(since: Int(time(nil)))
        }
    }

    /// - Parameter verdict: nil is one that this version doesn't know.
    private func standing(_ verdict: ScrubPolicy.Verdict?, since: Int) -> ScrubPolicy.Standing {
        verdict == .reload ? .suspect(since: since) : .quarantined(since: since)
    }

    func isQuarantined(_ provider: String) -> Bool {
        if case .quarantined = standing(of: provider) { true } else { false }
    }

    private func remember(_ change: CustodyEvent.Change) {
        changed.withLock { $0[change.provider] = standing(change.verdict, since: change.time) }
        do throws(StoreError) {
            try store.saveScrub(
                of: change.provider, StoredScrub(time: Int64(change.time), verdict: change.verdict.rawValue))
        } catch {
            logger.error(
                "that weights have changed in memory can't be remembered: a restart would load them as if they had not",
                metadata: ["provider": "\(change.provider)", "problem": "\(error.message)"])
        }
    }

    func forgetChange(of provider: String) {
        changed.withLock { $0[provider] = .trusted }
        do throws(StoreError) {
            try store.forgetScrub(of: provider)
        } catch {
            logger.error(
                "a quarantine is lifted, and that can't be remembered: it will be back after a restart",
                metadata: ["provider": "\(provider)", "problem": "\(error.message)"])
        }
    }

    // MARK: Who is told

    func whenVerified(_ provider: String, _ action: @escaping @Sendable () -> Void) {
        renewals.withLock { $0[provider] = action }
    }

    /// Calls it for all that happens, and for what has happened so far.
    func listen(_ listener: @escaping Listener) {
        let early = told.withLock { told in
            told.listeners.append(listener)
            return told.early
        }
        for event in early { listener(event) }
    }
}
