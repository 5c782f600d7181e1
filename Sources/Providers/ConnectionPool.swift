import Gateway
import NIOCore

/// A lane's connections on one event loop.
// Everything in it is touched on its event loop only; the three methods
// that may be called from elsewhere (`wake`, `retire`, cancellation) hop.
final class ConnectionPool: @unchecked Sendable {
    let eventLoop: any EventLoop
    private let connector: Connector
    private let options: LaneOptions
    private let budget: ConnectionBudget

    /// Most recently used last: taken first, so that the others can expire.
    private var idle: [LaneConnection] = []
    private var busy = BusyConnections()
    private var waiters: [Waiter] = []
    private var connecting = 0
    private var isRetired = false
    private var sweep: RepeatedTask?

    /// A request without a connection.
    private final class Waiter: EndableExchange {
        let deadline: NIODeadline
        var continuation: UnsafeContinuation<Result<LaneConnection, any Error>, Never>?
        private weak var pool: ConnectionPool?

        init(until deadline: NIODeadline, in pool: ConnectionPool) {
            self.deadline = deadline
            self.pool = pool
        }

        func cancel(_ exchange: Int) { pool?.giveUp(self) }
    }

    init(eventLoop: any EventLoop, connector: Connector, options: LaneOptions, budget: ConnectionBudget) {
        self.eventLoop = eventLoop
        self.connector = connector
        self.options = options
        self.budget = budget
    }

    /// The time between two checks of all time limits; limits are exact to
    /// within that.
    static let tick = TimeAmount.milliseconds(50)

    // MARK: Taking

    /// - Parameter ending: A handle that can end the wait, besides the task.
    /// - Throws: ``LaneFailure``, or `CancellationError`.
    func acquire(until deadline: NIODeadline, _ ending: ExchangeEnd? = nil) async throws -> LaneConnection {
        eventLoop.preconditionInEventLoop()
        while let connection = idle.popLast() {
            if connection.isUsable {
                busy.add(connection)
                return connection
            }
        }
        guard budget.mayWait() else {
            throw LaneFailure.overloaded("\(options.maxWaiting) requests are waiting for it already")
        }
        let waiter = NIOLoopBound(Waiter(until: deadline, in: self), eventLoop: eventLoop)
        ending?.attach(waiter.value)
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation {
                (continuation: UnsafeContinuation<Result<LaneConnection, any Error>, Never>) in
                waiter.value.continuation = continuation
                waiters.append(waiter.value)
                startSweeping()
                connectIfNeeded()
            }
        } onCancel: {
            eventLoop.execute { self.giveUp(waiter.value) }
        }
        let connection = try result.get()
        if ending?.isEnded == true {
            // Between being handed over and being taken.
            release(connection)
            throw CancellationError()
        }
        return connection
    }

    private func giveUp(_ waiter: Waiter) {
        waiters.removeAll { $0 === waiter }
        resume(waiter, .failure(CancellationError()))
    }

    /// - Parameter waiter: not one of ``waiters`` any more.
    private func resume(_ waiter: Waiter, _ result: Result<LaneConnection, any Error>) {
        guard let continuation = waiter.continuation else { return }
        waiter.continuation = nil
        budget.waitingEnded()
        continuation.resume(returning: result)
    }

    private func connectIfNeeded() {
        while connecting < waiters.count {
            guard budget.mayOpen() else {
                // Connections that lie idle on other loops are in the way.
                budget.makeRoom()
                return
            }
            connecting += 1
            connector.connect(on: eventLoop, pool: self).whenComplete { result in
                self.connecting -= 1
                switch result {
                case .success(let connection) where connection.isUsable:
                    connection.pooled.isCounted = true
                    self.startSweeping()
                    self.offer(connection)
                case .success:
                    self.budget.closed()
                    self.refuseOne(.unreachable("it closed the connection at once"))
                case .failure(let error):
                    self.budget.closed()
                    // One connection failed, one request is told; the others
                    // have connections of their own on the way.
                    self.refuseOne(Connector.failure(error))
                }
            }
        }
    }

    private func refuseOne(_ failure: LaneFailure) {
        if !waiters.isEmpty { resume(waiters.removeFirst(), .failure(failure)) }
        connectIfNeeded()
    }

    /// Gives a free connection to whoever waits longest.
    private func offer(_ connection: LaneConnection) {
        guard connection.isUsable else { return }
        if waiters.isEmpty {
            if isRetired || budget.isScarce { return connection.close() }
            connection.pooled.idleSince = .now()
            idle.append(connection)
        } else {
            busy.add(connection)
            resume(waiters.removeFirst(), .success(connection))
        }
    }

    // MARK: Giving back

    func release(_ connection: LaneConnection) {
        busy.remove(connection)
        offer(connection)
    }

    func connectionClosed(_ connection: LaneConnection) {
        busy.remove(connection)
        idle.removeAll { $0 === connection }
        if connection.pooled.isCounted { budget.closed() }
        connection.pooled.isCounted = false
    }

    // MARK: From other threads

    /// A connection of another pool has closed: there is room.
    func wake() {
        eventLoop.execute { if !self.waiters.isEmpty { self.connectIfNeeded() } }
    }

    /// A request on another loop waits, and no more may be opened.
    func makeRoom() {
        eventLoop.execute { self.idle.first?.close() }
    }

    func retire() {
        eventLoop.execute {
            self.isRetired = true
            for connection in self.idle { connection.close() }
        }
    }

    // MARK: Time

    /// One timer for all connections: a timer a request would cost more than
    /// all else that a lane does.
    private func startSweeping() {
        guard sweep == nil else { return }
        sweep = eventLoop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { task in
            let now = NIODeadline.now()
            for connection in self.busy.all { connection.checkTime(now) }
            let expired = self.idle.prefix { $0.pooled.idleSince + self.options.keepAlive < now }
            for connection in expired { connection.close() }
            for waiter in self.waiters where waiter.deadline < now {
                self.waiters.removeAll { $0 === waiter }
                self.resume(waiter, .failure(LaneFailure.overloaded("no connection to it became free in time")))
            }
            if self.idle.isEmpty, self.busy.isEmpty, self.connecting == 0, self.waiters.isEmpty {
                task.cancel()
                self.sweep = nil
            }
        }
    }
}

/// The connections that carry an exchange, added and removed in constant time
/// and without hashing: both happen on every request.
private struct BusyConnections {
    private(set) var all: [LaneConnection] = []

    var isEmpty: Bool { all.isEmpty }

    mutating func add(_ connection: LaneConnection) {
        connection.pooled.busyIndex = all.count
        all.append(connection)
    }

    /// Removes the connection if it is in here; the last one takes its index.
    mutating func remove(_ connection: LaneConnection) {
        guard let index = connection.pooled.busyIndex else { return }
        connection.pooled.busyIndex = nil
        let last = all.removeLast()
        guard last !== connection else { return }
        last.pooled.busyIndex = index
        all[index] = last
    }
}
