package import NIOCore

/// Runs a request's task on the event loop of its connection.
///
/// Caller, task and provider connection then share one thread: no hop, no
/// lock, and the state of a loop's connections needs no protection. Measured:
/// see Benchmarks/README.md.
package final class EventLoopTaskExecutor: TaskExecutor {
    package let eventLoop: any EventLoop

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
