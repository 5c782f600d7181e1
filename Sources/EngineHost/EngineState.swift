/// Where an engine stands.
package enum EngineState: Sendable, Equatable {
    /// Its process is being started, or loads the model.
    case starting
    /// It answers requests.
    case ready(since: ContinuousClock.Instant)
    /// It died or would not start; `reason` says what happened and what to do.
    case failed(reason: String, retryAt: ContinuousClock.Instant)
    /// Its supervisor does not run.
    case stopped
}

/// A snapshot of an engine, for `/ready`, metrics and `holdfast models`.
package struct EngineStatus: Sendable, Equatable {
    package var state: EngineState
    /// How often it was started again since the supervisor began.
    package var restarts: Int
    /// The process that was started last, while it runs: the engine, or the
    /// guard in front of a configured command.
    package var processID: Int32?
    /// What a tool call begins with in the model's template, where the engine
    /// tells (llama.cpp's `/props`) and it is the form that Hermes and Qwen
    /// models made common.
    package var toolCallOpening: String?
}

/// Why a request cannot have the engine now. The description is written for
/// whoever sent the request.
package struct EngineUnavailable: Error, Equatable, CustomStringConvertible {
    package enum Cause: Sendable, Equatable {
        /// It did not get ready in the time the request could wait.
        case stillStarting
        /// As many requests as may wait are waiting already.
        case tooManyWaiting
        /// It keeps failing; `reason` is the last failure.
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
