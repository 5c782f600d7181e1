import Atomics
import NIOConcurrencyHelpers

/// The counts of one lane's connections and waiting requests over all its
/// event loops, and the permission to add one.
///
/// Lane and pools hold it strongly and not each other: a weak reference to
/// the lane would cost every request two atomic loads, and the lane a slower
/// reference count. Thread-safe.
final class ConnectionBudget: Sendable {
    private let maxConnections: Int
    private let maxWaiting: Int
    private let open = ManagedAtomic<Int>(0)
    private let waiting = ManagedAtomic<Int>(0)
    private let pools = NIOLockedValueBox<[ConnectionPool]>([])

    init(_ options: LaneOptions) {
        maxConnections = options.maxConnections
        maxWaiting = options.maxWaiting
    }

    /// Connections that are open, busy or not.
    var openConnections: Int { open.load(ordering: .relaxed) }

    /// The pools that are woken when a connection closes.
    func serve(_ pools: [ConnectionPool]) { self.pools.withLockedValue { $0 = pools } }

    /// Ends the circle of references between the budget and its pools.
    func forgetPools() { pools.withLockedValue { $0 = [] } }

    /// Counts one more connection, unless that would exceed the limit.
    func mayOpen() -> Bool {
        if open.loadThenWrappingIncrement(ordering: .relaxed) < maxConnections { return true }
        open.wrappingDecrement(ordering: .relaxed)
        return false
    }

    /// Counts one connection less, and wakes the requests that wait for one.
    func closed() {
        open.wrappingDecrement(ordering: .relaxed)
        guard waiting.load(ordering: .relaxed) > 0 else { return }
        for pool in pools.withLockedValue({ $0 }) { pool.wake() }
    }

    /// Requests wait while no more connections may be opened: an idle one is
    /// then better closed than kept.
    var isScarce: Bool {
        waiting.load(ordering: .relaxed) > 0 && open.load(ordering: .relaxed) >= maxConnections
    }

    /// Has every pool close an idle connection.
    func makeRoom() {
        for pool in pools.withLockedValue({ $0 }) { pool.makeRoom() }
    }

    /// Counts one more waiting request, unless that would exceed the limit.
    func mayWait() -> Bool {
        if waiting.loadThenWrappingIncrement(ordering: .relaxed) < maxWaiting { return true }
        waiting.wrappingDecrement(ordering: .relaxed)
        return false
    }

    func waitingEnded() { waiting.wrappingDecrement(ordering: .relaxed) }
}
