import Access
import Availability
import Crypto
import Custody
import Drills
import EngineHost
import Failures
import FoundationEssentials
import Gateway
import Glibc
import Logging
import NIOCore
import Resilience
import Routing
import ServiceLifecycle
import Settings
import Store
import Synchronization
import Wire

/// Notices what somebody has to be told of, and writes it down for those who
/// want to hear it; ``WebhookSender`` brings it to them.
final class AlertRoom: HealthListener, Service {
    /// A route's rule that burns.
    private struct Burning: Hashable {
        var route: String
        /// Minutes.
        var long: Int
    }

    private let store: Store
    private let availability: AvailabilityRoom
    private let settings: @Sendable () -> Settings
    private let logger: Logger
    private let burning = Mutex<Set<Burning>>([])
    private let rates = Mutex<[(route: String, rate: BurnRate)]>([])

    init(
        store: Store, availability: AvailabilityRoom, settings: @escaping @Sendable () -> Settings, logger: Logger
    ) {
        self.store = store
        self.availability = availability
        self.settings = settings
        self.logger = logger
    }

    /// By route and long window, in minutes, as they were looked at last.
    var burnRates: [(route: String, rate: BurnRate)] { rates.withLock { $0 } }

    // MARK: Burn rates

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                lookAtBudgets()
                try? await Task.sleep(for: settings().alertPeriod)
            }
        }
    }

    private func lookAtBudgets() {
        let settings = settings()
        let days = BurnRate.rules.map(\.long).max()!
        let end = time(nil) / 60 * 60 + 60
        let period = Period(start: end - days * 60, minutes: days)
        let histories: [Subject: History]
        do throws(StoreError) {
            histories = try availability.histories(period)
        } catch {
            return logger.error("error budgets can't be looked at", metadata: ["problem": "\(error.message)"])
        }
        var seen: [(route: String, rate: BurnRate)] = []
        for route in settings.routes {
            guard let history = histories[.route(route.name)] else { continue }
            for rate in BurnRate.all(of: history, objective: route.policy.objectives.availability) {
                seen.append((route.name, rate))
                note(rate, of: route.name)
            }
        }
        rates.withLock { $0 = seen }
        burning.withLock { burning in
            burning = burning.filter { one in settings.routes.contains { $0.name == one.route } }
        }
    }

    private func note(_ rate: BurnRate, of route: String) {
        let key = Burning(route: route, long: rate.rule.long)
        let isNews = burning.withLock { burning in
            rate.isBurning ? burning.insert(key).inserted : burning.remove(key) != nil
        }
        guard isNews else { return }
        let long = Figures.duration(minutes: Double(rate.rule.long))
        var metadata: Logger.Metadata = [
            "route": "\(route)", "over": "\(long)", "rate": "\(Figures.decimals(rate.long, 1))",
            "threshold": "\(Figures.decimals(rate.rule.rate, 1))",
        ]
        if rate.isBurning {
            metadata["severity"] = "\(rate.rule.severity.rawValue)"
            logger.error("a route uses up its error budget too fast", metadata: metadata)
        } else {
            logger.notice("a route's error budget no longer burns too fast", metadata: metadata)
        }
        tell(.burn, rate.isBurning ? "burn.firing" : "burn.resolved") { json in
            json.member("route", route)
            json.member("severity", rate.rule.severity.rawValue)
            json.member("threshold", rate.rule.rate)
            json.member("long_minutes", rate.rule.long)
            json.member("long_rate", rate.long)
            json.member("short_minutes", rate.rule.short)
            json.member("short_rate", rate.short)
        }
    }

    // MARK: Holds and drills

    func note(_ changes: [HealthChange]) {
        for change in changes {
            switch change {
            case .placed(let hold) where hold.isPersistent: tell("hold.placed", hold)
            case .lifted(let hold, let by) where hold.isPersistent: tell("hold.lifted", hold, by: by)
            case .flapping(let hold, _): tell("hold.flapping", hold)
            default: break
            }
        }
    }

    func noteProbe(_ place: Place, _ result: ProbeResult) {}

    private func tell(_ type: String, _ hold: Hold, by: String? = nil) {
        tell(.hold, type) { json in
            json.member("hold", hold.id)
            json.member("cause", hold.ground.rawValue)
            json.member("scope", hold.scope.rawValue)
            json.member("provider", hold.provider)
            json.member("model", hold.model)
            json.member("origin", hold.origin.rawValue)
            json.member("firmness", hold.firmness.rawValue)
            json.member("reason", ifPresent: hold.reason)
            json.member("by", ifPresent: by)
        }
    }

    func drillEnded(_ report: DrillReport) {
        guard report.verdict != .passed else { return }
        tell(.drill, "drill.failed") { json in
            json.member("drill", report.order.id)
            json.member("route", report.order.route)
            json.member("candidate", report.order.candidate)
            json.member("cause", report.order.cause.rawValue)
            json.member("verdict", report.verdict.rawValue)
        }
    }

    /// What concerns the custody of a hosted model.
    func custody(_ type: String, _ data: (inout JSONWriter) -> Void) { tell(.custody, type, data) }

    // MARK: Weights

    func note(_ event: CustodyEvent) {
        switch event {
        case .verified, .loaded: break
        case .changed(let change):
            tell(.custody, "weights.scrub-mismatch") { json in
                json.member("provider", change.provider)
                json.member("model", change.model)
                json.member("receipt", change.receipt)
                json.member("file", change.mismatch.file)
                json.member("expected", change.mismatch.expected.hex)
                json.member("found", change.mismatch.found.hex)
                json.member("verdict", change.verdict.rawValue)
            }
        case .impostor(let impostor):
            tell(.custody, "engine.impostor") { json in
                json.member("provider", impostor.provider)
                json.member("model", impostor.model)
                json.member("receipt", ifPresent: impostor.receipt)
                json.member("engine_pid", impostor.engine)
                json.member("found_pid", impostor.found)
            }
        case .refused(let provider, let problem):
            tell(.custody, "weights.refused") { json in
                json.member("provider", provider)
                json.member("cause", problem.kind.rawValue)
                json.member("reason", problem.description)
            }
        }
    }

    // MARK: Writing it down

    private func tell(_ kind: Webhook.Kind, _ type: String, _ data: (inout JSONWriter) -> Void) {
        let receivers = settings().webhooks.filter { $0.kinds.contains(kind) }
        guard !receivers.isEmpty else { return }
        let now = time(nil)
        var json = JSONWriter()
        json.object { json in
            json.member("type", type)
            json.member("timestamp", UnixTime(seconds: Int64(now)).description)
            json.object("data") { data(&$0) }
        }
        let body = String(buffer: json.buffer)
        let messages = receivers.map { receiver in
            StoredMessage(
                id: "msg_\(UUID().uuidString.lowercased())", receiver: receiver.name, body: body, created: now, due: now
            )
        }
        do throws(StoreError) {
            try store.save(messages)
        } catch {
            logger.error(
                "an alert can't be written down, and won't be sent",
                metadata: ["type": "\(type)", "problem": "\(error.message)"])
        }
    }
}
