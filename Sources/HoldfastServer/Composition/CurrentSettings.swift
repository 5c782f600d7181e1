package import Settings
import Synchronization

/// The settings in force: those of the start, or of the last good edit.
package final class CurrentSettings: Sendable {
    /// The settings that the process started with.
    package let started: Settings
    private let settings: Mutex<Settings>
    private let fault = Mutex<String?>(nil)

    package init(_ settings: Settings) {
        started = settings
        self.settings = Mutex(settings)
    }

    package var now: Settings { settings.withLock { $0 } }

    /// The first problem of the last edit, if that edit is broken: the file and these settings differ then, and the next
    /// start would fail.
    var refusedEdit: String? { fault.withLock { $0 } }

    /// Keeps these settings, and notes why the file is not in force.
    func refuse(_ problem: String) { fault.withLock { $0 = problem } }

    /// - Returns: the settings that were in force before.
    package func replace(with new: Settings) -> Settings {
        fault.withLock { $0 = nil }
        return settings.withLock { settings in
            defer { settings = new }
            return settings
        }
    }
}
