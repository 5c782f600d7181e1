package import AWSSigning
import Synchronization

/// Keeps the credential of one source ready, and renews it before it ends.
///
/// A signer takes it out of memory. A request waits for it only where there is
/// none that can be used: at the beginning, and where its source has failed
/// for as long as the last one lasted.
package final class CredentialKeeper: Sendable {
    package let shown: String
    private let fetch: @Sendable () async throws(CredentialProblem) -> AWSCredential
    private let now: @Sendable () -> Int
    private let note: @Sendable (CredentialProblem) -> Void
    private let kept: Mutex<Kept>

    private struct Kept {
        var state: CredentialState
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var task: Task<Void, Never>?
    }

    /// - Parameters:
    ///   - lasting: The seconds for which a credential without an end is kept;
    ///     nil is for good.
    ///   - note: Takes note of a fetch that failed.
    package init(
        _ shown: String, lasting: Int?, now: @escaping @Sendable () -> Int,
        fetch: @escaping @Sendable () async throws(CredentialProblem) -> AWSCredential,
        note: @escaping @Sendable (CredentialProblem) -> Void
    ) {
        self.shown = shown
        self.fetch = fetch
        self.now = now
        self.note = note
        kept = Mutex(Kept(state: CredentialState(lasting: lasting)))
    }

    deinit { kept.withLock { $0.task }?.cancel() }

    /// The credential that may be used now; nil where there is none.
    package var current: AWSCredential? { kept.withLock { $0.state.usable(at: now()) } }

    /// Returns once a credential can be used.
    /// - Throws: ``CredentialProblem``, or `CancellationError`.
    package func ready() async throws {
        while true {
            switch look() {
            case .use: return
            case .refuse(let problem): throw problem
            case .wait: await untilFetched()
            }
            try Task.checkCancellation()
        }
    }

    /// Takes note that Amazon has refused a key before its end.
    package func refused(_ keyID: String) { kept.withLock { $0.state.refused(keyID, at: now()) } }

    /// Renews what is due; called now and then, also where no request comes.
    package func renew() {
        kept.withLock { kept in
            if kept.state.beginsFetch(at: now()) { begin(&kept) }
        }
    }

    private func look() -> CredentialState.Step {
        kept.withLock { kept in
            var fetches = false
            let step = kept.state.look(at: now(), fetches: &fetches)
            if fetches { begin(&kept) }
            return step
        }
    }

    private func begin(_ kept: inout Kept) {
        // Of no request: one that gives up must not take it from the others.
        kept.task = Task { [weak self, fetch] in
            let outcome: Result<AWSCredential, CredentialProblem>
            do throws(CredentialProblem) {
                outcome = .success(try await fetch())
            } catch {
                outcome = .failure(error)
            }
            self?.conclude(outcome)
        }
    }

    private func conclude(_ outcome: Result<AWSCredential, CredentialProblem>) {
        if case .failure(let problem) = outcome { note(problem) }
        let waiting = kept.withLock { kept in
            switch outcome {
            case .success(let credential): kept.state.fetched(credential, at: now())
            case .failure(let problem): kept.state.failed(problem, at: now())
            }
            kept.task = nil
            defer { kept.waiting = [:] }
            return kept.waiting
        }
        for waiter in waiting.values { waiter.resume() }
    }

    private func untilFetched() async {
        let number = kept.withLock { kept in
            kept.nextWaiter += 1
            return kept.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = kept.withLock { kept in
                    // Cancelled before, or fetched meanwhile.
                    guard kept.task != nil, !Task.isCancelled else { return true }
                    kept.waiting[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            kept.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
    }
}
