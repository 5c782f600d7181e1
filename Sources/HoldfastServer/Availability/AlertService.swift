import Access
package import Availability
import Custody
import Drills
import EngineHost
import Extraction
import Failures
import FoundationEssentials
package import Logging
import NIOCore
import Routing
import ServiceLifecycle
import Settings
package import Storage
import Synchronization
import Wire

/// The service that notices events for which alerts are configured, and stores a message for each receiver;
/// ``WebhookSender`` sends the messages.
package final class AlertService: ServerEventSubscriber, Service {
    /// A route's rule that burns.
    private struct Burning: Hashable {
        var route: String
        /// Minutes.
        var long: Int
    }

    private let availability: AvailabilityService
    private let settings: CurrentSettings
    private let logger: Logger
    private let messages: DurableWriter<String, StoredMessage>
    /// The number of the newest message's id.
    private let made = Mutex(0)
    private let burning = Mutex<Set<Burning>>([])
    private let rates = Mutex<[(route: String, rate: BurnRate)]>([])
    private let clock: @Sendable () -> Int

    /// - Parameter clock: microseconds since 1970.
    package init(
        outbox: any MessageOutbox, availability: AvailabilityService, settings: CurrentSettings, logger: Logger,
        clock: @escaping @Sendable () -> Int = { SystemClock.microseconds() }
    ) {
        self.availability = availability
        self.settings = settings
        self.logger = logger
        self.clock = clock
        messages = DurableWriter("alerts", logger: logger) { writes throws(StorageError) in
            try await outbox.save(writes.map(\.1))
        }
    }

    /// The burn rates by route and long window (minutes), as of the last look.
    package var burnRates: [(route: String, rate: BurnRate)] { rates.withLock { $0 } }

    // MARK: Burn rates

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                await lookAtBudgets()
                try? await Task.sleep(for: settings.now.alertPeriod)
            }
        }
    }

    /// Writes messages until the task is cancelled, and then those still owed.
    package func write() async { await messages.run() }

    /// Looks at every route's error budget once.
    package func lookAtBudgets() async {
        let settings = settings.now
        let days = BurnRate.rules.map(\.long).max()!
        let end = now / 60 * 60 + 60
        let period = Period(start: end - days * 60, minutes: days)
        let histories: [Availability.Subject: History]
        do throws(StorageError) {
            histories = try await availability.histories(period)
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

    // MARK: Events

    package func receive(_ event: ServerEvent) async {
        switch event {
        case .custody(let event): note(event)
        case .drillEnded(let report): note(report)
        case .disclosure(let alarm): note(alarm)
        case .supervisor(let event): note(event)
        case .veto(let occurrence): note(occurrence)
        case .vetoProblem(let problem): note(vetoProblem: problem)
        // Standards tell their own receivers.
        case .health, .probe, .drillBegan, .configuration, .administration, .permit, .permitTicks, .vetoBegan,
            .standard:
            break
        }
    }

    private func note(_ report: DrillReport) {
        guard report.verdict != .passed else { return }
        tell(.drill, "drill.failed") { json in
            json.member("drill", report.order.id)
            json.member("route", report.order.route)
            json.member("candidate", report.order.candidate)
            json.member("cause", report.order.word)
            json.member("verdict", report.verdict.rawValue)
        }
    }

    private func note(_ alarm: DisclosureAlarm) {
        switch alarm {
        case .recovery(let alarm):
            tell(.custody, alarm.hasEnded ? "measuring.ended" : "measuring.half") { json in
                json.member("who", alarm.subject.text)
                json.member("model", alarm.model)
                json.member("values", alarm.spent)
                json.member("of", alarm.limit)
            }
        case .egress(let alarm):
            tell(.custody, alarm.hasStopped ? "egress.stopped" : "egress.nearly") { json in
                json.member("model", alarm.model)
                json.member("bytes", alarm.bytes)
                json.member("budget", alarm.budget)
            }
        }
    }

    private func note(_ event: SupervisorEvent) {
        switch event {
        case .down(let reason): tell(.custody, "supervisor.down") { $0.member("reason", reason) }
        case .up: tell(.custody, "supervisor.up") { _ in }
        }
    }

    private func note(_ event: CustodyEvent) {
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

    private var now: Int { clock() / 1_000_000 }

    func tell(_ kind: Webhook.Kind, _ type: String, _ data: (inout JSONWriter) -> Void) {
        tell(to: settings.now.webhooks.filter { $0.kinds.contains(kind) }.map(\.name), type, data)
    }

    /// Tells these receivers: webhooks by their names, keys as
    /// ``KeyReceivers`` names them.
    ///
    /// - Parameter id: returns the message's id for a receiver; nil makes a new
    ///   one. A receiver that has had a message of that id knows a repetition.
    func tell(
        to receivers: [String], _ type: String, id: ((String) -> String)? = nil,
        _ data: (inout JSONWriter) -> Void
    ) {
        guard !receivers.isEmpty else { return }
        let settings = settings.now
        let now = now
        var json = JSONWriter()
        json.object { json in
            json.member("type", type)
            json.member("timestamp", UnixTime(seconds: Int64(now)).description)
            json.object("data") { json in
                data(&json)
                json.member("instance", settings.instance)
                json.member("link", settings.link)
            }
        }
        let body = String(buffer: json.buffer)
        self.messages.owe(
            receivers.map { receiver in
                let (new, created) = newID()
                let id = id?(receiver) ?? new
                return (id, StoredMessage(id: id, receiver: receiver, body: body, created: created, due: now))
            }, isUrgent: true)
    }

    /// An id and a second that sort behind those of all earlier messages, also
    /// of those of the same millisecond, and where the clock is set back.
    private func newID() -> (id: String, created: Int) {
        let now = clock()
        let number = made.withLock { number in
            number = max(number + 1, now)
            return number
        }
        let time = String(number, radix: 16)
        let id =
            "msg_" + String(repeating: "0", count: max(0, 16 - time.count)) + time
            + UUID().uuidString.suffix(12).lowercased()
        return (id, number / 1_000_000)
    }
}
