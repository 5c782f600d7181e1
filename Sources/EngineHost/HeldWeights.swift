package import Custody
import Dispatch

/// Sealed weights that an engine runs on, for all that look at them.
final class HeldWeights: Sendable {
    let sealed: SealedWeights

    init(_ sealed: consuming SealedWeights) { self.sealed = sealed }
}

/// The function that loads an engine's weights into sealed memory, which is the only way to get them. Blocks.
package typealias WeightsLoading = @Sendable (EngineConfiguration) async throws(CustodyProblem) -> SealedWeights

/// The function that checks whether weights that were loaded for this expectation may still be used: a statement may
/// have expired, or there may be a newer one. Blocks.
package typealias WeightsRecheck =
    @Sendable (EngineConfiguration, ExpectedWeights) async throws(CustodyProblem) -> Bool

/// Runs work that takes seconds, or waits for the kernel, on a thread of its
/// own, also between its suspensions.
func onAnotherThread<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
    await Task(executorPreference: OwnThread()) { await work() }.value
}

/// Runs one task.
private final class OwnThread: TaskExecutor {
    private let queue = DispatchQueue(label: "holdfast.weights", qos: .userInitiated)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
