import Atomics

/// The limit to the memory that the bodies of all requests may take together:
/// the limit of one body times many connections is more than a machine has.
package final class BodyBudget: Sendable {
    private let limit: Int
    private let taken = ManagedAtomic<Int>(0)

    /// - Parameter limit: in bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Bodies up to that size aren't counted: connections limit those.
    static let free = 64 << 10

    /// Takes `bytes` more; false if they aren't there, and then takes none.
    func take(_ bytes: Int) -> Bool {
        if taken.wrappingIncrementThenLoad(by: bytes, ordering: .relaxed) <= limit { return true }
        giveBack(bytes)
        return false
    }

    func giveBack(_ bytes: Int) {
        taken.wrappingDecrement(by: bytes, ordering: .relaxed)
    }
}
