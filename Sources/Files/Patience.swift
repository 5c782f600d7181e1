import Glibc
import Synchronization
import SystemPackage

/// Work on files that may hang, done on a thread of its own so that the
/// caller need not hang with it.
///
/// Nothing can interrupt a read of a disk or a network mount that has died:
/// the thread stays until the kernel lets it go. There is at most one such
/// thread for a path: while it is stuck, further work on the path is refused
/// at once.
package enum Patience {
    private static let stuck = Mutex<Set<String>>([])

    /// Runs work and waits for its result.
    /// - Throws: the error that the work throws, or ``FileFault/Cause/slow(_:)`` when the time is over.
    package static func run<Value: Sendable>(
        _ operation: FileFault.Operation, _ path: String, within time: Duration,
        _ work: @escaping @Sendable () throws(FileFault) -> Value
    ) throws(FileFault) -> Value {
        let isStuck = stuck.withLock { $0.contains(path) }
        guard !isStuck else { throw FileFault(operation, path, .slow(time)) }
        let handOver = HandOver<Value>()
        let status = startThread {
            let result: Result<Value, FileFault>
            do throws(FileFault) {
                result = .success(try work())
            } catch {
                result = .failure(error)
            }
            // Too late: the caller is gone, and the path answers again.
            if !handOver.put(result) { _ = stuck.withLock { $0.remove(path) } }
        }
        guard status == 0 else { throw FileFault(operation, path, errno: status) }
        let result = handOver.take(within: time) { _ = stuck.withLock { $0.insert(path) } }
        guard let result else { throw FileFault(operation, path, .slow(time)) }
        return try result.get()
    }

    /// - Returns: 0, or the error number.
    private static func startThread(_ work: @escaping @Sendable () -> Void) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let body = Unmanaged.passRetained(ThreadBody(work))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { raw in
                if let raw { Unmanaged<ThreadBody>.fromOpaque(raw).takeRetainedValue().work() }
                return nil
            }, body.toOpaque())
        if status != 0 { body.release() }
        return status
    }
}

private final class ThreadBody: Sendable {
    let work: @Sendable () -> Void

    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
}

/// A result on its way from one thread to another that waits for a limited
/// time.
// Its state is touched under its lock only.
private final class HandOver<Value: Sendable>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let isThere = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var result: Result<Value, FileFault>?
    private var isAbandoned = false

    init() {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(isThere, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(isThere)
        pthread_mutex_destroy(lock)
        isThere.deallocate()
        lock.deallocate()
    }

    /// - Returns: true if the other thread is still waiting.
    func put(_ result: Result<Value, FileFault>) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        self.result = result
        pthread_cond_signal(isThere)
        return !isAbandoned
    }

    /// - Parameter abandon: runs once the time is over, before the other
    ///   thread can learn of it.
    func take(within time: Duration, abandon: () -> Void) -> Result<Value, FileFault>? {
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        let (seconds, attoseconds) = time.components
        let nanoseconds = end.tv_nsec + Int(attoseconds / 1_000_000_000)
        end.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while result == nil {
            guard pthread_cond_timedwait(isThere, lock, &end) != ETIMEDOUT else { break }
        }
        if result == nil {
            isAbandoned = true
            abandon()
        }
        return result
    }
}
