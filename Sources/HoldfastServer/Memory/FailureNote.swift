import Synchronization

/// The note whether a failure goes on, so that it is logged once.
final class FailureNote: Sendable {
    private let isOn = Mutex(false)

    /// - Returns: true if the failure has just begun.
    func began() -> Bool {
        isOn.withLock { isOn in
            defer { isOn = true }
            return !isOn
        }
    }

    /// - Returns: true if the failure has just ended.
    @discardableResult
    func ended() -> Bool {
        isOn.withLock { isOn in
            defer { isOn = false }
            return isOn
        }
    }
}
