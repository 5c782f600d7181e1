import Atomics
import Veto

/// The facts about permits that are on record: which candidates are granted,
/// which are denied, and what of the denied still runs. Pure; times are
/// parameters.
struct PermitLedger {
    /// A denied candidate of which exchanges may still run.
    private struct Ending {
        var suspension: String
        /// The index that denied it: looks for another one don't count.
        var version: UInt64
        /// The event loops that have yet to say what runs there.
        var loopsLeft: Int
        var running = 0
        var lastByte: UInt64?
    }

    /// One candidate: settings that were reloaded, and routes that say other
    /// things of it, have permits of their own.
    private struct Entry {
        let facts: PermitFacts
        var permits: [CandidatePermit]
    }

    /// By `provider/model`.
    private var entries: [String: Entry] = [:]
    private var granted: Set<String> = []
    private var endings: [String: Ending] = [:]
    /// The ticks until which running requests may go on, by the numbers of
    /// suspensions that drain.
    private var drains: [Int: UInt64] = [:]

    /// Callers can name models without end; so many are on record.
    static let mostCandidates = 4096
    /// Of one candidate; older ones have gone with their settings.
    private static let mostPermits = 16

    // MARK: Permits

    mutating func permit(of subject: SuspensionSubject, _ provider: Provider?) -> CandidatePermit {
        guard let entry = entries[subject.id] else {
            // One too many has no grant on record; requests for it do.
            let isTooMany = entries.count >= Self.mostCandidates
            let facts = PermitFacts(isTooMany: isTooMany)
            let permit = CandidatePermit(subject, provider, facts)
            if !isTooMany { entries[subject.id] = Entry(facts: facts, permits: [permit]) }
            return permit
        }
        if let known = entry.permits.first(where: { $0.isOf(subject, provider) }) { return known }
        let permit = CandidatePermit(subject, provider, entry.facts)
        entries[subject.id]?.permits.append(permit)
        if entry.permits.count >= Self.mostPermits { entries[subject.id]?.permits.removeFirst() }
        return permit
    }

    /// - Returns: True where that is to go on record.
    mutating func grant(_ permit: CandidatePermit) -> Bool {
        permit.isGranted.store(true, ordering: .releasing)
        return entries[permit.id] != nil && granted.insert(permit.id).inserted
    }

    /// Takes note that a candidate was refused that had no grant to lose.
    /// - Returns: Nil where its denial is on record already.
    mutating func deny(_ permit: CandidatePermit, by suspension: String, at tick: UInt64) -> PermitEvent? {
        guard entries[permit.id] != nil, !granted.contains(permit.id),
            !permit.isDenied.exchange(true, ordering: .acquiringAndReleasing)
        else { return nil }
        return .denied(
            candidate: permit.id, suspension: suspension, tick: tick, lastAllowed: permit.last.load(ordering: .relaxed))
    }

    var ticks: [String: UInt64] {
        entries.mapValues { $0.facts.last.load(ordering: .relaxed) }.filter { $0.value > 0 }
    }

    // MARK: Orders

    /// Makes the suspensions of an index ready to be asked.
    /// - Parameters:
    ///   - tick: The present tick.
    ///   - wall: The present time, in seconds since 1970: a drain that was
    ///     ordered a while ago has less time left.
    mutating func orders(of index: SuspensionIndex, tick: UInt64, wall: Int) -> [SuspensionOrder] {
        var draining: [Int: UInt64] = [:]
        let orders = index.entries.map { entry -> SuspensionOrder in
            let suspension = entry.suspension
            guard suspension.mode == .drain else { return SuspensionOrder(entry, runsUntil: 0) }
            let until = drains[suspension.number] ?? tick &+ Self.nanosecondsLeft(of: suspension, wall)
            draining[suspension.number] = until
            return SuspensionOrder(entry, runsUntil: until)
        }
        drains = draining
        return orders
    }

    private static func nanosecondsLeft(of suspension: Suspension, _ wall: Int) -> UInt64 {
        let limit = min(max(0, suspension.drainLimit), 86_400)
        let (end, isOver) = suspension.ordered.addingReportingOverflow(limit)
        let left = isOver ? limit : end.subtractingReportingOverflow(wall).partialValue
        return UInt64(min(max(0, left), limit)) &* 1_000_000_000
    }

    /// Takes note of the candidates that are denied from now on.
    /// - Parameter loops: The number of event loops that will say what runs.
    mutating func denials(by inForce: SuspensionsInForce, at tick: UInt64, loops: Int) -> [PermitEvent] {
        var events: [PermitEvent] = []
        for (id, entry) in entries {
            let orders = entry.permits.lazy.compactMap { inForce.stopping($0.subject, chance: 0) }
            guard let order = orders.first else {
                entry.facts.isDenied.store(false, ordering: .releasing)
                continue
            }
            entry.facts.isGranted.store(false, ordering: .releasing)
            guard granted.remove(id) != nil else { continue }
            entry.facts.isDenied.store(true, ordering: .releasing)
            events.append(
                .denied(
                    candidate: id, suspension: order.id, tick: tick,
                    lastAllowed: entry.facts.last.load(ordering: .relaxed)))
            endings[id] = Ending(suspension: order.id, version: inForce.version, loopsLeft: loops)
            if loops == 0, let event = conclude(id, at: tick) { events.append(event) }
        }
        return events
    }

    // MARK: Ends

    /// An event loop has said what runs there of the denied candidates.
    mutating func looked(_ running: [String: Int], version: UInt64, at tick: UInt64) -> [PermitEvent] {
        var events: [PermitEvent] = []
        for candidate in Array(endings.keys) {
            guard let ending = endings[candidate], ending.loopsLeft > 0, ending.version == version else { continue }
            endings[candidate]?.loopsLeft -= 1
            endings[candidate]?.running += running[candidate] ?? 0
            if let event = conclude(candidate, at: tick) { events.append(event) }
        }
        return events
    }

    mutating func ended(_ candidate: String, isCounted: Bool, lastByte: UInt64?, at tick: UInt64) -> PermitEvent? {
        guard var ending = endings[candidate] else { return nil }
        if let lastByte { ending.lastByte = max(lastByte, ending.lastByte ?? 0) }
        if isCounted { ending.running -= 1 }
        endings[candidate] = ending
        return conclude(candidate, at: tick)
    }

    private mutating func conclude(_ candidate: String, at tick: UInt64) -> PermitEvent? {
        guard let ending = endings[candidate], ending.loopsLeft == 0, ending.running <= 0 else { return nil }
        endings[candidate] = nil
        return .ended(
            candidate: candidate, suspension: ending.suspension, tick: tick, lastByte: ending.lastByte)
    }
}
