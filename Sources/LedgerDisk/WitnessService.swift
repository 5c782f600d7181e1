package import Ledger
import Dispatch

/// The queue that answers a witness's requests, one after the other, on a thread that may wait for the disk.
package final class WitnessService: Sendable {
    private let queue = DispatchQueue(label: "holdfast.witness", qos: .utility)
    // Touched on the queue only.
    private nonisolated(unsafe) let witness: CheckpointWitness
    private let clock: @Sendable () -> UInt64

    /// - Parameter clock: seconds since 1970.
    package init(_ witness: CheckpointWitness, clock: @escaping @Sendable () -> UInt64) {
        self.witness = witness
        self.clock = clock
    }

    /// - Throws: ``LedgerProblem`` where the disk fails: nothing was cosigned.
    package func answer(_ body: [UInt8]) async throws(LedgerProblem) -> WitnessAnswer {
        let result = await withCheckedContinuation { continuation in
            queue.async { [self] in
                continuation.resume(
                    returning: Result { () throws(LedgerProblem) in try witness.answer(body, time: clock()) })
            }
        }
        return try result.get()
    }
}
