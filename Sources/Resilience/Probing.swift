package import Failures

/// The kind of request with which Holdfast probes.
package enum ProbeKind: Sendable, Hashable {
    /// A whole answer.
    case whole
    case stream
    case embeddings
}

/// A request, off the request path, to find out whether a hold is still
/// right.
package struct ProbeOrder: Sendable, Hashable {
    package var hold: Hold
    /// The place where the failure was last seen; after a restart, without the
    /// parts that the hold's scope does not include.
    package var place: Target
    package var kind: ProbeKind
    /// The time after which it is inconclusive.
    package var patience: Duration
    /// Tells this hold from a later one with the same id.
    let serial: UInt64
}

package enum ProbeResult: Sendable, Hashable {
    case answered
    case failed(Verdict, status: Int?)
    /// The probe neither confirms nor contradicts the hold; with the reason.
    case inconclusive(String)
    /// No such request can be made, and why.
    case impossible(String)
}

/// When holds of a kind are probed.
struct ProbeSchedule: Sendable {
    /// Before the first, the second, …; the last one repeats.
    var waits: [Duration]
    /// True when an answer lifts the hold; otherwise the answer is only
    /// reported.
    var lifts = true

    func wait(_ step: Int) -> Duration { waits[min(step, waits.count - 1)] }

    /// Nil where nothing is probed: a hold by hand, and a wait, which has a
    /// schedule of its own. A confirmed withdrawal is only looked at.
    init?(_ hold: Hold, _ policy: ResiliencePolicy) {
        switch (hold.ground, hold.firmness) {
        case (.byHand, _), (_, .timed): return nil
        case (_, .provisional): waits = policy.provisionalProbes
        case (.failure(.exhausted), .lasting), (.failure(.credential), .lasting): waits = policy.accountProbes
        case (.failure(.denied), .lasting): waits = policy.deniedProbes
        case (.failure, .lasting): (waits, lifts) = (policy.looks, false)
        }
        if waits.isEmpty { return nil }
    }
}

/// The turns of probes: one probe at a time at a place, and the next
/// one no sooner than ``ResiliencePolicy/probePause`` after it began, however
/// many requests ask for it.
struct ProbeTurns: Sendable {
    private struct Turn {
        /// When the probe that is under way is given up; nil while none is.
        var lapses: Duration?
        var next: Duration
    }

    private var turns: [Target: Turn] = [:]

    /// When the next probe may begin there.
    func next(at place: Target) -> Duration? {
        turns[place].map { max($0.next, $0.lapses ?? .zero) }
    }

    func isFree(_ place: Target, now: Duration) -> Bool { next(at: place).map { $0 <= now } ?? true }

    mutating func begin(_ place: Target, now: Duration, _ policy: ResiliencePolicy) {
        turns[place] = Turn(lapses: now + policy.probeLease, next: now + policy.probePause)
    }

    mutating func end(_ place: Target) { turns[place]?.lapses = nil }

    mutating func tidy(now: Duration) { turns = turns.filter { max($0.value.next, $0.value.lapses ?? .zero) > now } }
}
