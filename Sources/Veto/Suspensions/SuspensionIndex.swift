/// The suspensions that are in force, made ready to be asked for every
/// request. Immutable: a change makes a new one.
package struct SuspensionIndex: Sendable {
    package struct Entry: Sendable {
        package var suspension: Suspension
        package var phase: SuspensionPhase

        package init(_ suspension: Suspension, _ phase: SuspensionPhase) {
            self.suspension = suspension
            self.phase = phase
        }
    }

    /// Without those that are over, in the order of their numbers.
    package let entries: [Entry]
    /// Counts the changes, so that a reader notices that it holds an old one.
    package let version: UInt64

    package init(_ entries: [Entry] = [], version: UInt64 = 0) {
        self.entries = entries.filter { !$0.phase.isOver }.sorted { $0.suspension.number < $1.suspension.number }
        self.version = version
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// The first suspension that stops this candidate; nil where none does.
    package func stopping(_ candidate: SuspensionSubject, chance: Int) -> Entry? {
        entries.first { entry in
            entry.isStopping(chance) && entry.suspension.scopes.contains { $0.covers(candidate) }
        }
    }

    /// The first suspension that stops requests of this key on this route; nil
    /// where none does.
    package func stopping(key: String, route: String?, chance: Int) -> Entry? {
        entries.first { entry in
            entry.isStopping(chance) && entry.suspension.scopes.contains { $0.covers(key: key, route: route) }
        }
    }
}

extension SuspensionIndex.Entry {
    /// Returns whether it stops a request.
    /// - Parameter chance: 0 to 99, the request's own; a half-open suspension
    ///   lets through those below its percent.
    package func isStopping(_ chance: Int) -> Bool {
        switch phase {
        case .suspended, .verifying: true
        case .halfOpen(let percent): chance >= percent
        case .restored, .lapsed: false
        }
    }
}
