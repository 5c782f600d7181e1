import Access
import Crypto
import Encodings
import Gateway
import Routing
import ServiceLifecycle
import Settings
import Synchronization
import Veto
import Wire

/// The notices to those who depend on models: when a suspension is ordered and
/// at each step of its way, and when a retirement is near.
///
/// They get what happens to them and what stands in; never a scope of a key,
/// evidence, or a text that its orderer has not made public. Operators' webhooks
/// of the kind `veto` get all of it from ``AlertService``.
final class DependantNotices: ServerEventSubscriber, Service {
    /// Days before a retirement at which it is told.
    static let daysBefore = [30, 7, 1]

    private let gateway: Gateway
    private let alerts: AlertService
    private let settings: CurrentSettings
    private let suspended: @Sendable () -> SuspensionIndex
    private let clock: @Sendable () -> Int
    /// Retirements that this process has told, by model, date and days.
    private let told = Mutex<Set<String>>([])

    /// - Parameter clock: seconds since 1970.
    init(
        gateway: Gateway, alerts: AlertService, settings: CurrentSettings,
        suspended: @escaping @Sendable () -> SuspensionIndex,
        clock: @escaping @Sendable () -> Int = { SystemClock.seconds() }
    ) {
        self.gateway = gateway
        self.alerts = alerts
        self.settings = settings
        self.suspended = suspended
        self.clock = clock
    }

    func receive(_ event: ServerEvent) async {
        guard case .veto(let occurrence) = event, let suspension = occurrence.suspension,
            let news = News(occurrence.event)
        else { return }
        for notice in dependants(beside: suspension).notices(of: suspension.scopes) {
            alerts.tell(to: [notice.receiver], news.type) { json in
                json.member("suspension", suspension.id)
                json.member("phase", news.phase)
                json.member("ordered", Timestamp.text(seconds: suspension.ordered))
                json.member("expires", ifPresent: suspension.expires.map { Timestamp.text(seconds: $0) })
                json.member("reason", suspension.reason.code.rawValue)
                json.member("text", ifPresent: suspension.reason.isPublic ? suspension.reason.text : nil)
                json.member("percent", ifPresent: news.percent)
                json.array("routes") { Self.write(notice, isOver: news.isOver, to: &$0) }
            }
        }
    }

    private static func write(_ notice: Dependants.Notice, isOver: Bool, to json: inout JSONWriter) {
        for effect in notice.routes {
            json.object { json in
                json.member("name", effect.route)
                json.member("effect", isOver ? "served as before" : effect.standIn == nil ? "refused" : "stood in for")
                if !isOver { json.member("stand_in", ifPresent: effect.standIn) }
                if notice.isOperator, !effect.models.isEmpty {
                    json.array("models") { json in for model in effect.models { json.value(model) } }
                }
            }
        }
    }

    private func dependants(beside suspension: Suspension?) -> Dependants {
        let index = suspended()
        let members = StandardMembers(gateway, suspended: index)
        let now = UnixTime(seconds: Int64(clock()))
        return Dependants(
            routes: members.situation.routes,
            notify: Dictionary(
                gateway.state.routes.routes.map { ($0.name, $0.policy.notify) }, uniquingKeysWith: { first, _ in first }
            ),
            keys: gateway.keys.records.filter { record in
                record.revoked == nil && record.expires.map { now < $0 } ?? true
            },
            suspended: index.entries.filter { $0.suspension.number != suspension?.number }.flatMap(\.suspension.scopes))
    }

    // MARK: Retirements

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                lookAtRetirements()
                try? await Task.sleep(for: .seconds(60))
            }
        }
    }

    /// Tells of retirements that are near: 30 days, 7 days and 1 day before.
    /// After a restart the newest of these is told again, as a message of the
    /// same id.
    func lookAtRetirements() {
        let now = clock()
        let members = StandardMembers(gateway, suspended: SuspensionIndex())
        var seen: Set<String> = []
        for route in members.situation.routes {
            for member in members.members(of: .route(route.name)) where seen.insert(member.candidate.id).inserted {
                guard let retires = member.candidate.retires, retires > now,
                    let days = Self.daysBefore.last(where: { retires - now <= $0 * 86_400 })
                else { continue }
                let news = "\(member.candidate.id) \(retires) \(days)"
                guard told.withLock({ $0.insert(news).inserted }) else { continue }
                tell(member.candidate, retires: retires, news)
            }
        }
    }

    private func tell(_ candidate: Candidate, retires: Int, _ news: String) {
        let scopes = [SuspendedScope.model(candidate.id)]
        let id: (String) -> String = { receiver in
            "msg_r\(Hex.encode(SHA256.hash(data: Array("\(news) \(receiver)".utf8))).prefix(32))"
        }
        func write(_ json: inout JSONWriter) {
            json.member("model", candidate.id)
            json.member("retires", Timestamp.text(seconds: retires))
            json.member("deprecated", ifPresent: candidate.deprecated.map { Timestamp.text(seconds: $0) })
            json.member("successor", ifPresent: candidate.successor)
        }
        let operators = settings.now.webhooks.filter { $0.kinds.contains(.veto) }.map(\.name)
        alerts.tell(to: operators, "notice.retirement", id: id) { write(&$0) }
        for notice in dependants(beside: nil).notices(of: scopes) where !operators.contains(notice.receiver) {
            alerts.tell(to: [notice.receiver], "notice.retirement", id: id) { json in
                write(&json)
                json.array("routes") { Self.write(notice, isOver: false, to: &$0) }
            }
        }
    }

    /// A step of a suspension, as it is told: `notice.` apart from the operators'
    /// own messages.
    private struct News {
        var type: String
        var phase: String
        var isOver = false
        var percent: Int?

        /// - Returns: nil for what nobody outside has to know.
        init?(_ event: VetoEvent) {
            switch event {
            case .ordered: (type, phase) = ("notice.ordered", "suspended")
            case .overdue: (type, phase) = ("notice.overdue", "suspended")
            case .lapsed: (type, phase, isOver) = ("notice.lapsed", "lapsed", true)
            case .verifying: (type, phase) = ("notice.verifying", "verifying")
            case .halfOpen(_, let percent):
                (type, phase) = ("notice.half-open", "half-open")
                self.percent = percent
            case .restored: (type, phase, isOver) = ("notice.restored", "restored", true)
            case .gateFailed:
                (type, phase) = ("notice.gate-failed", "suspended")
            default: return nil
            }
        }
    }
}
