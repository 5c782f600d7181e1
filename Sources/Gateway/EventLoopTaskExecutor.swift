package import NIOCore

/// Runs requests' tasks on the event loop of their connections, and sends
/// what they wrote.
///
/// Caller, task and provider connection then share one thread: no hop, no
/// lock, and the state of a loop's connections needs no protection.
///
/// What is written while the loop goes through what it has read is flushed
/// once all of that is done, or once ``flushedAtOnce`` connections wait: the
/// other side, woken by the first of these writes, then finds work for all of
/// them instead of going to sleep before the next. Both measured: see
/// Benchmarks/README.md.
// Jobs and what is unflushed are touched on the event loop only.
package final class EventLoopTaskExecutor: TaskExecutor, @unchecked Sendable {
    package let eventLoop: any EventLoop
    /// The attempts of its requests that have said nothing yet.
    let silent: SilentAttempts
    /// The exchanges that suspensions can end.
    let live: LiveExchanges
    private var unflushed: [any Flushable] = []
    /// An empty array's storage, for the next connections that wait.
    private var spare: [any Flushable] = []
    /// Jobs of tasks that wait for the loop, in the order in which they came.
    private var jobs: [UnownedJob] = []
    /// The same array's storage, while its jobs run.
    private var running: [UnownedJob] = []
    /// Bytes of bodies that were read in this turn.
    private var readInTurn = 0
    /// The most that was read in one turn.
    package private(set) var mostReadInATurn = 0

    /// Bounds how long the first connection waits for the others.
    package static let flushedAtOnce = 16

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        silent = SilentAttempts(eventLoop)
        live = LiveExchanges(eventLoop)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard eventLoop.inEventLoop else {
            return eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
        // One entry in the loop's own queue for all jobs of a turn: it has a lock,
        // and each entry a closure.
        jobs.append(job)
        if jobs.count == 1 { eventLoop.execute { self.runJobs() } }
    }

    /// Runs the jobs that wait; those that come meanwhile have their own turn.
    private func runJobs() {
        swap(&jobs, &running)
        let executor = asUnownedTaskExecutor()
        for job in running { job.runSynchronously(on: executor) }
        running.removeAll(keepingCapacity: true)
    }

    /// Has a connection flushed before the event loop sleeps again. On the
    /// event loop only.
    ///
    /// - Parameter connection: not again before it is flushed.
    package func flushSoon(_ connection: any Flushable) {
        unflushed.append(connection)
        if unflushed.count == 1 {
            // Behind the tasks that are due already.
            eventLoop.execute { self.flush() }
        } else if unflushed.count >= Self.flushedAtOnce {
            flush()
        }
    }

    /// Tells whether so many bytes of a body may be read on the event loop now, and
    /// takes note of them. On the event loop only.
    package func mayRead(_ count: Int) -> Bool {
        // What hardly takes longer than to ask.
        guard count > Self.smallBody else { return true }
        guard readInTurn + count <= HeavyReading.mostInATurn else { return false }
        if readInTurn == 0 {
            // After what callers and providers have sent meanwhile.
            eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.readInTurn = 0 }
        }
        readInTurn += count
        mostReadInATurn = max(mostReadInATurn, readInTurn)
        return true
    }

    private static let smallBody = 32 << 10

    private func flush() {
        // Taken out first: flushing may close a connection, and who hears of
        // that may write to others.
        var connections = exchange(&unflushed, with: exchange(&spare, with: []))
        for connection in connections { connection.flush() }
        connections.removeAll(keepingCapacity: true)
        spare = connections
    }
}

/// A connection whose writes wait for ``EventLoopTaskExecutor/flushSoon(_:)``.
package protocol Flushable: AnyObject {
    /// Sends what was written; nothing where the connection has ended.
    func flush()
}
