import Custody
import Synchronization

/// Holds an engine's status, and the requests that wait for it to get ready.
///
/// Reading the status takes an uncontended lock for a few nanoseconds; a
/// request that finds the engine ready does not suspend.
final class ReadinessGate: Sendable {
    private typealias Answer = EngineUnavailable?

    private struct Contents {
        var status = EngineStatus(state: .stopped, restarts: 0, processID: nil)
        /// The number of failures in a row: from the second on, requests don't wait for the next attempt.
        var failures = 0
        var receipt: CustodyReceipt?
        /// The engine's process, as it was when it began.
        var process: ProcessIdentity?
        /// The impostor that was reported last, and the time of the report.
        var impostor: (process: Int32, at: ContinuousClock.Instant)?
        var nextID: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Answer, Never>] = [:]
    }

    private let provider: String
    private let mostWaiting: Int
    private let contents = Mutex(Contents())

    init(provider: String, mostWaiting: Int) {
        self.provider = provider
        self.mostWaiting = mostWaiting
    }

    var status: EngineStatus { contents.withLock { $0.status } }

    /// The receipt that was made when the engine became ready; nil while it isn't ready. It is set before the first
    /// request is let through.
    var receipt: CustodyReceipt? {
        get { contents.withLock { $0.receipt } }
        set { contents.withLock { $0.receipt = newValue } }
    }

    /// The engine's own process, also while it starts; nil while none runs.
    var process: ProcessIdentity? {
        get { contents.withLock { $0.process } }
        set { contents.withLock { $0.process = newValue } }
    }

    /// Tells whether an impostor is news: every request would tell of the same one.
    func mayTellOfImpostor(_ process: Int32, now: ContinuousClock.Instant) -> Bool {
        contents.withLock { contents in
            if let last = contents.impostor {
                let pause: Duration = last.process == process ? .seconds(60) : .seconds(1)
                guard last.at.duration(to: now) >= pause else { return false }
            }
            contents.impostor = (process, now)
            return true
        }
    }

    /// The number of requests that wait now.
    var waiting: Int { contents.withLock { $0.waiting.count } }

    /// Changes the status, and resumes the requests that have waited for this change.
    ///
    /// - Parameter failures: failures in a row so far.
    func update(failures: Int, _ change: (inout EngineStatus) -> Void) {
        let (released, answer) = contents.withLock { contents in
            change(&contents.status)
            contents.failures = failures
            let answer = verdict(contents, now: .now)
            guard let answer else { return ([CheckedContinuation<Answer, Never>](), Answer.none) }
            defer { contents.waiting.removeAll() }
            return (Array(contents.waiting.values), answer.refusal)
        }
        for waiter in released { waiter.resume(returning: answer) }
    }

    /// Returns when the engine is ready.
    ///
    /// - Throws: ``EngineUnavailable``: at once if it keeps failing, is
    ///   stopped, or too many wait; when `limit` is over; or when the task is
    ///   cancelled.
    func waitUntilReady(within limit: Duration) async throws(EngineUnavailable) {
        if let verdict = contents.withLock({ verdict($0, now: .now) }) {
            if let refusal = verdict.refusal { throw refusal }
            return
        }
        let id = contents.withLock { contents in
            contents.nextID += 1
            return contents.nextID
        }
        let deadline = ContinuousClock.now + limit
        let alarm = Task {
            // Only cancellation ends the sleep early: the wait is over then.
            guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else { return }
            release(id, self.refusal(.stillStarting))
        }
        defer { alarm.cancel() }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enter(id, continuation, isCancelled: Task.isCancelled)
            }
        } onCancel: {
            release(id, refusal(.cancelled))
        }
        if let answer { throw answer }
    }

    private func enter(
        _ id: UInt64, _ continuation: CheckedContinuation<Answer, Never>, isCancelled: Bool
    ) {
        // The status may have changed, and the task been cancelled, before
        // this; the answer is then given right away.
        let answer: Verdict? = contents.withLock { contents in
            if isCancelled { return .refused(refusal(.cancelled)) }
            if let verdict = verdict(contents, now: .now) { return verdict }
            if contents.waiting.count >= mostWaiting {
                return .refused(refusal(.tooManyWaiting))
            }
            contents.waiting[id] = continuation
            return nil
        }
        if let answer {
            continuation.resume(returning: answer.refusal)
        }
        // A cancellation between the check and the entry found nobody to
        // release; look again now that there is somebody.
        else if Task.isCancelled {
            release(id, refusal(.cancelled))
        }
    }

    private func release(_ id: UInt64, _ answer: Answer) {
        contents.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: answer)
    }

    private func refusal(_ cause: EngineUnavailable.Cause, retryAfter: Duration? = nil) -> EngineUnavailable {
        EngineUnavailable(provider: provider, cause: cause, retryAfter: retryAfter)
    }

    private enum Verdict {
        case ready
        case refused(EngineUnavailable)

        var refusal: EngineUnavailable? {
            if case .refused(let refusal) = self { refusal } else { nil }
        }
    }

    /// Returns the result of the status for a request, or nil if the request has to wait.
    private func verdict(_ contents: Contents, now: ContinuousClock.Instant) -> Verdict? {
        switch contents.status.state {
        case .ready: return .ready
        case .stopped: return .refused(refusal(.stopped))
        case .starting: return nil
        // One death may be chance, and the next start is a second away.
        case .failed where contents.failures < 2: return nil
        case .failed(let reason, let retryAt):
            return .refused(
                refusal(.failing(reason: reason), retryAfter: max(.zero, now.duration(to: retryAt))))
        }
    }
}
