package import Settings
import Synchronization

/// The settings in force: those of the start, or of the last good edit.
package final class CurrentSettings: Sendable {
    /// The settings that the process started with.
    package let started: Settings
    private let settings: Mutex<Settings>

    package init(_ settings: Settings) {
        started = settings
        self.settings = Mutex(settings)
    }

    package var now: Settings { settings.withLock { $0 } }

    /// - Returns: the settings that were in force before.
    package func replace(with new: Settings) -> Settings {
        settings.withLock { settings in
            defer { settings = new }
            return settings
        }
    }
}
