package import Gateway
import Synchronization
package import Veto

/// Suspensions that a test orders: told to a ``PermitBook`` at its next look, or at once.
package final class ScriptedSuspensions: SuspensionSource {
    private struct State {
        var entries: [SuspensionIndex.Entry] = []
        var version: UInt64 = 0
    }

    private let state = Mutex(State())
    package let events = Watched<[PermitEvent]>([])
    /// The number of looks.
    package let looks = Watched(0)

    package init() {}

    package var index: SuspensionIndex { state.withLock { SuspensionIndex($0.entries, version: $0.version) } }

    package func renew(_ known: SuspensionIndex) -> SuspensionIndex {
        looks.change { $0 += 1 }
        let index = index
        return index.version == known.version ? known : index
    }

    package func note(_ event: PermitEvent) { events.change { $0.append(event) } }

    /// Orders a suspension, as into a spool: nobody is told.
    @discardableResult
    package func order(
        _ scopes: SuspendedScope..., mode: Suspension.Mode = .cut, drainLimit: Int = 30, mayContinue: Bool = true,
        expires: Int? = nil, reason: SuspensionReason = SuspensionReason(.other, text: "a test"),
        phase: SuspensionPhase = .suspended
    ) -> Int {
        state.withLock { state in
            let number = (state.entries.last?.suspension.number ?? 0) + 1
            let suspension = Suspension(
                number: number, scopes: scopes, mode: mode, drainLimit: drainLimit, mayContinue: mayContinue,
                reason: reason, orderer: .person("alice"), ordered: 1_577_836_800, expires: expires, roster: 1,
                nonce: "n\(number)")
            state.entries.append(.init(suspension, phase))
            state.version += 1
            return number
        }
    }

    /// Moves a suspension on.
    package func put(_ number: Int, in phase: SuspensionPhase) {
        state.withLock { state in
            for index in state.entries.indices where state.entries[index].suspension.number == number {
                state.entries[index].phase = phase
            }
            state.version += 1
        }
    }
}

/// A boot clock and a wall clock that a test sets.
package final class ManualPermitClock: Sendable {
    private let state = Mutex<(boot: UInt64, wall: Int)>((1_000_000_000_000, 1_577_836_800))

    package init() {}

    package var clock: PermitClock {
        PermitClock(boot: { self.state.withLock { $0.boot } }, wall: { self.state.withLock { $0.wall } })
    }

    package var tick: UInt64 { state.withLock { $0.boot } }

    /// Both clocks go on.
    package func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        state.withLock { state in
            state.boot += UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
            state.wall += Int(seconds)
        }
    }
}
