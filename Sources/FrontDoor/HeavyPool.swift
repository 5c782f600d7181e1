import Atomics
import Gateway
import NIOPosix

/// A few threads that read large bodies, and a queue before them that has an
/// end.
package final class HeavyPool: WorkerPool {
    private let pool: NIOThreadPool
    private let most: Int
    private let waiting = ManagedAtomic<Int>(0)
    private let done = ManagedAtomic<Int>(0)

    /// - Parameters:
    ///   - threads: that work at once.
    ///   - most: that may wait, or be worked on.
    package init(threads: Int, most: Int = 64) {
        pool = NIOThreadPool(numberOfThreads: threads)
        self.most = most
        pool.start()
    }

    package func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        guard waiting.wrappingIncrementThenLoad(by: 1, ordering: .relaxed) <= most else {
            waiting.wrappingDecrement(by: 1, ordering: .relaxed)
            return false
        }
        pool.submit { [waiting, done] _ in
            work()
            done.wrappingIncrement(ordering: .relaxed)
            waiting.wrappingDecrement(by: 1, ordering: .relaxed)
        }
        return true
    }

    /// The number of finished pieces of work.
    package var finished: Int { done.load(ordering: .relaxed) }
}
