import Gateway

/// A wait before an exchange that can be ended without the request's own task.
final class EndableWait: EndableExchange {
    private let task: Task<Void, any Error>

    private init(_ task: Task<Void, any Error>) { self.task = task }

    func cancel(_ exchange: Int) { task.cancel() }

    /// Waits in a task of its own.
    static func run(
        _ ending: ExchangeEnd, on executor: EventLoopTaskExecutor, _ wait: @escaping @Sendable () async throws -> Void
    ) async throws {
        let task = Task(executorPreference: executor) { try await wait() }
        ending.attach(EndableWait(task))
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
