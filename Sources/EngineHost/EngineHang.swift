import Glibc
import Logging

/// The end of an engine that runs and doesn't answer.
extension EngineProcess {
    /// Kills the engine's process, so that it is started again. Does nothing
    /// where it isn't the process that began, or where it isn't ready yet.
    ///
    /// - Parameter silence: the time without an answer, for the log.
    package nonisolated func killHung(after silence: Duration) {
        guard case .ready = state, let process = gate.process,
            let now = ProcessIdentity(process.number), now.began == process.began
        else { return }
        logger.error(
            "the engine runs and doesn't answer: it is killed, and started again",
            metadata: ["pid": "\(process.number)", "silence": "\(silence)"])
        kill(process.number, SIGKILL)
    }
}
