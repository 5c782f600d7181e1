package import Logging
package import Storage
import Synchronization

/// A number that represents all writes up to a point in their order.
package struct WriteTicket: Sendable, Hashable, Comparable {
    package var number: Int

    package static func < (one: WriteTicket, other: WriteTicket) -> Bool { one.number < other.number }
}

/// The writes that are owed to the disk: the newest of each key, in order.
///
/// Pure. One batch is under way at a time; a batch that fails is owed again,
/// beneath what has come since.
package struct OwedWrites<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Owed {
        var key: Key
        var value: Value
    }

    private var owed: [Int: Owed] = [:]
    private var newest: [Key: Int] = [:]
    private var underWay: [Int: Owed] = [:]
    private var last = 0
    /// The last write that is on disk, with all before it.
    package private(set) var written = 0

    package init() {}

    package var isEmpty: Bool { owed.isEmpty && underWay.isEmpty }
    package var count: Int { owed.count + underWay.count }

    package mutating func owe(_ writes: [(Key, Value)]) -> WriteTicket {
        for (key, value) in writes {
            last += 1
            if let older = newest[key] { owed[older] = nil }
            owed[last] = Owed(key: key, value: value)
            newest[key] = last
        }
        return WriteTicket(number: last)
    }

    /// Takes all that is owed, oldest first; nil where nothing is, or a batch
    /// is under way.
    package mutating func take() -> (writes: [(Key, Value)], ticket: WriteTicket)? {
        guard underWay.isEmpty, !owed.isEmpty else { return nil }
        underWay = owed
        owed = [:]
        newest = [:]
        let writes = underWay.sorted { $0.key < $1.key }.map { ($0.value.key, $0.value.value) }
        return (writes, WriteTicket(number: last))
    }

    package mutating func succeeded(_ ticket: WriteTicket) {
        underWay = [:]
        written = max(written, ticket.number)
    }

    package mutating func failed() {
        for (number, write) in underWay where newest[write.key] == nil {
            owed[number] = write
            newest[write.key] = number
        }
        underWay = [:]
    }
}

