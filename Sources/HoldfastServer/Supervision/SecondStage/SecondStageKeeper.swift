import CLinux
import Logging
package import NIOCore
package import ServiceLifecycle
package import Settings
package import Supervision
import Synchronization

/// The second model of a running Holdfast, which an edit of the settings may
/// bring in, replace or take away.
///
/// An edit is prepared first, which may fail and changes nothing, and carried
/// out once the rest of it can be, too. The old model's process ends before the
/// new one's begins, because both need the same socket.
package final class SecondStageKeeper: Service {
    /// A second stage that is not in force yet.
    package struct Prepared: Sendable {
        fileprivate var settings: SupervisorEngine?
        fileprivate var service: SecondStageService?
        fileprivate var waiting: Int

        /// Nil where the settings want none.
        package var stage: EmbeddingStage? { service?.stage }
    }

    private struct Running {
        var settings: SupervisorEngine
        var service: SecondStageService
        var task: Task<Void, Never>
    }

    private let running = Mutex<Running?>(nil)
    private let engines: EngineService
    private let make: @Sendable (SupervisorEngine, _ waiting: Int) throws(StartupError) -> SecondStageService

    /// - Parameters:
    ///   - engines: Tells when engines may start, and shows them all.
    ///   - runDirectory: of the whole Holdfast.
    ///   - house: the folder where `holdfast engine install` puts its Python.
    package init(
        custody: CustodyService, engines: EngineService, runDirectory: String, house: String,
        group: any EventLoopGroup
    ) {
        self.engines = engines
        make = { settings, waiting throws(StartupError) in
            try SecondStageService(
                settings, custody: custody, runDirectory: runDirectory, house: house, waiting: waiting, group: group)
        }
    }

    /// Prepares the second stage that the settings want: the one that runs,
    /// where nothing about it has changed.
    ///
    /// - Throws: ``StartupError`` also where it would share its fate with a
    ///   model that it stands over.
    package func prepare(_ settings: Settings) throws(StartupError) -> Prepared {
        let waiting = settings.supervision.waiting
        guard let engine = settings.supervision.engine, settings.hasSupervisionPolicy else {
            return Prepared(waiting: waiting)
        }
        try SupervisorIndependence(engine, over: SupervisedPrimary.all(of: settings.providers, settings.routes))
            .check()
        if let current = running.withLock({ $0 }), current.settings == engine {
            return Prepared(settings: engine, service: current.service, waiting: waiting)
        }
        return Prepared(settings: engine, service: try make(engine, waiting), waiting: waiting)
    }

    /// Brings a prepared one into force, in place of the one that runs.
    package func begin(_ prepared: Prepared) {
        prepared.stage?.waiting = prepared.waiting
        running.withLock { running in
            let old = running
            guard old?.service.stage !== prepared.stage else { return }
            old?.task.cancel()
            guard let settings = prepared.settings, let service = prepared.service else {
                running = nil
                return engines.show(nil, as: SupervisorEngine.name)
            }
            if clinux_hide() != 0 {
                Logger(label: "supervisor").warning("other processes of Holdfast's user can look into it")
            }
            let task = Task { [engines] in
                await service.run {
                    await old?.task.value
                    return await engines.mayRun()
                }
            }
            engines.show(service.engine.process, as: SupervisorEngine.name)
            running = Running(settings: settings, service: service, task: task)
        }
    }

    /// The stage in force; nil where there is none.
    package var stage: EmbeddingStage? { running.withLock { $0?.service.stage } }

    /// Ends the model's process when Holdfast shuts down, after the requests.
    package func run() async throws {
        try? await gracefulShutdown()
        let task = running.withLock { $0?.task }
        task?.cancel()
        await task?.value
    }
}
