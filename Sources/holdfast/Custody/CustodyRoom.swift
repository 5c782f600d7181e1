import Custody
import EngineHost
import FoundationEssentials
import Glibc
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

    private let folder: String
    private let manifests: DevelopmentManifests
    let signed: SignedManifests
    private let told = Mutex(Told())
    private let renewals = Mutex<[String: @Sendable () -> Void]>([:])

    /// - Parameter folder: of the development manifests.
    init(folder: String, store: Store) {
        self.folder = folder
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

    private func path(of provider: String) -> String { "\(folder)/\(provider).changed" }

    /// How weights stood when they were found changed in memory last.
    func standing(of provider: String) -> ScrubPolicy.Standing {
        guard let text = try? String(contentsOfFile: path(of: provider), encoding: .utf8) else {
            return access(path(of: provider), F_OK) == 0 ? .quarantined(since: Int(time(nil))) : .trusted
        }
        let words = text.split { $0.isWhitespace }
        // What can't be read was once written.
        guard words.count == 2, let since = Int(words[0]) else { return .quarantined(since: Int(time(nil))) }
        return words[1] == ScrubPolicy.Verdict.reload.rawValue ? .suspect(since: since) : .quarantined(since: since)
    }

    func isQuarantined(_ provider: String) -> Bool {
        if case .quarantined = standing(of: provider) { true } else { false }
    }

    private func remember(_ change: CustodyEvent.Change) {
        mkdir(folder, 0o700)
        try? "\(change.time) \(change.verdict.rawValue)\n"
            .write(toFile: path(of: change.provider), atomically: true, encoding: .utf8)
    }

    func forgetChange(of provider: String) { unlink(path(of: provider)) }

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
