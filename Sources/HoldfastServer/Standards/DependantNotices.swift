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
/// at each step of its way, and when a retirement, or the date from which a
/// standard stops a model, is near.
///
/// They get what happens to them and what stands in; never a scope of a key,
/// evidence, or a text that its orderer has not made public. Operators' webhooks
/// of the kind `veto` get all of it from ``AlertService``.
final class DependantNotices: ServerEventSubscriber, Service {
    /// Days before a known end at which it is told.
    static let daysBefore = [30, 7, 1]

    private let gateway: Gateway
    private let alerts: AlertService
    private let settings: CurrentSettings
    private let suspended: @Sendable () -> SuspensionIndex
    private let clock: @Sendable () -> Int
    /// Known ends that this process has told, by model, date and days.
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

    // MARK: Known ends

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                lookAhead()
                try? await Task.sleep(for: .seconds(10))
            }
        }
    }

    /// An end that is known beforehand.
    private struct KnownEnd {
        var type: String
        /// The scope that ends.
        var scope: SuspendedScope
        /// In seconds since 1970.
        var at: Int
        /// Days before it; its message is told once for each of them.
        var days: Int
        /// Writes the members that everybody may read.
        var write: (inout JSONWriter) -> Void

        /// - Returns: nil where it is over, or too far away to be told.
        init?(_ type: String, _ scope: SuspendedScope, at: Int, now: Int, write: @escaping (inout JSONWriter) -> Void) {
            guard at > now, let days = DependantNotices.daysBefore.last(where: { at - now <= $0 * 86_400 }) else {
                return nil
            }
            self.type = type
            self.scope = scope
            self.at = at
            self.days = days
            self.write = write
        }
    }

    /// Tells of known ends that are near: 30 days, 7 days and 1 day before.
    /// After a restart the newest of these is told again, as a message of the
    /// same id.
    func lookAhead() {
        for end in retirements() + plannedStops() {
            let news = "\(end.type) \(end.scope.text) \(end.at) \(end.days)"
            if told.withLock({ $0.insert(news).inserted }) { tell(end, news) }
        }
    }

    private func retirements() -> [KnownEnd] {
        let members = StandardMembers(gateway, suspended: SuspensionIndex())
        let candidates = members.situation.routes.flatMap { members.members(of: .route($0.name)) }.map(\.candidate)
        return candidates.compactMap { candidate in
            guard let retires = candidate.retires else { return nil }
            return KnownEnd("notice.retirement", .model(candidate.id), at: retires, now: clock()) { json in
                json.member("model", candidate.id)
                json.member("retires", Timestamp.text(seconds: retires))
                json.member("deprecated", ifPresent: candidate.deprecated.map { Timestamp.text(seconds: $0) })
                json.member("successor", ifPresent: candidate.successor)
            }
        }
    }

    private func plannedStops() -> [KnownEnd] {
        gateway.continuity.planned.all.compactMap { stop in
            KnownEnd("notice.planned-stop", stop.place.scope, at: stop.stops, now: clock()) { json in
                json.member("standard", stop.place.standard)
                json.member("stops", Timestamp.text(seconds: stop.stops))
            }
        }
    }

    private func tell(_ end: KnownEnd, _ news: String) {
        let id: (String) -> String = { receiver in
            "msg_r\(Hex.encode(SHA256.hash(data: Array("\(news) \(receiver)".utf8))).prefix(32))"
        }
        let operators = settings.now.webhooks.filter { $0.kinds.contains(.veto) }.map(\.name)
        alerts.tell(to: operators, end.type, id: id) { json in
            end.write(&json)
            json.member("scope", end.scope.text)
        }
        for notice in dependants(beside: nil).notices(of: [end.scope]) where !operators.contains(notice.receiver) {
            alerts.tell(to: [notice.receiver], end.type, id: id) { json in
                end.write(&json)
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
