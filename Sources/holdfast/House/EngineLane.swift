import EngineHost
import Gateway
import NIOCore
import Providers

/// The way to a hosted engine: requests wait, bounded in time and number,
/// while it starts.
struct EngineLane: ProviderLane {
    let engine: EngineSupervisor
    let lane: HTTPLane
    /// How long a request waits for the engine.
    let patience: Duration

    func exchange<T: Sendable>(
        _ request: LaneRequest, on executor: EventLoopTaskExecutor, _ body: (any LaneResponse) async throws -> T
    ) async throws -> T {
        do throws(EngineUnavailable) {
            try await engine.waitUntilReady(within: patience)
        } catch {
            switch error.cause {
            case .cancelled: throw CancellationError()
            case .tooManyWaiting: throw LaneFailure.overloaded(error.description)
            case .stillStarting, .failing, .stopped: throw LaneFailure.notReady(error.description)
            }
        }
        return try await lane.exchange(request, on: executor, body)
    }
}
