import EngineHost
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The engines that run, whatever the settings say at the moment.
///
/// An engine whose settings an edit leaves as they were runs on; one that
/// changed is started anew; one that is gone is ended. An engine that is to
/// be replaced is ended first: its socket and its memory are needed.
final class EngineRoom: Service {
    private struct Running {
        var configuration: EngineConfiguration
        var supervisor: EngineSupervisor
        var task: Task<Void, Never>
    }

    private let engines = Mutex<[String: Running]>([:])
    private let logger: Logger
    private let group: any EventLoopGroup

    init(logger: Logger, group: any EventLoopGroup) {
        self.logger = logger
        self.group = group
    }

    /// The supervisor of the engine that is configured so, started if need be.
    func engine(_ configuration: EngineConfiguration) -> EngineSupervisor {
        engines.withLock { engines in
            let old = engines[configuration.provider]
            if let old, old.configuration == configuration { return old.supervisor }
            let supervisor = EngineSupervisor(configuration, logger: logger, eventLoopGroup: group)
            let task = Task {
                if let old {
                    old.task.cancel()
                    await old.task.value
                }
                await supervisor.run()
            }
            engines[configuration.provider] = Running(configuration: configuration, supervisor: supervisor, task: task)
            return supervisor
        }
    }

    /// Ends the engines of all other providers.
    func keep(only providers: Set<String>) {
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

    /// Engines that can't serve yet, with the reason.
    var unready: [String] {
        engines.withLock { $0.mapValues(\.supervisor.state) }.sorted { $0.key < $1.key }.compactMap { name, state in
            switch state {
            case .ready: nil
            case .starting: "\(name): the engine is starting"
            case .failed(let reason, _): "\(name): \(reason)"
            case .stopped: "\(name): the engine is stopped"
            }
        }
    }

    /// Ends all engines when the process shuts down, after the requests.
    func run() async throws {
        try? await gracefulShutdown()
        let running = engines.withLock { Array($0.values) }
        for engine in running { engine.task.cancel() }
        for engine in running { await engine.task.value }
    }
}
