package import NIOCore

/// The account of the bytes of answers that wait to be read, by connection.
/// Chooses the connections to close when more bytes wait than there is room
/// for.
///
/// Pure: its caller reports what happens and gives the time, and closes the
/// connections that it chooses.
package struct UnreadLedger<Connection: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        var waiting: Int
        var rate: TakingRate
    }

    private let limit: Int
    private let minimumRate: Int
    private let window: TimeAmount
    private var entries: [Connection: Entry] = [:]
    package private(set) var total = 0

    /// - Parameters:
    ///   - limit: of all that waits, in bytes.
    ///   - minimumRate: bytes a second; whoever takes as much, measured over
    ///     `window`, isn't given up.
    package init(limit: Int, minimumRate: Int, window: TimeAmount = .seconds(30)) {
        self.limit = limit
        self.minimumRate = minimumRate
        self.window = window
    }

    package var connections: Int { entries.count }

    /// The decision about an answer that hasn't begun.
    package enum Room: Sendable, Equatable {
        case given
        case none
    }

    /// Room for `more` bytes of an answer that hasn't begun. Those who are
    /// known to take less than the minimum are given up for it.
    package mutating func take(
        _ more: Int, for connection: Connection, taken: Int, now: NIODeadline
    ) -> (room: Room, givenUp: [Connection]) {
        let givenUp = makeRoom(more, sparing: connection, now: now)
        guard total + more <= limit else { return (.none, givenUp) }
        set((entries[connection]?.waiting ?? 0) + more, for: connection, taken: taken, now: now)
        return (.given, givenUp)
    }

    /// Sets the number of bytes that wait for a connection now: they have been
    /// written, whether or not there was room.
    /// - Returns: The connections to close, which may include that one.
    package mutating func note(
        _ waiting: Int, for connection: Connection, taken: Int, now: NIODeadline
    ) -> [Connection] {
        set(waiting, for: connection, taken: taken, now: now)
        guard total > limit else { return [] }
        var givenUp = makeRoom(0, sparing: nil, now: now)
        // A stream can't be told to wait: somebody goes, measured or not.
        while total > limit + limit / 8 {
            let slowest = slowest(now: now) { _, rate in rate.bytes < Double(minimumRate) } ?? connection
            guard forget(slowest) > 0 else { break }
            givenUp.append(slowest)
        }
        return givenUp
    }

    /// Nothing waits for it any more, or it has ended.
    @discardableResult
    package mutating func forget(_ connection: Connection) -> Int {
        guard let entry = entries.removeValue(forKey: connection) else { return 0 }
        total -= entry.waiting
        return entry.waiting
    }

    private mutating func set(_ waiting: Int, for connection: Connection, taken: Int, now: NIODeadline) {
        var entry =
            entries[connection]
            ?? Entry(waiting: 0, rate: TakingRate(over: window, taken: taken, now: now))
        total += waiting - entry.waiting
        entry.waiting = waiting
        entry.rate.note(taken: taken, now: now)
        entries[connection] = entry
    }

    /// Gives up those who take less than the minimum, the slowest first, until
    /// `more` bytes have room.
    private mutating func makeRoom(_ more: Int, sparing spared: Connection?, now: NIODeadline) -> [Connection] {
        var givenUp: [Connection] = []
        while total + more > limit {
            let slowest = slowest(now: now) { connection, rate in
                connection != spared && rate.isMeasured && rate.bytes < Double(minimumRate)
            }
            guard let slowest else { break }
            forget(slowest)
            givenUp.append(slowest)
        }
        return givenUp
    }

    /// Of two that are as slow, the one for whom more waits.
    private func slowest(
        now: NIODeadline, among isIn: (Connection, (bytes: Double, isMeasured: Bool)) -> Bool
    ) -> Connection? {
        var slowest: (connection: Connection, rate: Double, waiting: Int)?
        for (connection, entry) in entries where entry.waiting > 0 {
            let rate = entry.rate.rate(now: now)
            guard isIn(connection, rate) else { continue }
            if let found = slowest, (found.rate, -found.waiting) <= (rate.bytes, -entry.waiting) { continue }
            slowest = (connection, rate.bytes, entry.waiting)
        }
        return slowest?.connection
    }
}
