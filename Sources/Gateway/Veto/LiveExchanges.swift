import NIOCore
import Veto

/// The exchanges of one event loop that suspensions can end.
// Touched on its event loop only.
final class LiveExchanges: @unchecked Sendable {
    private let eventLoop: any EventLoop
    private var entries: [LiveExchange] = []
    /// True once the book knows of this loop.
    private var hasJoined = false

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func add(_ exchange: LiveExchange, in book: PermitBook, on executor: EventLoopTaskExecutor) {
        if !hasJoined {
            hasJoined = true
            book.join(executor)
        }
        exchange.slot = entries.count
        entries.append(exchange)
    }

    /// Removes it in constant time; the last one takes its slot.
    func remove(_ exchange: LiveExchange) {
        guard let slot = exchange.slot else { return }
        exchange.slot = nil
        let last = entries.removeLast()
        guard last !== exchange else { return }
        entries[slot] = last
        last.slot = slot
    }

    /// Ends what may not go on, and tells the book what runs of the candidates
    /// that are denied.
    /// - Parameter version: Of the index that is the reason for the look.
    func look(_ book: PermitBook, for version: UInt64) {
        let inForce = book.inForce
        let tick = book.clock.boot()
        var running: [String: Int] = [:]
        var next: UInt64?
        // A copy: those that end leave the list.
        for exchange in entries where exchange.slot != nil {
            exchange.isCounted = inForce.stopping(exchange.permit.subject, chance: 0) != nil
            if exchange.isCounted { running[exchange.permit.id, default: 0] += 1 }
            if let later = exchange.look(inForce, at: tick) { next = min(next ?? later, later) }
        }
        book.looked(running, version: version)
        if let next { lookAgain(book, for: version, in: next - tick) }
    }

    /// Running requests may go on until then.
    private func lookAgain(_ book: PermitBook, for version: UInt64, in nanoseconds: UInt64) {
        eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(clamping: nanoseconds) &+ 1_000_000)) {
            self.lookAgain(book, for: version)
        }
    }

    private func lookAgain(_ book: PermitBook, for version: UInt64) {
        let inForce = book.inForce
        // A newer one has brought a look of its own.
        guard inForce.version == version else { return }
        let tick = book.tick()
        var next: UInt64?
        for exchange in entries {
            if let later = exchange.look(book.inForce, at: tick) { next = min(next ?? later, later) }
        }
        if let next, next > tick { lookAgain(book, for: version, in: next - tick) }
    }

    /// Ends what runs with keys that were revoked.
    func endRevoked() {
        // A copy: those that end leave the list.
        for exchange in entries where exchange.slot != nil { exchange.endIfRevoked() }
    }

    func counts(of scopes: [SuspendedScope]) -> [LiveCount] {
        var counts: [LiveCount.Place: LiveCount] = [:]
        for exchange in entries where !exchange.isLeaving {
            guard let record = exchange.record else { continue }
            let candidate = exchange.permit.subject
            guard scopes.contains(where: { $0.covers(candidate) || $0.covers(key: record.keyID, route: record.route) })
            else { continue }
            let place = LiveCount.Place(candidate: candidate.id, route: record.route, key: record.keyID)
            if record.isStream {
                counts[place, default: LiveCount(place)].streams += 1
            } else {
                counts[place, default: LiveCount(place)].requests += 1
            }
        }
        return Array(counts.values)
    }
}