/// A writer that keeps what can't be written in memory until it can.
///
/// Writes leave the caller at once. Urgent ones begin at once; others wait a
/// moment, so that many go in one transaction. A failure is logged once, and
/// tried again every second.
package final class DurableWriter<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    package typealias Write = @Sendable ([(Key, Value)]) async throws(StorageError) -> Void

    package struct Options: Sendable {
        /// The time that ``untilWritten(_:)`` waits at most.
        package var patience = Duration.milliseconds(100)
        /// The time that writes wait for company.
        package var gathering = Duration.milliseconds(250)
        package var retry = Duration.seconds(1)
        /// The time for the last writes when the process ends.
        package var farewell = Duration.seconds(4)

        package init() {}
    }

    private struct State {
        var owed = OwedWrites<Key, Value>()
        var waiters: [(ticket: WriteTicket, waiter: Waiter)] = []
        var isFailing = false
        /// True if a write is pending that must not wait for others.
        var isUrgent = false
        /// True if a timer runs that makes the pending writes urgent.
        var isGathering = false
        /// Waits that ended before the write.
        var late = 0
    }

    private let state = Mutex(State())
    private let write: Write
    private let name: String
    private let logger: Logger
    private let options: Options
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation

    /// - Parameter name: of what is written, in plural, for the log.
    package init(_ name: String, logger: Logger, options: Options = Options(), write: @escaping Write) {
        self.name = name
        self.logger = logger
        self.options = options
        self.write = write
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The number of writes that are not on disk yet.
    package var owed: Int { state.withLock { $0.owed.count } }
    /// The number of waits that ended before their write.
    package var late: Int { state.withLock { $0.late } }

    /// Takes writes, in order. Never blocks.
    @discardableResult
    package func owe(_ writes: [(Key, Value)], isUrgent: Bool) -> WriteTicket {
        let ticket = state.withLock { state in
            if isUrgent { state.isUrgent = true }
            return state.owed.owe(writes)
        }
        wakeUp.yield()
        return ticket
    }

    /// Returns when the writes are on disk, or after ``Options/patience``.
    /// - Returns: true if they are on disk.
    @discardableResult
    package func untilWritten(_ ticket: WriteTicket) async -> Bool {
        let waiter = Waiter()
        let isWritten = state.withLock { state in
            if state.owed.written >= ticket.number { return true }
            state.waiters.append((ticket, waiter))
            return false
        }
        if isWritten { return true }
        let patience = options.patience
        let timer = Task {
            try? await Task.sleep(for: patience)
            waiter.finish(false)
        }
        let result = await waiter.result()
        timer.cancel()
        guard !result else { return true }
        let isFirst = state.withLock { state in
            state.waiters.removeAll { $0.waiter === waiter }
            state.late += 1
            return state.late == 1
        }
        if isFirst {
            logger.error(
                "\(name) are not on disk in time; requests go on, and they are written when the disk is free",
                metadata: ["waited": "\(patience)"])
        }
        return false
    }

    // MARK: Writing

    /// Writes until the task is cancelled, and then what is still owed.
    package func run() async {
        for await _ in wakeUps {
            guard isDue() else { continue }
            while !Task.isCancelled, await !writeBatch() { try? await Task.sleep(for: options.retry) }
            if Task.isCancelled { break }
        }
        await sayFarewell()
    }

    /// - Returns: false where the writes gather first; a timer wakes the writer.
    private func isDue() -> Bool {
        let (isDue, begins) = state.withLock { state in
            let begins = !state.isUrgent && !state.isGathering && !state.owed.isEmpty
            if begins { state.isGathering = true }
            defer { state.isUrgent = false }
            return (state.isUrgent, begins)
        }
        if begins {
            let gathering = options.gathering
            Task {
                try? await Task.sleep(for: gathering)
                state.withLock { state in
                    state.isGathering = false
                    state.isUrgent = true
                }
                wakeUp.yield()
            }
        }
        return isDue
    }

    /// - Returns: false where it has to be tried again.
    private func writeBatch() async -> Bool {
        guard let batch = state.withLock({ $0.owed.take() }) else { return true }
        do throws(StorageError) {
            try await write(batch.writes)
        } catch {
            let isNews = state.withLock { state in
                state.owed.failed()
                defer { state.isFailing = true }
                return !state.isFailing
            }
            if isNews {
                logger.error(
                    "\(name) can't be written; they stay in memory, and it is tried again every second",
                    metadata: ["problem": "\(error.message)"])
            }
            return false
        }
        let (finished, wasFailing) = state.withLock { state -> ([Waiter], Bool) in
            state.owed.succeeded(batch.ticket)
            let written = state.owed.written
            let finished = state.waiters.filter { $0.ticket.number <= written }.map(\.waiter)
            state.waiters.removeAll { $0.ticket.number <= written }
            defer { state.isFailing = false }
            return (finished, state.isFailing)
        }
        for waiter in finished { waiter.finish(true) }
        if wasFailing { logger.notice("\(name) can be written again") }
        return true
    }

    /// In a task of its own: the one that runs is cancelled by now.
    private func sayFarewell() async {
        let (options, name, logger) = (options, name, logger)
        let deadline = ContinuousClock.now + options.farewell
        await Task {
            while owed > 0 {
                if await writeBatch() { continue }
                guard ContinuousClock.now < deadline else { break }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }.value
        let lost = owed
        if lost > 0 {
            logger.critical("\(name) were never written; a restart will not know them", metadata: ["count": "\(lost)"])
        }
    }

    /// One wait with two ends.
    private final class Waiter: Sendable {
        private struct State {
            var result: Bool?
            var continuation: CheckedContinuation<Bool, Never>?
        }

        private let state = Mutex(State())

        func result() async -> Bool {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state in
                    if state.result == nil { state.continuation = continuation }
                    return state.result
                }
                if let known { continuation.resume(returning: known) }
            }
        }

        func finish(_ result: Bool) {
            state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard state.result == nil else { return nil }
                state.result = result
                defer { state.continuation = nil }
                return state.continuation
            }?.resume(returning: result)
        }
    }
}
