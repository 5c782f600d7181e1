import Access
import CoreMetrics
import DialectAnthropic
import DialectOpenAI
import Files
import FrontDoor
import Gateway
import Glibc
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Providers
import ServiceLifecycle
import Settings
import Store
import Synchronization
import Telemetry
import UnixSignals

/// A running Holdfast: the only place where the parts meet.
final class House: Sendable {
    let settings: Settings
    let logger: Logger
    let registry = PrometheusRegistry()
    let group: MultiThreadedEventLoopGroup
    let runDirectory: RunDirectory
    let custody: CustodyRoom
    let engines: EngineRoom
    let providers: ProviderRoom
    let gateway: Gateway
    /// Keys of the applications' listener, and of the administrators'.
    let keys: KeyCabinet
    let keeper: HoldKeeper
    /// Nil where nothing is put on record.
    let ledger: LedgerRoom?
    let availability: AvailabilityRoom
    /// Nil where nobody cosigns the ledger.
    let cosigning: Cosigning?
    let disclosures: DisclosureRoom
    /// What is in force since the last good edit.
    let inForce: Mutex<Settings>
    let store: Store
    let edge: Edge
    private let sink: LogSink
    private let greetKeyFile: String?

    /// - Throws: ``HouseError`` when it can't start.
    init(_ settings: Settings, greetKeyFile: String?) throws(HouseError) {
        self.settings = settings
        self.greetKeyFile = greetKeyFile
        let sink = LogSink()
        self.sink = sink
        let format = LogFormat(rawValue: settings.log.format.rawValue) ?? .human
        let level = Logger.Level(rawValue: settings.log.level.rawValue) ?? .info
        LoggingSystem.bootstrap { HoldfastLogHandler(label: $0, sink: sink, format: format, level: level) }
        logger = Logger(label: "holdfast")
        MetricsSystem.bootstrap(registry)

        runDirectory = RunDirectory(besideSettings: settings.file)
        try runDirectory.claim()
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let memory = try Memory(settings.dataDirectory, logger: logger)
        keeper = memory.keeper
        store = memory.store
        custody = CustodyRoom(
            folder: runDirectory.house + "/custody", store: memory.store, logger: Logger(label: "custody"))
        engines = EngineRoom(custody: custody, logger: Logger(label: "engine"), group: group)
        providers = ProviderRoom(
            engines: engines, eventLoops: Array(group.makeIterator()), runDirectory: runDirectory,
            seeds: memory.seeds)
        keys = try KeyCabinet(settings.keys, token: runDirectory.makeToken())
        inForce = Mutex(settings)
        let ledger: LedgerRoom? =
            if let chosen = settings.ledger {
                try LedgerRoom(chosen, store: memory.store, logger: Logger(label: "ledger"))
            } else {
                nil
            }
        self.ledger = ledger
        let availability = AvailabilityRoom(store: memory.store, logger: Logger(label: "availability"))
        self.availability = availability
        disclosures = DisclosureRoom(store: memory.store, logger: Logger(label: "custody"))
        let recorders: [any RequestRecorder] =
            settings.log.requests ? [RequestLog(sink, format: format), availability] : [availability]
        cosigning =
            if let ledger {
                try Cosigning(settings.ledger, ledger, group: group, logger: Logger(label: "ledger"))
            } else {
                nil
            }
        if let ledger { custody.listen { ledger.noteCustody($0) } }
        edge = Edge(settings)
        let state = try providers.state(for: settings)
        gateway = Gateway(
            state, keys: keys.applications, recorder: Recorders(all: recorders), continuity: memory.continuity,
            disclosures: try disclosures.open(), notary: ledger,
            limits: GatewayLimits(continuation: settings.limits.continuation), pool: edge.pool)
        edge.register(in: registry)
        HealthGauges(gateway: gateway).register(in: registry)
        cosigning?.register(in: registry)
        gateway.applyRoutes()
        gateway.forgetOldCredentials()
    }

