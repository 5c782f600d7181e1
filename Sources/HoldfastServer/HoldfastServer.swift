import Access
import AdminAPI
import UnixSignals
import Telemetry
import NIOPosix
import FrontDoor
import Gateway
import Glibc
import Logging
import NIOCore
import ServiceLifecycle
package import Settings
import Storage

/// A running Holdfast, from its settings to the last byte of its last answer.
///
/// Services are built in the order of what they need (``ServerProcess``,
/// ``RestoredState``, ``RecordServices``, ``VetoServices``, ``ModelServices``, ``Listeners``);
/// nothing is set in them afterwards. What happens beside requests goes as
/// ``ServerEvent`` to the subscribers that stand here.
package struct HoldfastServer {
    private let process: ServerProcess
    private let keys: KeyStore
    private let restored: RestoredState
    private let records: RecordServices
    private let veto: VetoServices
    private let models: ModelServices
    private let gates: GateKeeper
    private let delivery: EventDelivery
    private let quarantine: Quarantine
    private let egress: EgressWriter
    private let standards: StandardServices
    private let logger: Logger

    /// Claims the run folder, restores what earlier processes have learnt, and
    /// builds every service; none runs yet, but for engines.
    ///
    /// - Throws: ``StartupError`` when it can't start.
    package init(_ settings: Settings) async throws(StartupError) {
        process = try ServerProcess(settings)
        // A logger that is made before the log is set up writes elsewhere.
        logger = Logger(label: "holdfast")
        restored = try await RestoredState(directory: settings.dataDirectory)
        keys = try KeyStore(settings.keys, token: process.runDirectory.makeToken())
        records = try await RecordServices(process, restored)
        veto = try await VetoServices(process, restored, records)
        models = try await ModelServices(process, restored, records, veto, keys: keys)
        standards = StandardServices(process, restored, records, models, orders: VetoOrders(veto: veto.veto))
        gates = GateKeeper(
            veto.veto, gateway: models.gateway, traffic: veto.traffic,
            ports: GateKeeper.Ports(
                standards: standards.standards, drills: restored.storage,
                identity: models.engines.identity(of:)),
            rules: GateRules(settings.veto), executor: EventLoopTaskExecutor(process.group.next()))
        quarantine = Quarantine(gateway: models.gateway, engines: models.engines)
        egress = EgressWriter(
            book: models.gateway.disclosures, memory: restored.storage, logger: Logger(label: "custody"))
        let ledger: [any ServerEventSubscriber] = records.ledger.map { [$0] } ?? []
        delivery = EventDelivery(
            events: process.events, recorder: records.ledger,
            subscribers: ledger + [
                records.availability, HoldAlerts(gateway: models.gateway, alerts: records.alerts), records.alerts,
                quarantine, egress, standards.standards, standards.notices,
            ])
        quarantine.placeRemembered()
        process.events.send(.configuration(ConfigurationChange(settings: settings, previous: nil)))
    }

    /// Serves until the process is asked to stop.
    ///
    /// - Parameter greetKeyFile: the file with the key for ready-made client lines, which are printed to standard
    ///   output once Holdfast is ready.
    /// - Throws: ``StartupError`` when a listener can't listen.
    package func run(greetKeyFile: String?) async throws {
        // Writers and the delivery outlive the services: what those bring up
        // at their end is still written.
        let writers = Task { await write() }
        let delivering = Task { await delivery.run() }
        let result: Result<Void, any Error>
        do {
            try await serve(greetKeyFile: greetKeyFile)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        process.runDirectory.removeTraces()
        process.events.finish()
        await delivering.value
        records.ledger?.close()
        writers.cancel()
        await writers.value
        process.sink.flush()
        try result.get()
    }

    /// Writes what the keepers owe to the disk until the task is cancelled.
    private func write() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await models.keeper.run() }
            group.addTask { await models.custody.run() }
            group.addTask { await models.disclosures.run() }
            group.addTask { await egress.write() }
            group.addTask { await records.alerts.write() }
            group.addTask { await veto.veto.keeping.run() }
            if let ledger = records.ledger { group.addTask { await ledger.run() } }
        }
    }

    private func serve(greetKeyFile: String?) async throws {
        let settings = process.settings.started
        let opened = Openings(expected: settings.admin == nil ? 1 : 2)
        // Before anything listens: whoever hears that it is ready finds it.
        try process.runDirectory.write(EffectiveView(settings, keys: keys.count))
        let end = LatestEnd(drain: settings.limits.drain) { [models] in models.keeper.lastWords }
        let services =
            try background(opened, greetKeyFile) + [end.afterRequests]
            + Listeners(
                process: process, models: models, records: records, keys: keys, opened: opened,
                suspensions: standards.feed
            )
            .services(pages, actions)
        // In the reverse order they are shut down: callers first, engines last.
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: ServerProcess.quiet("life"))
        configuration.maximumGracefulShutdownDuration = settings.limits.drain
        end.begin()
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError {
        }
        if models.gateway.shutdown.requestsCutOff > 0 {
            logger.warning(
                "the drain time ended before these requests did; they were cut off",
                metadata: [
                    "requests": "\(models.gateway.shutdown.requestsCutOff)", "limits.drain": "\(settings.limits.drain)",
                ])
        }
        logger.info("stopped")
    }

    /// The services beside the listeners.
    private func background(_ opened: Openings, _ greetKeyFile: String?) -> [any Service] {
        let gateway = models.gateway
        var services: [any Service] = [
            models.engines, models.secondStage,
            ConfigurationReloader(
                settings: process.settings, gateway: gateway, providers: models.providers, edge: models.edge,
                supervision: models.supervision, secondStage: models.secondStage, keys: keys,
                runDirectory: process.runDirectory, events: process.events,
                logger: logger),
            records.availability, HeldTime(gateway: gateway, availability: records.availability), records.alerts,
            egress, VetoWatch(veto: veto.veto, book: veto.book, gates: gates, events: process.events),
            standards.standards, standards.notices,
            WebhookSender(
                outbox: restored.storage, settings: process.settings,
                keyed: { [keys] in KeyReceivers.receiver(named: $0, among: keys.applications.records) },
                logger: Logger(label: "alerts")),
            Upkeep(
                gateway: gateway, providers: models.providers, logger: logger,
                executor: EventLoopTaskExecutor(process.group.next())),
            DrillRunner(
                gateway: gateway, reports: restored.storage, events: process.events, logger: logger,
                executors: process.eventLoops.map { EventLoopTaskExecutor($0) }),
            StartupAnnouncement(
                settings: process.settings.started, engines: models.engines, keys: keys,
                opened: opened, logger: logger, keyFile: greetKeyFile),
        ]
        if let cosigning = records.cosigning { services.append(cosigning) }
        return services
    }

    // MARK: The administrators' resources

    private var holdPages: HoldPages {
        HoldPages(
            gateway: models.gateway,
            states: RouteStates(gateway: models.gateway, availability: records.availability),
            settings: process.settings)
    }
    private var disclosurePages: DisclosurePages { DisclosurePages(gateway: models.gateway) }
    private var suspensionPages: SuspensionPages {
        SuspensionPages(gateway: models.gateway, services: veto, gates: gates)
    }
    private var drillPages: DrillPages {
        DrillPages(gateway: models.gateway, reports: restored.storage, logger: logger)
    }

    private var pages: [AdminDoor.Page] {
        ServerPages(
            settings: process.settings.started, gateway: models.gateway, engines: models.engines,
            providers: models.providers, registry: process.registry
        ).all + holdPages.pages + drillPages.pages + disclosurePages.pages
            + suspensionPages.pages
            + SessionPages(gateway: models.gateway).pages
            + CustodyPages(engines: models.engines).pages
            + StandardPages(standards: standards.standards).pages
    }

    private var actions: [AdminDoor.Action] {
        holdPages.actions + drillPages.actions + disclosurePages.actions + suspensionPages.actions
    }
}
