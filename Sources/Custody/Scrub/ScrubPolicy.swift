/// What follows when weights in memory are found changed, or in order.
///
/// Pure: it is told what was found and when, and answers with what to do.
package struct ScrubPolicy: Sendable, Equatable {
    /// What to do about changed weights. Their engine is killed in any case.
    package enum Verdict: String, Sendable, Hashable {
        /// Bring them up once more from the disk, verified anew.
        case reload
        /// Nothing is loaded until an administrator has looked.
        case quarantine
    }

    package enum Standing: Sendable, Hashable {
        case trusted
        /// Changed once, in seconds since 1970.
        case suspect(since: Int)
        case quarantined(since: Int)
    }

    /// How long one change is remembered.
    package static let window = 24 * 3600

    package private(set) var standing: Standing

    /// - Parameter remembered: how they stood before a restart, which forgives
    ///   nothing.
    package init(remembered: Standing = .trusted) { standing = remembered }

    /// Weights were found changed. One reload, and no second within a day:
    /// whatever changed them is still there.
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
