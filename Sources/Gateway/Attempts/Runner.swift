import Conversation
import NIOCore
import Resilience
import Synchronization

/// One attempt that is under way.
///
/// Belongs to the request's event loop, like everything that it refers to.
final class Runner {
    let index: Int
    let attempt: Attempt
    let permit: Permit?
    let stream: CallerStream
    let began: NIODeadline
    var place: Place { attempt.place }
    /// Against another attempt for the same answer; nil where there is none.
    let race: Race?
    /// What stands before its provider while a drill runs.
    var injection: DrillLane?
    /// Its place among the record's attempts.
    var number = 0

    init(
        _ index: Int, _ attempt: Attempt, _ permit: Permit?, _ stream: CallerStream, race: Race? = nil
    ) {
        self.index = index
        self.attempt = attempt
        self.permit = permit
        self.stream = stream
        self.race = race
        began = .now()
    }

    indirect enum Outcome: Sendable {
        case served
        case failed(FailedAttempt)
        case interrupted(InterruptedStream)
        case mismatch(Mismatch)
        case other(any Error)

        var isServed: Bool {
            if case .served = self { true } else { false }
        }

        /// Whether it has told the caller anything, or was about to.
        var wasHeard: Bool {
            switch self {
            case .served, .interrupted, .mismatch: true
            case .failed, .other: false
            }
        }
    }
}

/// Several attempts at one answer: who has something to say first tells it,
/// and the others are cancelled.
final class Race: Sendable {
    private struct State {
        var winner: ObjectIdentifier?
        var tasks: [(runner: ObjectIdentifier, cancel: @Sendable () -> Void)] = []
        var isCancelled = false
    }

    private let state = Mutex(State())

    var isDecided: Bool { state.withLock { $0.winner != nil } }

    func enter(_ runner: Runner, cancel: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.tasks.append((ObjectIdentifier(runner), cancel))
            return state.isCancelled
        }
        if isLate { cancel() }
    }

    /// - Returns: whether this one is to tell the answer.
    func claim(_ runner: Runner) -> Bool {
        let id = ObjectIdentifier(runner)
        let losers = state.withLock { state -> [@Sendable () -> Void]? in
            guard state.winner == nil else { return state.winner == id ? [] : nil }
            state.winner = id
            return state.tasks.filter { $0.runner != id }.map(\.cancel)
        }
        guard let losers else { return false }
        for cancel in losers { cancel() }
        return true
    }

    func cancelAll() {
        let all = state.withLock { state in
            state.isCancelled = true
            return state.tasks.map(\.cancel)
        }
        for cancel in all { cancel() }
    }
}
