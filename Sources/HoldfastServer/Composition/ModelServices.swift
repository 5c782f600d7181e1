import Gateway
import Logging
import NIOCore
import Settings
import Telemetry

/// The gateway, with the providers and engines that it asks.
struct ModelServices {
    let keeper: HoldKeeper
    let custody: CustodyService
    let engines: EngineService
    let providers: ProviderService
    let disclosures: DisclosureKeeping
    let gateway: Gateway
    let edge: Edge
    let supervision: SupervisionService
    let secondStage: SecondStageKeeper

    /// - Throws: ``StartupError``, e.g. for a CA file that can't be read.
    init(
        _ process: ServerProcess, _ restored: RestoredState, _ records: RecordServices, _ veto: VetoServices,
        keys: KeyStore
    ) async throws(StartupError) {
        let settings = process.settings.started
        let logger = Logger(label: "holdfast")
        keeper = HoldKeeper(memory: restored.storage, events: process.events, logger: logger)
        custody = CustodyService(
            folder: Self.manifests(settings, process.runDirectory), memory: restored.storage, scrubs: restored.scrubs,
            events: process.events, logger: Logger(label: "custody"))
        engines = EngineService(custody: custody, logger: Logger(label: "engine"), group: process.group)
        providers = ProviderService(
            engines: engines, eventLoops: process.eventLoops, runDirectory: process.runDirectory,
            seeds: restored.seeds, logger: logger)
        disclosures = DisclosureKeeping(
            memory: restored.storage, events: process.events, logger: Logger(label: "custody"))
        edge = Edge(settings)
        secondStage = SecondStageKeeper(
            custody: custody, engines: engines, runDirectory: process.runDirectory.path,
            house: process.runDirectory.house, group: process.group)
        let second = try secondStage.prepare(settings)
        supervision = SupervisionService(
            try settings.supervisionPolicy(second: second.stage), waiting: settings.supervision.waiting,
            timers: process.group
        ) { [events = process.events] event in
            let logger = Logger(label: "supervision")
            switch event {
            case .down(let reason):
                logger.error(
                    "the supervisor gives no verdicts; routes that require them refuse",
                    metadata: ["reason": "\(reason)"])
            case .up: logger.notice("the supervisor gives verdicts again")
            }
            events.send(.supervisor(event))
        }
        gateway = Gateway(
            try await providers.state(for: settings), keys: keys.applications,
            records: RequestRecords(log: records.recorder(process.requestLog, veto.traffic), audit: records.ledger),
            continuity: restored.continuity(keeper: keeper, logger: logger), disclosures: disclosures.book(restored),
            options: GatewayOptions(
                limits: GatewayLimits(continuation: settings.limits.continuation), pool: edge.pool,
                stages: OptionalStages(supervisor: supervision, permits: veto.book)))
        edge.register(in: process.registry)
        keeper.register(in: process.registry)
        supervision.register(in: process.registry)
        HealthGauges(gateway: gateway).register(in: process.registry)
        secondStage.begin(second)
        gateway.applyRoutes()
        gateway.forgetOldCredentials()
    }

    /// The folder of the development manifests. Where the run folder has a
    /// setting, the settings' own folder may be read-only.
    private static func manifests(_ settings: Settings, _ folder: RunDirectory) -> String {
        (settings.runDirectory == nil ? folder.house : settings.dataDirectory) + "/custody"
    }
}
