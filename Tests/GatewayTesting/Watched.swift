import Synchronization

/// A condition did not come true in time.
package struct TimedOut: Error, CustomStringConvertible {
    package var description: String
}

/// A value that a test waits for.
package final class Watched<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    package init(_ value: Value) { state = Mutex(value) }

    package var value: Value { state.withLock { $0 } }

    @discardableResult
    package func change<T: Sendable>(_ change: (inout Value) -> T) -> T { state.withLock { change(&$0) } }

    /// Waits until `isTrue` of the value.
    /// - Throws: ``TimedOut``.
    @discardableResult
    package func until(
        within limit: Duration = .seconds(10), _ what: String = "a condition", _ isTrue: (Value) -> Bool
    ) async throws -> Value {
        try await eventually(within: limit, what) { isTrue(self.value) }
        return value
    }
}

/// Waits until `isTrue`.
/// - Throws: ``TimedOut``.
package func eventually(
    within limit: Duration = .seconds(10), _ what: String = "a condition", _ isTrue: () throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try !isTrue() {
        guard ContinuousClock.now < deadline else {
            throw TimedOut(description: "\(what) did not come within \(limit)")
        }
        // Also where the test's own task is cancelled: the deadline ends it.
        try? await Task.sleep(for: .milliseconds(1))
    }
}

/// Runs `body`, and fails when it takes longer: a test that hangs tells
/// nobody where.
package func within<T: Sendable>(
    _ limit: Duration, _ what: String = "it", _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
    let done = Watched<Result<T, any Error>?>(nil)
    let task = Task {
        do {
            let value = try await body()
            done.change { $0 = .success(value) }
        } catch {
            done.change { $0 = .failure(error) }
        }
    }
    do {
        return try await done.until(within: limit, what) { $0 != nil }!.get()
    } catch {
        task.cancel()
        throw error
    }
}
