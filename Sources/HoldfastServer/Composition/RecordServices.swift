import Gateway
import Logging
import Settings
import Telemetry

/// The services that put on record and count what happens.
struct RecordServices {
    /// Nil where the settings keep no ledger.
    let ledger: LedgerService?
    /// Nil where the ledger has no witness with an address.
    let cosigning: Cosigning?
    let availability: AvailabilityService
    let alerts: AlertService

    /// - Throws: ``StartupError`` where the ledger can't be used.
    init(_ process: ServerProcess, _ restored: RestoredState) async throws(StartupError) {
        let settings = process.settings.started
        if let chosen = settings.ledger {
            let ledger = try await LedgerService(chosen, heads: restored.storage, logger: Logger(label: "ledger"))
            self.ledger = ledger
            cosigning = try Cosigning(chosen, ledger, group: process.group, logger: Logger(label: "ledger"))
        } else {
            (ledger, cosigning) = (nil, nil)
        }
        availability = AvailabilityService(counts: restored.storage, logger: Logger(label: "availability"))
        alerts = AlertService(
            outbox: restored.storage, availability: availability, settings: process.settings,
            logger: Logger(label: "alerts"))
        cosigning?.register(in: process.registry)
        process.registry.addGauges("holdfast_burn_rate") { [alerts] in HealthGauges.burnRates(alerts) }
    }

    /// The recorders of requests, in order.
    func recorder(_ log: RequestLog?, _ traffic: GateTraffic) -> any RequestRecorder {
        Recorders(all: (log.map { [$0] } ?? []) + [availability, traffic])
    }
}
