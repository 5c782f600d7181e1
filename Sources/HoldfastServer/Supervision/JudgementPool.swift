import NIOCore
import NIOPosix
import Synchronization

/// A few threads for long judgements, which take turns by key.
///
/// An event loop would be kept from everybody else's requests for as long as a
/// large text is judged.
final class JudgementPool: Sendable {
    /// The reason why work has no result.
    enum Failure: String, Sendable, Error {
        case late, overloaded, limited, cancelled
    }

    private struct Job: Sendable {
        /// Works for one turn; false once nothing is left, or nobody waits.
        let turn: @Sendable () -> Bool
        let drop: @Sendable () -> Void
    }

    private let threads: NIOThreadPool
    private let queue: Mutex<FairTurns<Job>>
    private let timers: any EventLoopGroup

    /// - Parameters:
    ///   - threads: that work at once.
    ///   - most: that may wait, or be worked on.
    ///   - timers: have the deadlines.
    init(threads: Int, most: Int, timers: any EventLoopGroup) {
        self.threads = NIOThreadPool(numberOfThreads: max(1, threads))
        self.timers = timers
        queue = Mutex(FairTurns(most: most))
        self.threads.start()
    }

    /// Jobs that wait, or are worked on.
    var waiting: Int { queue.withLock { $0.count } }
    /// The most of them.
    var most: Int {
        get { queue.withLock { $0.most } }
        set { queue.withLock { $0.most = max(1, newValue) } }
    }

    /// Runs work to its end, turn by turn, unless the deadline is over first.
    /// - Parameters:
    ///   - key: The key that the work is for.
    ///   - turn: Works for some milliseconds; the result once it is done.
    func run<Value: Sendable>(
        of key: String, until deadline: NIODeadline, _ turn: @escaping @Sendable () -> Value?
    ) async -> Result<Value, Failure> {
        let result = FirstResult<Result<Value, Failure>>()
        let job = Job(
            turn: {
                guard !result.isKnown else { return false }
                guard let value = turn() else { return true }
                // A timer that fires late makes no result timely.
                result.tell(NIODeadline.now() > deadline ? .failure(.late) : .success(value))
                return false
            }, drop: { result.tell(.failure(.limited)) })
        switch queue.withLock({ $0.enter(job, of: key) }) {
        case .taken: threads.submit { [weak self] _ in self?.takeTurn() }
        // The dropped one's turn is this one's.
        case .takenInPlaceOf(let dropped): dropped.drop()
        case .limited: return .failure(.limited)
        case .overloaded: return .failure(.overloaded)
        }
        return await wait(for: result, until: deadline)
    }

    private func wait<Value: Sendable>(
        for result: FirstResult<Result<Value, Failure>>, until deadline: NIODeadline
    ) async -> Result<Value, Failure> {
        let timer = timers.any().scheduleTask(deadline: deadline) { result.tell(.failure(.late)) }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await result.wait()
        } onCancel: {
            result.tell(.failure(.cancelled))
        }
    }

    /// The coming of a result that nobody works on: for drills.
    enum Coming<Value: Sendable>: Sendable {
        case never
        case at(NIODeadline, Value)
    }

    /// Waits as ``run(of:until:_:)`` does.
    func wait<Value: Sendable>(
        for coming: Coming<Value>, until deadline: NIODeadline
    ) async -> Result<Value, Failure> {
        let result = FirstResult<Result<Value, Failure>>()
        guard case .at(let time, let value) = coming else { return await wait(for: result, until: deadline) }
        let bringing = timers.any().scheduleTask(deadline: time) { result.tell(.success(value)) }
        defer { bringing.cancel() }
        return await wait(for: result, until: deadline)
    }

    /// One turn for each job that has entered and isn't done.
    private func takeTurn() {
        guard let (key, job) = queue.withLock({ $0.next() }) else { return }
        guard job.turn() else { return queue.withLock { $0.end(of: key) } }
        queue.withLock { $0.goOn(job, of: key) }
        threads.submit { [weak self] _ in self?.takeTurn() }
    }
}

/// A result that is told once, and that one task waits for.
final class FirstResult<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiting: CheckedContinuation<Value, Never>?
    }

    private let state = Mutex(State())

    var isKnown: Bool { state.withLock { $0.value != nil } }

    /// Sets the result; the first call counts.
    func tell(_ value: Value) {
        let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: value)
    }

    func wait() async -> Value {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Value? in
                if state.value == nil { state.waiting = continuation }
                return state.value
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
