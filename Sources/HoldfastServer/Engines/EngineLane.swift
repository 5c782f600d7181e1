import EngineHost
import Gateway
import NIOCore
import Providers
import Synchronization

/// The way to a hosted engine: requests wait, bounded in time and number,
/// while it starts.
final class EngineLane: ProviderLane {
    private let engine: EngineProcess
    private let lane: HTTPLane
    /// The longest time that a request waits for the engine.
    private let patience: Duration
    /// Requests that the engine has taken.
    private let underWay = Atomic<Int>(0)

    init(engine: EngineProcess, lane: HTTPLane, patience: Duration) {
        self.engine = engine
        self.lane = lane
        self.patience = patience
    }

    var isAtWork: Bool { underWay.load(ordering: .relaxed) > 0 }

    func exchange<T: Sendable>(
        _ request: LaneRequest, on executor: EventLoopTaskExecutor, _ body: (any LaneResponse) async throws -> T
    ) async throws -> T {
        if let ending = request.ending, !isReady {
            try await EndableWait.run(ending, on: executor) { try await self.waitUntilReady() }
        } else {
            try await waitUntilReady()
        }
        underWay.add(1, ordering: .relaxed)
        defer { underWay.subtract(1, ordering: .relaxed) }
        return try await lane.exchange(request, on: executor, body)
    }

    private var isReady: Bool {
        if case .ready = engine.status.state { true } else { false }
    }

    private func waitUntilReady() async throws {
        do throws(EngineUnavailable) {
            try await engine.waitUntilReady(within: patience)
        } catch {
            switch error.cause {
            case .cancelled: throw CancellationError()
            case .tooManyWaiting: throw LaneFailure.overloaded(error.description)
            case .stillStarting, .failing, .stopped: throw LaneFailure.notReady(error.description)
            }
        }
    }
}
