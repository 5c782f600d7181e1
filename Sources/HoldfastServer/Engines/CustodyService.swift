package import Custody
package import EngineHost
package import Logging
package import Storage
import Synchronization
package import WeightSigning

/// The way of hosted models to their weights, and the memory of weights that
/// have changed.
package final class CustodyService: Sendable {
    private let logger: Logger
    private let events: ServerEvents
    private let manifests: DevelopmentManifests
    package let signed: SignedManifests
    /// The standing of weights by provider; weights that aren't listed are trusted.
    private let changed: Mutex<[String: ScrubPolicy.ScrubState]>
    private let claims = Mutex(RoleClaims())
    private let renewals = Mutex<[String: @Sendable () async -> Void]>([:])
    private let writer: DurableWriter<String, StoredScrub?>

    /// - Parameters:
    ///   - folder: the folder of the development manifests.
    ///   - scrubs: the findings of earlier processes.
    ///   - clock: seconds since 1970.
    package init(
        folder: String, memory: any CustodyMemory, scrubs: [String: StoredScrub], events: ServerEvents, logger: Logger,
        options: DurableWriter<String, StoredScrub?>.Options = .init(),
        clock: @escaping @Sendable () -> Int = { SystemClock.seconds() }
    ) {
        self.logger = logger
        self.events = events
        signed = SignedManifests(memory: memory, clock: clock)
        manifests = DevelopmentManifests(folder: folder)
        changed = Mutex(
            scrubs.mapValues { Self.standing(ScrubPolicy.Verdict(rawValue: $0.verdict), since: Int($0.time)) })
        writer = DurableWriter("weights that changed in memory", logger: logger, options: options) {
            writes throws(StorageError) in
            for (provider, scrub) in writes { try await memory.saveScrub(of: provider, scrub) }
        }
    }

    /// Writes what has changed until the task is cancelled.
    package func run() async { await writer.run() }

    /// The weights of an engine, in sealed memory.
    ///
    /// - Throws: ``CustodyProblem`` also where another engine has the same
    ///   weights in another role: none supervises itself.
    package func load(
        _ configuration: EngineConfiguration, as role: CustodyRole = .primary
    ) async throws(CustodyProblem) -> SealedWeights {
        let sealed = try SealedWeights.load(
            configuration.weights, try await expectation(of: configuration, as: role), as: role.expected)
        let digests = Set(sealed.files.map(\.sha256))
        try claims.withLock { claims throws(CustodyProblem) in
            try claims.claim(digests, for: configuration.provider, as: role.expected)
        }
        await renewals.withLock { $0[configuration.provider] }?()
        return sealed
    }

    /// The expectation of an engine's weights, by the signatures of now, or by
    /// the files of the first time.
    package func expectation(
        of configuration: EngineConfiguration, as role: CustodyRole = .primary
    ) async throws(CustodyProblem) -> ExpectedWeights {
        if let source = configuration.weights.signed {
            return try await signed.expected(configuration.weights, source, model: configuration.alias, role: role)
        }
        guard role == .primary else {
            throw CustodyProblem(
                .manifest, "the weights of a \(role.rawValue) are not signed",
                remedy:
                    "sign them with `holdfast weights sign --role \(role.rawValue)`, and name the key in the settings")
        }
        return try manifests.expected(
            configuration.weights, name: configuration.provider, model: configuration.alias)
    }

    package func note(_ event: CustodyEvent) {
        if case .changed(let change) = event {
            remember(
                Self.standing(change.verdict, since: change.time), of: change.provider,
                StoredScrub(time: Int64(change.time), verdict: change.verdict.rawValue))
        }
        events.send(.custody(event))
    }

    // MARK: Memory

    /// The standing of a provider's weights.
    package func standing(of provider: String) -> ScrubPolicy.ScrubState {
        changed.withLock { $0[provider] } ?? .trusted
    }

    package func isQuarantined(_ provider: String) -> Bool {
        if case .quarantined = standing(of: provider) { true } else { false }
    }

    /// Ends a quarantine.
    package func forgetChange(of provider: String) { remember(.trusted, of: provider, nil) }

    private func remember(_ standing: ScrubPolicy.ScrubState, of provider: String, _ scrub: StoredScrub?) {
        changed.withLock { $0[provider] = standing }
        writer.owe([(provider, scrub)], isUrgent: true)
    }

    /// - Parameter verdict: nil is one that this version doesn't know: a person
    ///   has to look.
    private static func standing(_ verdict: ScrubPolicy.Verdict?, since: Int) -> ScrubPolicy.ScrubState {
        switch verdict {
        case .reload: .suspect(since: since)
        case .quarantine, nil: .quarantined(since: since)
        }
    }

    /// Has an action carried out whenever a provider's weights were verified,
    /// before they serve; in place of an earlier one.
    package func whenVerified(_ provider: String, _ action: @escaping @Sendable () async -> Void) {
        renewals.withLock { $0[provider] = action }
    }
}
