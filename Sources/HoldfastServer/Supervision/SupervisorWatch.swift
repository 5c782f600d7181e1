package import Supervision
import Synchronization

/// A change of the supervisor that an operator has to know.
package enum SupervisorEvent: Sendable, Hashable {
    /// No verdicts any more, for this reason: routes that require them refuse.
    case down(String)
    /// Verdicts again.
    case up
}

/// The watch over a supervisor: one that fails is told of once, and once more
/// when it judges again.
package final class SupervisorWatch: Sendable {
    private struct State {
        var failures = 0
        var isDown = false
    }

    /// Verdicts in a row that were late or crowded out before it counts as
    /// down: one slow request is no outage.
    private static let mostBusy = 3

    private let state = Mutex(State())
    private let told: @Sendable (SupervisorEvent) -> Void

    package init(_ told: @escaping @Sendable (SupervisorEvent) -> Void) { self.told = told }

    package var isDown: Bool { state.withLock { $0.isDown } }

    /// True while the last verdict was none of an error.
    package var isSteady: Bool { state.withLock { !$0.isDown && $0.failures == 0 } }

    package func note(_ verdict: Verdict) {
        guard let event = state.withLock({ Self.change(&$0, verdict) }) else { return }
        told(event)
    }

    private static func change(_ state: inout State, _ verdict: Verdict) -> SupervisorEvent? {
        guard verdict.ruling == .error else {
            state.failures = 0
            guard state.isDown else { return nil }
            state.isDown = false
            return .up
        }
        let reason = verdict.error ?? "malformed"
        switch reason {
        // The key's, or the caller's, own.
        case "limited", "cancelled": return nil
        case "late", "overloaded":
            state.failures += 1
            if state.failures < mostBusy { return nil }
        default: break
        }
        guard !state.isDown else { return nil }
        state.isDown = true
        return .down(reason)
    }
}
