import Custody
import Glibc
import Logging

/// Watching over the weights of an engine that serves.
extension EngineProcess {
    /// The number of steps between two rests: about 0.6 ms of work.
    private static let steps = 4

    /// Reads the weights in memory until they are found changed, or until the task is cancelled.
    ///
    /// When this returns because of a change, requests are no longer let through, and the receipt is removed.
    func watch(_ held: HeldWeights, _ receipt: CustodyReceipt) async -> Outcome {
        guard let share = configuration.scrub else { return .served }
        var scrubber = Scrubber(held.sealed)
        while !Task.isCancelled {
            let began = ContinuousClock.now
            do throws(Scrubber.Mismatch) {
                for _ in 0..<Self.steps { try scrubber.step() }
            } catch {
                return noteChange(error, receipt)
            }
            let rest = Scrubber.rest(after: began.duration(to: .now), share: share)
            guard (try? await Task.sleep(for: rest)) != nil else { break }
        }
        return .served
    }

    private func noteChange(_ mismatch: Scrubber.Mismatch, _ receipt: CustodyReceipt) -> Outcome {
        let now = Int(time(nil))
        let verdict = scrubbing.mismatch(at: now)
        fail("its weights changed in memory", failures: Self.noPatience, retryAt: .now)
        logger.error(
            verdict == .reload
                ? "WEIGHTS HAVE CHANGED IN MEMORY: the engine is killed and they are loaded again from verified bytes"
                : "WEIGHTS HAVE CHANGED IN MEMORY AGAIN: the model is in quarantine until an administrator lifts it",
            metadata: [
                "file": "\(mismatch.file)", "expected": "\(mismatch.expected)", "found": "\(mismatch.found)",
                "receipt": "\(receipt.id)",
            ])
        told(
            .changed(
                .init(
                    provider: configuration.provider, model: configuration.alias, receipt: receipt.id,
                    mismatch: mismatch, verdict: verdict, time: now)))
        return .changed(verdict)
    }
}
