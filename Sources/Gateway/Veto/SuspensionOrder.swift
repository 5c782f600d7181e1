import Atomics
import Veto

/// One suspension in force, shared by all that it stops.
final class SuspensionOrder: Sendable {
    private let entry: SuspensionIndex.Entry
    /// The tick until which running requests may go on; 0 where they end now.
    let runsUntil: UInt64
    /// True where it is no suspension: the key was revoked while requests with
    /// it ran.
    let isRevocation: Bool

    init(_ entry: SuspensionIndex.Entry, runsUntil: UInt64) {
        self.entry = entry
        self.runsUntil = runsUntil
        isRevocation = false
    }

    /// The end of all that runs with a key, as a cut of the scope `key`. It has
    /// no number, and nothing of the veto's record knows of it.
    init(revoking key: String) {
        let suspension = Suspension(
            number: 0, scopes: [.key(key)], mayContinue: false,
            reason: SuspensionReason(.other, text: "the key was revoked"), orderer: .person("-"), ordered: 0,
            roster: 0, nonce: "")
        entry = SuspensionIndex.Entry(suspension, .suspended)
        runsUntil = 0
        isRevocation = true
    }

    var suspension: Suspension { entry.suspension }
    var number: Int { entry.suspension.number }
    var phase: SuspensionPhase { entry.phase }
    var id: String { entry.suspension.id }

    /// Returns whether it stops a request of that chance
    /// (``Veto/SuspensionIndex/Entry/isStopping(_:)``).
    func isStopping(_ chance: Int) -> Bool { entry.isStopping(chance) }

    /// Returns whether it lets the requests of this gate through: its own,
    /// while it may return. A suspension that a standard ordered and that may
    /// end by itself always may: without an answer of its own the standard
    /// could never see that it is met again.
    /// - Parameter gate: The number of the gate's suspension; 0 where no gate
    ///   asks.
    func lets(_ gate: Int) -> Bool {
        guard gate == number else { return false }
        return switch phase {
        case .verifying, .halfOpen: true
        case .suspended: suspension.mayReturnByItself
        case .restored, .lapsed: false
        }
    }

    func covers(_ candidate: SuspensionSubject) -> Bool { entry.suspension.scopes.contains { $0.covers(candidate) } }

    func covers(key: String, route: String?) -> Bool {
        entry.suspension.scopes.contains { $0.covers(key: key, route: route) }
    }
}

/// All suspensions in force at one moment, as one look reads them. Immutable.
final class SuspensionsInForce: AtomicReference, Sendable {
    let index: SuspensionIndex
    let orders: [SuspensionOrder]

    init(_ index: SuspensionIndex, _ orders: [SuspensionOrder]) {
        self.index = index
        self.orders = orders
    }

    static let none = SuspensionsInForce(SuspensionIndex(), [])

    var version: UInt64 { index.version }

    /// The first one that keeps a candidate from being asked.
    func stopping(_ candidate: SuspensionSubject, chance: Int) -> SuspensionOrder? {
        orders.first { $0.isStopping(chance) && $0.covers(candidate) }
    }

    /// The first one that keeps requests of this key from this route.
    func stopping(key: String, route: String?, chance: Int) -> SuspensionOrder? {
        orders.first { $0.isStopping(chance) && $0.covers(key: key, route: route) }
    }

    /// The suspensions that cover a running exchange.
    func stopping(
        _ candidate: SuspensionSubject, key: String?, route: String?, chance: Int
    ) -> [SuspensionOrder] {
        orders.filter { order in
            order.isStopping(chance)
                && (order.covers(candidate) || (key.map { order.covers(key: $0, route: route) } ?? false))
        }
    }
}

extension String {
    /// The chance of a request with this id under a half-open suspension, 0 to
    /// 99: the same for all of its attempts (FNV-1a, 32 bits).
    var chance: Int {
        var hash: UInt32 = 2_166_136_261
        for byte in utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        // The low bits of a product are the worst.
        return Int((hash ^ hash >> 16) % 100)
    }
}
