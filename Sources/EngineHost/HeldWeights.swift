package import Custody
import Dispatch

/// Sealed weights that an engine runs on, for all that look at them.
final class HeldWeights: Sendable {
    let sealed: SealedWeights

    init(_ sealed: consuming SealedWeights) { self.sealed = sealed }
}

/// How an engine gets its weights: sealed, and in no other way. Blocks.
package typealias WeightsLoading = @Sendable (EngineConfiguration) throws(CustodyProblem) -> SealedWeights

/// Whether weights that were loaded for this expectation are still what is
/// asked for: a statement may have run out, or a newer one be there. Blocks.
package typealias WeightsRecheck =
    @Sendable (EngineConfiguration, ExpectedWeights) throws(CustodyProblem) -> Bool

/// Runs what takes seconds, or waits for the kernel, on a thread that nobody
/// else needs.
func onAnotherThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        DispatchQueue.global(qos: .userInitiated).async { continuation.resume(returning: work()) }
    }
}
