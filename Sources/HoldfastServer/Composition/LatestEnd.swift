import Dispatch
import Files
import Glibc
import ServiceLifecycle
import Synchronization

/// The time by which a process that is asked to end has ended. Pure.
package struct EndTimes: Sendable {
    /// After the last request: what engines and the ledger need at the end, and
    /// less than the 5 seconds that are promised.
    package static let grace = Duration.milliseconds(4500)

    private let drain: Duration
    private var isDrained = false
    /// Nil until the process is asked to end.
    package private(set) var latest: Duration?

    /// - Parameter drain: the time that running requests get.
    package init(drain: Duration) { self.drain = drain }

    /// Takes note that the process is asked to end; to ask again puts nothing off.
    package mutating func asked(now: Duration) { bringForward(to: now + (isDrained ? .zero : drain) + Self.grace) }

    /// Takes note that the last request has ended, asked for or not.
    package mutating func drained(now: Duration) {
        isDrained = true
        if latest != nil { bringForward(to: now + Self.grace) }
    }

    private mutating func bringForward(to time: Duration) { latest = min(latest ?? time, time) }
}

/// The guarantee that a process which is asked to end does end: within 5
/// seconds of its last request, and of the drain time, whatever hangs — a log
/// that is no longer read, a disk, a mount, a database that another process
/// has locked.
///
/// It listens to SIGTERM and SIGINT beside the services that drain, and ends
/// the process by itself once the time is over. What is acknowledged is
/// durable before, so such an end loses no more than a crash would.
final class LatestEnd: Sendable {
    /// The exit code of a process that hung: sysexits(3) has EX_SOFTWARE.
    private static let hung: Int32 = 70

    private let times: Mutex<EndTimes>
    private let lastWords: @Sendable () -> String?
    private let queue = DispatchQueue(label: "holdfast.latest-end")
    private let start = ContinuousClock.now

    /// - Parameter lastWords: a sentence about what is lost with the process;
    ///   nil where nothing is.
    init(drain: Duration, lastWords: @escaping @Sendable () -> String?) {
        times = Mutex(EndTimes(drain: drain))
        self.lastWords = lastWords
    }

    private var now: Duration { start.duration(to: .now) }

    /// Begins to listen, for the rest of the process's life.
    func begin() {
        for number in [SIGTERM, SIGINT] {
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { [self] in
                // Named here, the source keeps itself.
                guard !source.isCancelled else { return }
                times.withLock { $0.asked(now: now) }
                wait()
            }
            source.activate()
        }
    }

    /// A service that is shut down when all requests have ended: it stands
    /// before the listeners.
    var afterRequests: any Service { AfterRequests(end: self) }

    private struct AfterRequests: Service {
        let end: LatestEnd

        func run() async throws {
            try? await gracefulShutdown()
            end.times.withLock { $0.drained(now: end.now) }
            end.wait()
        }
    }

    private func wait() {
        guard let left = times.withLock({ $0.latest }).map({ $0 - now }) else { return }
        queue.asyncAfter(deadline: .now() + max(0, left / .seconds(1))) { [self] in
            Self.end(lastWords())
        }
    }

    private static func end(_ lastWords: String?) {
        var text = "holdfast: something hangs; the process ends without waiting for it\n"
        if let lastWords { text += "holdfast: \(lastWords)\n" }
        _ = text.withUTF8 { Output.write(UnsafeRawBufferPointer($0), to: STDERR_FILENO, patience: .milliseconds(100)) }
        _exit(hung)
    }
}
