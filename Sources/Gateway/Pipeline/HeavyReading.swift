import Conversation
import NIOCore

/// Threads beside the event loops, for what takes long.
package protocol WorkerPool: Sendable {
    /// - Returns: false where as much waits already as may.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool
}

/// Reads large bodies, of requests and answers, off the event loops: while
/// one of them is read on its loop, everybody else on that loop waits.
///
/// Small ones stay where they are, without a hop.
package struct HeavyReading: Sendable {
    /// Nil reads everything on the spot.
    let pool: (any WorkerPool)?

    /// Bytes that an event loop reads in one turn at the most.
    package static let mostInATurn = 1 << 20

    /// Tells whether bytes like these are to be read by ``run(_:)``.
    func isHeavy(_ bytes: ByteBuffer, on executor: EventLoopTaskExecutor) -> Bool {
        pool != nil && !executor.mayRead(bytes.readableBytes)
    }

    /// Runs `body` on another thread, and returns to the task's own.
    /// - Throws: The error of `body`, or ``APIProblem/tooMuchToRead`` where too
    ///   much is waiting already.
    func run<Value>(_ body: @escaping () throws -> Value) async throws -> Value {
        guard let pool else { return try body() }
        let work = Work(body)
        let wasTaken = await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            let isTaken = pool.submit {
                work.run()
                continuation.resume(returning: true)
            }
            if !isTaken { continuation.resume(returning: false) }
        }
        guard wasTaken, let result = work.result else { throw APIProblem.tooMuchToRead }
        return try result.get()
    }

    // What is inside is touched by one thread at a time: by the worker while
    // the task is suspended, and by the task once the worker is done.
    private final class Work<Value>: @unchecked Sendable {
        private let body: () throws -> Value
        private(set) var result: Result<Value, any Error>?

        init(_ body: @escaping () throws -> Value) { self.body = body }

        func run() { result = Result { try body() } }
    }
}

extension APIProblem {
    static let tooMuchToRead = APIProblem(
        .unavailable,
        "More large bodies wait to be read than this Holdfast takes at once; try again in a moment.",
        code: "bodies_too_large", retryAfter: 1)
}
