import Files
import FrontDoor
import Gateway
import NIOCore
import Settings
import Telemetry

/// The limits that both listeners share: the amount of this machine that callers may use, and the web pages that may
/// call them.
final class Edge: Sendable {
    let limits: ConnectionLimits
    let unread: UnreadAnswers
    let pool: HeavyPool
    /// The memory of bodies whose signatures are not checked yet.
    let unproven: UnprovenBodies
    let origins: OriginPolicy
    let share: DescriptorShare

    init(_ settings: Settings) {
        var limits = ConnectionLimits()
        limits.body = settings.limits.body
        limits.bodies = settings.limits.bodies
        limits.minimumRate = settings.limits.minimumRate
        self.limits = limits
        unread = UnreadAnswers(limit: settings.limits.unreadAnswers, minimumRate: limits.minimumRate)
        unproven = UnprovenBodies(bodies: limits.bodies)
        pool = HeavyPool(threads: max(1, min(System.coreCount, 8)))
        origins = OriginPolicy(settings.originRules)
        share = .now(open: (try? Folder.entries("/proc/self/fd"))?.map(\.count))
    }

    /// Takes over an edit.
    func reload(_ settings: Settings) { origins.replace(with: settings.originRules) }

    func register(in registry: PrometheusRegistry) {
        registry.addGauge("holdfast_unread_answer_bytes") { [unread] in Double(unread.waiting) }
        registry.addGauge("holdfast_callers_given_up") { [unread] in Double(unread.connectionsGivenUp) }
        registry.addGauge("holdfast_answers_refused_unread") { [unread] in Double(unread.answersRefused) }
        registry.addGauge("holdfast_unproven_body_bytes") { [unproven] in Double(unproven.taken) }
        registry.addGauge("holdfast_large_bodies_read") { [pool] in Double(pool.finished) }
    }
}

extension Settings {
    fileprivate var originRules: OriginRules {
        // The address that is listened on is a name, too.
        OriginRules(origins: Set(origins), hosts: keys == .none ? Set(hosts + [listen.host]) : nil)
    }
}
