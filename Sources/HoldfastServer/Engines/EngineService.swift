import CLinux
import Custody
package import EngineHost
package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization
import WeightSigning

/// The running engines, which may differ from the settings for a moment after an edit.
///
/// An engine whose settings an edit didn't change continues to run; one with changed settings is started again; one
/// that was removed is ended. An engine that is to be replaced is ended first, because its socket and its memory are
/// needed.
package final class EngineService: Service {
    private struct Running {
        var configuration: EngineConfiguration
        var supervisor: EngineProcess
        var task: Task<Void, Never>
    }

    private let engines = Mutex<[String: Running]>([:])
    /// Engines that are run elsewhere, and that administrators see among these.
    private let shown = Mutex<[String: EngineProcess]>([:])
    private let logger: Logger
    private let group: any EventLoopGroup
    private let custody: CustodyService
    private let hide: @Sendable () -> Bool
    /// Open once all listeners listen: an engine costs memory and minutes, and
    /// is not started for a Holdfast that can't serve.
    private let mayBegin = Openings(expected: 1)

    /// - Parameter hide: keeps other processes of this user from looking into
    ///   this one; returns whether that holds.
    package init(
        custody: CustodyService, logger: Logger, group: any EventLoopGroup,
        hide: @escaping @Sendable () -> Bool = { clinux_hide() == 0 }
    ) {
        self.custody = custody
        self.hide = hide
        self.logger = logger
        self.group = group
    }

    /// The supervisor of the engine that is configured so, started if need be.
    package func engine(_ configuration: EngineConfiguration) -> EngineProcess {
        engines.withLock { engines in
            let old = engines[configuration.provider]
            if let old, old.configuration == configuration { return old.supervisor }
            // It holds the weights, too, and the keys that open them.
            if !hide() { logger.warning("other processes of Holdfast's user can look into it") }
            let supervisor = EngineProcess(
                configuration,
                load: { [custody] configuration throws(CustodyProblem) in try await custody.load(configuration) },
                stillStands: { [custody] configuration, expected throws(CustodyProblem) in
                    try await custody.expectation(of: configuration) == expected
                },
                logger: logger, told: { [custody] in custody.note($0) },
                standing: custody.standing(of: configuration.provider), eventLoopGroup: group)
            let task = Task { [mayBegin] in
                if let old {
                    old.task.cancel()
                    await old.task.value
                }
                await mayBegin.all()
                guard mayBegin.isComplete else { return }
                await supervisor.run()
            }
            engines[configuration.provider] = Running(configuration: configuration, supervisor: supervisor, task: task)
            return supervisor
        }
    }

    /// Lets engines start, those to come as well.
    func begin() { mayBegin.one() }

    /// Returns when engines may start.
    /// - Returns: False if they never may, or the task was cancelled.
    func mayRun() async -> Bool {
        await mayBegin.all()
        return mayBegin.isComplete && !Task.isCancelled
    }

    /// Shows administrators an engine that is run elsewhere; nil shows it no
    /// more.
    func show(_ engine: EngineProcess?, as name: String) { shown.withLock { $0[name] = engine } }

    /// As ``EngineProcess/admitPeer(of:)``, for the engine that a provider
    /// has at the moment.
    func admitPeer(of channel: any Channel, at provider: String) -> EventLoopFuture<Void> {
        guard let engine = engines.withLock({ $0[provider]?.supervisor }) else {
            return channel.close().flatMapThrowing { throw NotTheEngine() }
        }
        return engine.admitPeer(of: channel)
    }

    /// Calls it whenever a provider's weights were verified, before anybody is
    /// served by them; in place of what was set before.
    func whenVerified(_ provider: String, _ action: @escaping @Sendable () async -> Void) {
        custody.whenVerified(provider, action)
    }

    /// The content of a model's signatures, if the model is signed and they verify; nil otherwise.
    func signatures(
        of configuration: EngineConfiguration
    ) async -> (root: ContentDigest, terms: CustodyTerms?)? {
        guard let source = configuration.weights.signed else { return nil }
        return await custody.signed.standing(source, model: configuration.alias)
    }

    /// An administrator lets a quarantined model be loaded again.
    package func lift(_ provider: String, model: String) {
        guard let engine = supervisors.first(where: { $0.provider == provider })?.engine, engine.model == model,
            custody.isQuarantined(provider)
        else { return }
        custody.forgetChange(of: provider)
        engine.lift()
    }

    /// The hosted models that are in quarantine.
    package var quarantined: [(provider: String, model: String)] {
        supervisors.filter { custody.isQuarantined($0.provider) }.map { ($0.provider, $0.engine.model) }
    }

    /// Ends the engines of all other providers.
    package func keep(only providers: Set<String>) {
        engines.withLock { engines in
            for (name, running) in engines where !providers.contains(name) {
                running.task.cancel()
                engines[name] = nil
            }
        }
    }

    func status(of provider: String) -> EngineStatus? {
        engines.withLock { $0[provider]?.supervisor.status }
    }

    /// The running engines, by provider.
    var supervisors: [(provider: String, engine: EngineProcess)] {
        let own = engines.withLock { $0.mapValues(\.supervisor) }
        return shown.withLock { $0 }.merging(own) { $1 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Engines that can't serve yet, with the reason.
    var unready: [String] {
        supervisors.compactMap { name, engine in
            switch engine.state {
            case .ready: nil
            case .starting: "\(name): the engine is starting"
            case .failed(let reason, _): "\(name): \(reason)"
            case .stopped: "\(name): the engine is stopped"
            }
        }
    }

    /// Ends all engines when the process shuts down, after the requests.
    package func run() async throws {
        try? await gracefulShutdown()
        let running = engines.withLock { Array($0.values) }
        for engine in running { engine.task.cancel() }
        for engine in running { await engine.task.value }
    }
}
