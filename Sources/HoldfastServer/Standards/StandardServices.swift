import Encodings
import EngineHost
import Gateway
import Ledger
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Settings
import Supervision
import Veto

/// The standards of a running Holdfast, with all that they need, and those who
/// are told of suspensions.
struct StandardServices {
    let standards: StandardsService
    let notices: DependantNotices
    /// Nil where there is no ledger whose key could sign it, or nothing can be
    /// suspended.
    let feed: SuspensionFeed?

    /// - Parameter orders: the keeper of suspensions; nil where nothing can be
    ///   suspended, so that every breach is a warning.
    init(
        _ process: ServerProcess, _ restored: RestoredState, _ records: RecordServices, _ models: ModelServices,
        orders: (any StandardOrders)?
    ) {
        let gateway = models.gateway
        let settings = process.settings
        let logger = Logger(label: "standards")
        let hosted = HostedEvidence(
            gateway: gateway, engines: models.engines, custody: models.custody, settings: settings)
        let questions = ModelQuestions(gateway: gateway, executor: EventLoopTaskExecutor(process.group.next()))
        let evidence = StandardEvidence(
            StandardEvidence.Sources(
                hosted: hosted,
                recorded: RecordedEvidence(drills: restored.storage, availability: records.availability),
                feeds: AdvisoryFeeds(), questions: questions,
                supervisor: { Self.supervisor(settings.now, models) }, engine: EnginePackage.installed))
        standards = StandardsService(
            StandardsService.Parts(
                gateway: gateway, settings: settings, evidence: evidence, hosted: hosted, questions: questions,
                orders: orders),
            notices: StandardNotices(process.events, alerts: records.alerts, settings: settings, logger: logger),
            logger: logger, nonce: Self.nonce)
        notices = DependantNotices(
            gateway: gateway, alerts: records.alerts, settings: settings,
            suspended: { orders?.suspended ?? SuspensionIndex() })
        if let ledger = records.ledger, let orders {
            feed = SuspensionFeed(name: ledger.key.name, orders: orders, logger: logger) {
                text throws(LedgerProblem) in try ledger.signed(text)
            }
        } else {
            feed = nil
        }
    }

    /// 128 bits.
    @Sendable private static func nonce() -> String {
        Hex.encode((0..<16).map { _ in UInt8.random(in: 0...255) })
    }

    private static func supervisor(_ settings: Settings, _ models: ModelServices) -> SupervisorFacts {
        var facts = SupervisorFacts(isWanted: settings.supervises, isDown: models.supervision.isDown)
        guard let engine = settings.supervision.engine, settings.hasSupervisionPolicy else { return facts }
        facts.shared = SupervisorIndependence(
            engine, over: SupervisedPrimary.all(of: settings.providers, settings.routes)
        ).breaches.map(\.description)
        facts.engine = models.engines.supervisors.first { $0.provider == SupervisorEngine.name }.map {
            HostedFacts.Engine($0.engine.state)
        }
        return facts
    }
}
