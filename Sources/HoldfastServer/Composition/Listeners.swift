import Files
import AdminAPI
import Telemetry
import Logging
import Access
import DialectAnthropic
import DialectBedrock
import DialectOpenAI
import DialectResponses
import FrontDoor
import Gateway
import Glibc
import NIOCore
import NIOSSL
import ServiceLifecycle
import Settings

/// The listeners of applications and of administrators.
struct Listeners {
    let process: ServerProcess
    let models: ModelServices
    let records: RecordServices
    let keys: KeyStore
    let opened: Openings
    /// Nil where none is published.
    let suspensions: SuspensionFeed?

    /// - Parameters:
    ///   - pages: the pages of the administrators' listener.
    ///   - actions: the actions that it can perform.
    func services(_ pages: [AdminDoor.Page], _ actions: [AdminDoor.Action]) throws -> [any Service] {
        let main = try main()
        guard let admin = process.settings.started.admin else { return [main] }
        return [try administrators(at: admin, pages, actions), main]
    }

    private func administrators(
        at address: ListenAddress, _ pages: [AdminDoor.Page], _ actions: [AdminDoor.Action]
    ) throws -> any Service {
        try AdminDoor(
            keys: keys.administrators, pages: pages, actions: actions.map { noting($0) },
            origins: models.edge.origins, time: { .now }
        ).service(
            host: address.host, port: address.port, limits: models.edge.limits, unread: models.edge.unread,
            mostConnections: models.edge.share.administrators, group: process.group,
            logger: ServerProcess.quiet("admin", from: .critical), onRunning: { [opened] _ in opened.one() }
        ).named("admin", at: address)
    }

    /// The same action, which is reported once it is done. A drill's renewals
    /// say nothing that its beginning didn't.
    private func noting(_ action: AdminDoor.Action) -> AdminDoor.Action {
        guard action.path != AdminPath.renewAnyDrill else { return action }
        return reported(action)
    }

    private func reported(_ action: AdminDoor.Action) -> AdminDoor.Action {
        AdminDoor.Action(action.path) { [events = process.events] request in
            let outcome = await action.perform(request)
            if case .done = outcome {
                events.send(
                    .administration(
                        AdministrationEvent(
                            path: action.path, by: request.who, parameter: request.parameter, body: request.body)))
            }
            return outcome
        }
    }

    private func main() throws -> any Service {
        let settings = process.settings.started
        let openai = OpenAIDialect(now: { time(nil) })
        let anthropic = AnthropicDialect()
        let converse = ConverseDialect()
        let responses = ResponsesDialect(now: { time(nil) })
        let doors = Doors(
            models.gateway, standard: Door(openai, embeddings: openai, models: openai),
            others: [
                Door(anthropic, tokenCounts: anthropic, models: anthropic),
                Door(responses, compactions: responses),
                Door(converse, tokenCounts: converse, catalogue: converse),
                Door(InvokeDialect()),
            ], view: view,
            origins: models.edge.origins, unproven: models.edge.unproven, time: { .now })
        return try Listener(
            doors, limits: models.edge.limits, unread: models.edge.unread, eventLoops: process.eventLoops
        ).service(
            host: settings.listen.host, port: settings.listen.port, tls: try settings.tls.map(Self.tls),
            mostConnections: models.edge.share.applications, group: process.group,
            logger: ServerProcess.quiet("listener", from: .critical), onRunning: { [opened] _ in opened.one() }
        ).named("listen", at: settings.listen)
    }

    private var view: HouseView {
        let settings = process.settings.started
        var metrics: (@Sendable () -> ByteBuffer)?
        if settings.metrics.listener == .main { metrics = { [registry = process.registry] in registry.render() } }
        let statusPages = StatusPages(
            gateway: models.gateway, settings: process.settings,
            routes: RouteStates(gateway: models.gateway, availability: records.availability), suspensions: suspensions)
        return HouseView(
            // A caller that hears "ready" may go to the administrators'
            // listener next.
            unready: { [engines = models.engines, opened] in
                engines.unready + (opened.isComplete ? [] : ["listeners"])
            }, metrics: metrics, metricsNeedKey: !settings.metrics.isOpen,
            ledgerFile: records.ledger.flatMap { $0.isServed ? $0.publicFile : nil },
            status: { statusPages.answer($0) })
    }

    private static func tls(_ files: TLSFiles) throws -> TLSConfiguration {
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
            throw StartupError(
                .configuration, "tls: \(files.certificate) or \(files.key) can't be used: \(error)")
        }
    }
}
