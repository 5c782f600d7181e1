/// The state of an engine.
package enum EngineState: Sendable, Equatable {
    /// The engine's process is being started, or is loading the model.
    case starting
    /// The engine answers requests.
    case ready(since: ContinuousClock.Instant)
    /// The engine ended or did not start; `reason` says what happened and what to do.
    case failed(reason: String, retryAt: ContinuousClock.Instant)
    /// The engine's supervisor does not run.
    case stopped
}

/// A snapshot of an engine, for `/ready`, metrics and `holdfast models`.
package struct EngineStatus: Sendable, Equatable {
    package var state: EngineState
    /// The number of restarts since the supervisor began.
    package var restarts: Int
    /// The process that was started last, while it runs: the engine, or the
    /// guard in front of a configured command.
    package var processID: Int32?
    /// The beginning of a tool call in the model's template, if the engine reports it (llama.cpp's `/props`) and it is
    /// the form that Hermes and Qwen models made common.
    package var toolCallOpening: String?
}

/// The reason why a request cannot use the engine now. The description is written for the caller who sent the request.
package struct EngineUnavailable: Error, Equatable, CustomStringConvertible {
    package enum Cause: Sendable, Equatable {
        /// The engine did not get ready in the time that the request could wait.
        case stillStarting
        /// As many requests as may wait are waiting already.
        case tooManyWaiting
        /// The engine keeps failing; `reason` is the last failure.
        case failing(reason: String)
        /// Holdfast is shutting down, or never started it.
        case stopped
        /// The task that waited was cancelled.
        case cancelled
    }

    package let provider: String
    package let cause: Cause
    /// When it may be worth another try, if known.
    package let retryAfter: Duration?

    package var description: String {
        switch cause {
        case .stillStarting: "engine \(provider) is still starting; try again in a moment"
        case .tooManyWaiting: "too many requests are waiting for engine \(provider) to start; try again in a moment"
        case .failing(let reason): "engine \(provider) is down: \(reason)"
        case .stopped: "engine \(provider) is not running"
        case .cancelled: "the request was cancelled while it waited for engine \(provider)"
        }
    }
}
