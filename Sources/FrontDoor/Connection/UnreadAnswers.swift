import Atomics
import NIOCore
import Synchronization

/// The budget for bytes of answers that wait to be read by their callers, over
/// all connections: those that the socket hasn't taken yet, and answers that
/// are collected before they are sent.
///
/// Connections for whom next to nothing waits aren't in it.
package final class UnreadAnswers: Sendable {
    private struct State {
        var ledger: UnreadLedger<ObjectIdentifier>
        var accounts: [ObjectIdentifier: Account] = [:]
    }

    private let state: Mutex<State>
    private let givenUp = ManagedAtomic<Int>(0)
    private let refused = ManagedAtomic<Int>(0)

    /// - Parameters:
    ///   - limit: in bytes.
    ///   - minimumRate: bytes a second; a caller that takes as much keeps its
    ///     connection.
    package init(limit: Int, minimumRate: Int) {
        state = Mutex(State(ledger: UnreadLedger(limit: limit, minimumRate: minimumRate)))
    }

    /// Answers up to that size aren't counted before they are sent.
    static let free = 64 << 10

    /// Bytes that wait at this moment.
    package var waiting: Int { state.withLock { $0.ledger.total } }
    /// Connections that were given up for taking too little.
    package var connectionsGivenUp: Int { givenUp.load(ordering: .relaxed) }
    /// Answers that were not begun for want of room.
    package var answersRefused: Int { refused.load(ordering: .relaxed) }

    /// One connection's part of the budget.
    final class Account: Sendable {
        private let budget: UnreadAnswers
        fileprivate let giveUp: @Sendable () -> Void

        /// - Parameter giveUp: called on any thread.
        init(_ budget: UnreadAnswers, giveUp: @escaping @Sendable () -> Void) {
            self.budget = budget
            self.giveUp = giveUp
        }

        /// Makes room for `more` bytes of an answer that hasn't begun.
        /// - Parameter taken: All bytes that the caller has taken so far.
        /// - Returns: False where there is no room.
        func take(_ more: Int, taken: Int, now: NIODeadline = .now()) -> Bool {
            let room = budget.change(self) { $0.take(more, for: $1, taken: taken, now: now) }
            if room == .none { budget.refused.wrappingIncrement(ordering: .relaxed) }
            return room == .given
        }

        /// Sets the number of all bytes that wait now.
        func note(_ waiting: Int, taken: Int, now: NIODeadline = .now()) {
            budget.change(self) { ((), $0.note(waiting, for: $1, taken: taken, now: now)) }
        }

        /// Nothing waits any more.
        func release() {
            budget.state.withLock { state in
                state.ledger.forget(ObjectIdentifier(self))
                state.accounts[ObjectIdentifier(self)] = nil
            }
        }
    }

    private func change<T: Sendable>(
        _ account: Account,
        _ body: @Sendable (inout UnreadLedger<ObjectIdentifier>, ObjectIdentifier) -> (T, givenUp: [ObjectIdentifier])
    ) -> T {
        let name = ObjectIdentifier(account)
        let (result, accounts) = state.withLock { state -> (T, [Account]) in
            state.accounts[name] = account
            let (result, names) = body(&state.ledger, name)
            return (result, names.compactMap { state.accounts.removeValue(forKey: $0) })
        }
        for account in accounts {
            givenUp.wrappingIncrement(ordering: .relaxed)
            account.giveUp()
        }
        return result
    }
}
