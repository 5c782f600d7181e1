import Crypto
import Custody
package import EngineHost
import Logging
package import NIOCore
package import Settings
package import Supervision
import WeightSigning

/// The second stage of a running Holdfast: the model's process, and the queue
/// in front of it.
package struct SecondStageService: Sendable {
    package let stage: EmbeddingStage
    package let engine: SecondStageEngine

    /// - Parameters:
    ///   - runDirectory: of the whole Holdfast; the engine's folder lies in it.
    ///   - house: the folder where `holdfast engine install` puts its Python.
    ///   - waiting: The most requests in the queue.
    ///   - group: the event loops of which it gets one.
    /// - Throws: ``StartupError``
    package init(
        _ settings: SupervisorEngine, custody: CustodyService, runDirectory: String, house: String, waiting: Int,
        group: any EventLoopGroup
    ) throws(StartupError) {
        let heads = EmbeddingHeads.trained
        let configuration = Self.configuration(settings, runDirectory, house)
        let refusals = SecondStageEngine.Refusals()
        let eventLoop = group.next()
        let process = EngineProcess(
            configuration,
            load: { configuration throws(CustodyProblem) in
                try await refusals.load(trainedOn: heads.model) { () async throws(CustodyProblem) in
                    try await custody.load(configuration, as: .supervisor)
                }
            },
            stillStands: { configuration, expected throws(CustodyProblem) in
                try await custody.expectation(of: configuration, as: .supervisor) == expected
            },
            logger: Logger(label: "supervisor"), told: { custody.note($0) },
            standing: custody.standing(of: configuration.provider), eventLoopGroup: eventLoop)
        do {
            engine = try SecondStageEngine(process, refusals: refusals, eventLoop: eventLoop)
        } catch {
            throw StartupError(.configuration, "the supervisor's engine can't be set up: \(error)")
        }
        stage = EmbeddingStage(engine, heads: heads, digest: heads.digest, waiting: waiting)
    }

    /// A folder in the run folder that no provider's engine can have: their
    /// names hold no dot.
    private static let folder = ".judge"

    private static func configuration(
        _ settings: SupervisorEngine, _ runDirectory: String, _ house: String
    ) -> EngineConfiguration {
        let launcher: EngineConfiguration.Launcher =
            switch settings.program {
            case .launcher(let python): .python(interpreter: python ?? "\(house)/venv/bin/python")
            case .command(let words): .command(words)
            }
        return EngineConfiguration(
            provider: SupervisorEngine.name, launcher: launcher, modelFile: settings.modelFile,
            signed: SignedModelSource(settings.signed),
            custody: settings.custody == .required ? .required : .bestEffort, alias: "minilm-supervisor",
            context: 512, parallel: 2, embeddings: true, runDirectory: "\(runDirectory)/\(folder)",
            startTimeout: settings.startTimeout)
    }

    /// Runs both until the task is cancelled. Requests may wait at once.
    ///
    /// - Parameter mayBegin: Returns when the model may be loaded; false if it
    ///   never may.
    package func run(mayBegin: @escaping @Sendable () async -> Bool) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { if await mayBegin() { await engine.process.run() } }
            group.addTask { await stage.run() }
        }
    }
}
