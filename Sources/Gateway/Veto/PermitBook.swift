import Atomics
import NIOCore
import Synchronization
package import Veto

/// The permits of all candidates, routes and keys: the place of a veto.
///
/// A permit holds for ``length`` from the beginning of the look that gave it.
/// One that has ended is renewed in line, by the check that finds it so:
/// nothing is refused for lateness. A process that was frozen wakes up with a
/// permit that has ended, and therefore looks before it goes on.
///
/// While nothing is suspended a check is one reading of the clock and two
/// loads.
package final class PermitBook: Sendable {
    let clock: PermitClock
    /// In nanoseconds.
    private let length: UInt64
    private let source: any SuspensionSource
    /// The tick at which the present permit ends.
    private let until = ManagedAtomic<UInt64>(0)
    /// True while nothing is suspended.
    private let isQuietFlag = ManagedAtomic<Bool>(true)
    private let current = ManagedAtomic<SuspensionsInForce>(.none)
    private let looking = Mutex(())
    private let ledger = Mutex(PermitLedger())
    private let loops = Mutex<[EventLoopTaskExecutor]>([])

    /// - Parameter length: The longest time between an order that nobody has
    ///   told of and the check that sees it.
    package init(
        source: any SuspensionSource, clock: PermitClock = .system, length: Duration = .milliseconds(200)
    ) {
        self.source = source
        self.clock = clock
        let (seconds, attoseconds) = length.components
        self.length = UInt64(max(0, seconds)) &* 1_000_000_000 &+ UInt64(max(0, attoseconds)) / 1_000_000_000
    }

    // MARK: The look

    /// The present tick; the permit has been renewed where it had ended.
    func tick() -> UInt64 {
        let now = clock.boot()
        if now >= until.load(ordering: .acquiring) { look(now) }
        return now
    }

    private func look(_ now: UInt64) {
        let events: [PermitEvent] = looking.withLock { _ in
            // Another thread has looked meanwhile.
            guard now >= until.load(ordering: .acquiring) else { return [] }
            let known = inForce.index
            let events = put(source.renew(known))
            until.store(now &+ length, ordering: .releasing)
            return events
        }
        for event in events { source.note(event) }
    }

    /// Takes over the suspensions that are in force: checks see them at once,
    /// and what runs in spite of them is ended. Nothing where a newer index, or
    /// this one, is known.
    ///
    /// May be called on any thread; not by ``SuspensionSource/renew(_:)``.
    package func apply(_ index: SuspensionIndex) {
        for event in put(index) { source.note(event) }
    }

    /// The suspensions that the checks go by.
    package var index: SuspensionIndex { inForce.index }
    var inForce: SuspensionsInForce { current.load(ordering: .acquiring) }
    /// True while nothing is suspended.
    var isQuiet: Bool { isQuietFlag.load(ordering: .acquiring) }

    private func put(_ index: SuspensionIndex) -> [PermitEvent] {
        // No loop may join between the order and the look at all loops.
        loops.withLock { loops in
            ledger.withLock { ledger in
                guard index.version > inForce.version else { return [] }
                let orders = ledger.orders(of: index, tick: clock.boot(), wall: clock.wall())
                let inForce = SuspensionsInForce(index, orders)
                current.store(inForce, ordering: .sequentiallyConsistent)
                isQuietFlag.store(index.isEmpty, ordering: .sequentiallyConsistent)
                // After the order is seen: whatever was allowed was allowed
                // before this tick.
                let events = ledger.denials(by: inForce, at: clock.boot(), loops: loops.count)
                for executor in loops {
                    executor.eventLoop.execute { executor.live.look(self, for: index.version) }
                }
                return events
            }
        }
    }

    // MARK: Permits of candidates

    /// Returns the permit of a candidate, one for all of its name.
    func permit(of subject: SuspensionSubject, _ provider: Provider?) -> CandidatePermit {
        ledger.withLock { $0.permit(of: subject, provider) }
    }

    /// The first time since the start, or since its last denial, that a
    /// candidate is allowed.
    func grant(_ permit: CandidatePermit, at tick: UInt64) {
        let isNews = ledger.withLock { ledger in
            // Denied meanwhile: what was allowed before is not on record as
            // granted after it.
            guard inForce.stopping(permit.subject, chance: 0) == nil else { return false }
            return ledger.grant(permit)
        }
        if isNews { source.note(.granted(candidate: permit.id, tick: tick)) }
    }

    /// A candidate is refused; goes on record where nothing of it is yet, since
    /// it was suspended before it was ever asked.
    func deny(_ permit: CandidatePermit, by order: SuspensionOrder, at tick: UInt64) {
        guard !permit.isDenied.load(ordering: .acquiring) else { return }
        let event = ledger.withLock { ledger -> PermitEvent? in
            // A share of the requests, by chance: the candidate is not denied.
            guard inForce.stopping(permit.subject, chance: 0) != nil else { return nil }
            return ledger.deny(permit, by: order.id, at: tick)
        }
        if let event { source.note(event) }
    }

    /// The last tick at which something of each candidate was allowed, by
    /// `provider/model`; without those of which nothing was.
    package func ticks() -> [String: UInt64] { ledger.withLock { $0.ticks } }

    func note(_ event: PermitEvent) { source.note(event) }

    // MARK: What runs

    /// Has the exchanges of an event loop looked at, too.
    func join(_ executor: EventLoopTaskExecutor) { loops.withLock { $0.append(executor) } }

    /// An event loop has gone through its exchanges after a denial.
    /// - Parameters:
    ///   - running: The number of exchanges of each denied candidate that are
    ///     under way.
    ///   - version: Of the index for which it looked.
    func looked(_ running: [String: Int], version: UInt64) {
        let events = ledger.withLock { $0.looked(running, version: version, at: clock.boot()) }
        for event in events { source.note(event) }
    }

    /// An exchange with a denied candidate is over, and nothing of it is on
    /// its way to a caller.
    /// - Parameters:
    ///   - isCounted: True where ``looked(_:version:)`` has counted it.
    ///   - lastByte: The tick of its last byte after the denial; nil where
    ///     none was.
    func ended(_ candidate: String, isCounted: Bool, lastByte: UInt64?) {
        let event = ledger.withLock {
            $0.ended(candidate, isCounted: isCounted, lastByte: lastByte, at: clock.boot())
        }
        if let event { source.note(event) }
    }

    /// Ends what runs with keys that were revoked, as a cut of the scope `key`.
    func endRevoked() {
        loops.withLock { loops in
            for executor in loops { executor.eventLoop.execute { executor.live.endRevoked() } }
        }
    }

    /// The streams and requests that run now in these scopes, by candidate,
    /// route and key.
    package func counts(of scopes: [SuspendedScope]) async -> [LiveCount] {
        let executors = loops.withLock { $0 }
        var counts: [LiveCount.Place: LiveCount] = [:]
        for executor in executors {
            let found = await withCheckedContinuation { continuation in
                executor.eventLoop.execute { continuation.resume(returning: executor.live.counts(of: scopes)) }
            }
            for count in found { counts[count.place, default: LiveCount(count.place)] += count }
        }
        return counts.values.sorted { $0.place < $1.place }
    }
}

/// The exchanges of one candidate for one key on one route that run now.
package struct LiveCount: Sendable, Hashable {
    package struct Place: Sendable, Hashable, Comparable {
        /// `provider/model`.
        package var candidate: String
        /// Nil where the caller named the provider.
        package var route: String?
        package var key: String

        package static func < (a: Place, b: Place) -> Bool {
            (a.route ?? "", a.candidate, a.key) < (b.route ?? "", b.candidate, b.key)
        }
    }

    package var place: Place
    package var streams = 0
    /// All others.
    package var requests = 0

    init(_ place: Place) { self.place = place }

    static func += (sum: inout LiveCount, more: LiveCount) {
        sum.streams += more.streams
        sum.requests += more.requests
    }
}