    /// Serves until it is told to stop.
    /// - Throws: ``HouseError`` when a listener can't listen.
    func run() async throws {
        defer {
            runDirectory.removeToken()
            ledger?.close()
            keeper.settle()
            disclosures.keepEgress()
            sink.flush()
        }
        let inForce: @Sendable () -> Settings = { [self] in self.inForce.withLock { $0 } }
        let alerts = AlertRoom(
            store: store, availability: availability, settings: inForce, logger: Logger(label: "alerts"))
        disclosures.alerts.withLock { $0 = alerts }
        let quarantine = Quarantine(gateway: gateway, engines: engines)
        keeper.listeners.withLock {
            $0 = [availability, alerts, quarantine] + (ledger.map { [$0] } ?? [])
        }
        custody.listen { alerts.note($0) }
        custody.listen { quarantine.note($0) }
        quarantine.placeRemembered()
        availability.held.withLock { $0 = { [gateway] in gateway.heldModels } }
        registry.addGauges("holdfast_burn_rate") { HealthGauges.burnRates(alerts) }
        let opened = Openings(expected: settings.admin == nil ? 1 : 2)
        var services: [any Service] = [
            engines, Caretaker(house: self), availability, alerts, disclosures,
            WebhookSender(store: store, settings: inForce, logger: Logger(label: "alerts")),
            Upkeep(
                gateway: gateway, providers: providers, logger: logger, executor: EventLoopTaskExecutor(group.next())),
            DrillRunner(
                gateway: gateway, store: store, logger: logger,
                executors: group.makeIterator().map { EventLoopTaskExecutor($0) }, ledger: ledger, alerts: alerts),
            Greeter(house: self, opened, keyFile: greetKeyFile),
        ]
        if let cosigning { services.append(cosigning) }
        let holdPages = HoldPages(gateway: gateway)
        let custodyPages = CustodyPages(engines: engines)
        let disclosurePages = DisclosurePages(gateway: gateway)
        let drillPages = DrillPages(gateway: gateway, store: store, logger: logger)
        ledger?.configurationChanged(settings, from: nil)
        if let admin = settings.admin {
            services.append(
                try AdminDoor(
                    keys: keys.administrators,
                    pages: AdminPages(house: self).all + holdPages.pages + drillPages.pages
                        + disclosurePages.pages + custodyPages.pages,
                    actions: (holdPages.actions + drillPages.actions + disclosurePages.actions).map {
                        ledger?.noting($0) ?? $0
                    }, origins: edge.origins, time: { .now }
                ).service(
                    host: admin.host, port: admin.port, limits: edge.limits, unread: edge.unread,
                    mostConnections: edge.share.administrators, group: group, logger: quiet("admin", from: .critical),
                    onRunning: { _ in opened.one() }))
        }
        services.append(try listener(opened))

        // In the reverse order they are shut down: callers first, engines last.
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet("life"))
        configuration.maximumGracefulShutdownDuration = settings.limits.drain
        LatestEnd.begin(drain: settings.limits.drain)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError {
        } catch let error as IOError {
            throw HouseError(
                message: "can't listen on \(settings.listen)\(settings.admin.map { " and \($0)" } ?? ""): "
                    + "\(String(cString: strerror(error.errnoCode)))", status: .unavailable)
        }
        if gateway.requestsCutOff > 0 {
            logger.warning(
                "the drain time ended before these requests did; they were cut off",
                metadata: ["requests": "\(gateway.requestsCutOff)", "limits.drain": "\(settings.limits.drain)"])
        }
        logger.info("stopped")
    }

    private func listener(_ opened: Openings) throws -> any Service {
        var metrics: (@Sendable () -> ByteBuffer)?
        if settings.metrics.listener == .main { metrics = { [registry] in registry.render() } }
        let statusPages = StatusPages(gateway: gateway) { [self] in inForce.withLock { $0 } }
        let view = HouseView(
            // Who is told that it is ready may go to the administrators'
            // listener next.
            unready: { [engines] in engines.unready + (opened.isComplete ? [] : ["listeners"]) }, metrics: metrics,
            metricsNeedKey: !settings.metrics.isOpen, ledgerFile: ledger.flatMap { $0.isServed ? $0.publicFile : nil },
            status: { statusPages.answer($0) })
        let doors = Doors(
            gateway, openai: OpenAIDialect(now: { time(nil) }), anthropic: AnthropicDialect(), view: view,
            origins: edge.origins, time: { .now })
        return try Listener(
            doors, limits: edge.limits, unread: edge.unread, eventLoops: Array(group.makeIterator())
        ).service(
            host: settings.listen.host, port: settings.listen.port, tls: try tls(),
            mostConnections: edge.share.applications, group: group,
            logger: quiet("listener", from: .critical),
            onRunning: { _ in opened.one() })
    }

    private func tls() throws -> TLSConfiguration? {
        guard let files = settings.tls else { return nil }
        do {
            let chain = try WholeFile.readAll(files.certificate, limit: 1 << 20)
            let key = try WholeFile.readAll(files.key, limit: 1 << 20)
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
            tls.applicationProtocols = ["http/1.1"]
            tls.minimumTLSVersion = files.minimum.version
            return tls
        } catch {
            throw HouseError(
                message: "tls: \(files.certificate) or \(files.key) can't be used: \(error)", status: .config)
        }
    }

    /// What libraries have to say matters only when something is wrong.
    private func quiet(_ label: String, from level: Logger.Level = .warning) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = max(logger.logLevel, level)
        return logger
    }
}
