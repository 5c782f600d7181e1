/// The policy for weights in memory that are found changed.
///
/// Pure: the caller reports each finding with its time, and gets back the action to take.
package struct ScrubPolicy: Sendable, Equatable {
    /// The action for changed weights. Their engine is killed in any case.
    package enum Verdict: String, Sendable, Hashable {
        /// Bring them up once more from the disk, verified anew.
        case reload
        /// Nothing is loaded until an administrator has looked.
        case quarantine
    }

    package enum ScrubState: Sendable, Hashable {
        case trusted
        /// Changed once, in seconds since 1970.
        case suspect(since: Int)
        case quarantined(since: Int)
    }

    /// The time for which one change is remembered, in seconds.
    package static let window = 24 * 3600

    package private(set) var standing: ScrubState

    /// - Parameter remembered: the standing of the weights before a restart, since a restart clears nothing.
    package init(remembered: ScrubState = .trusted) { standing = remembered }

    /// Records that weights were found changed. They are reloaded once, but not a second time within a day, since the
    /// cause of the change must then be still present.
    package mutating func mismatch(at now: Int) -> Verdict {
        switch standing {
        case .quarantined: return .quarantine
        // A clock that was set back doesn't shorten the window.
        case .suspect(let since) where now - since <= Self.window:
            standing = .quarantined(since: now)
            return .quarantine
        case .suspect, .trusted:
            standing = .suspect(since: now)
            return .reload
        }
    }

    /// An administrator lets them be loaded again. Nothing else does.
    package mutating func lift() {
        if isQuarantined { standing = .trusted }
    }

    package var isQuarantined: Bool { if case .quarantined = standing { true } else { false } }
}
