package import NIOCore
import Synchronization

/// The time after which a test stops waiting for a condition. Nothing that is tested depends on it: on a busy machine
/// everything may take longer, so no test asserts how long something takes. Where a limit must not be the reason for an
/// end, it is set to ``never``.
package let patience = Duration.seconds(60)

/// A limit that no test reaches.
package let never = TimeAmount.hours(1)

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
        within limit: Duration = patience, _ what: String = "a condition", _ isTrue: (Value) -> Bool
    ) async throws -> Value {
        try await eventually(within: limit, what) { isTrue(self.value) }
        return value
    }
}

/// Waits until `isTrue`.
/// - Throws: ``TimedOut``.
package func eventually(
    within limit: Duration = patience, _ what: String = "a condition", _ isTrue: () throws -> Bool
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

/// Waits until a count has come to a stop: until it is more than zero, and twenty looks in a row have found the same.
/// - Throws: ``TimedOut``.
package func settled(_ what: String = "a count", _ count: () -> Int) async throws -> Int {
    var (last, looks) = (0, 0)
    let deadline = ContinuousClock.now + patience
    while looks < 20 {
        guard ContinuousClock.now < deadline else { throw TimedOut(description: "\(what) did not come to a stop") }
        try? await Task.sleep(for: .milliseconds(10))
        let now = count()
        looks = now > 0 && now == last ? looks + 1 : 0
        last = now
    }
    return last
}

/// Runs `body`, and fails when it takes longer than any test waits: a test that hangs doesn't tell where.
package func inTime<T: Sendable>(
    _ what: String = "it", _ body: @escaping @Sendable () async throws -> T
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
        return try await done.until(what) { $0 != nil }!.get()
    } catch {
        task.cancel()
        throw error
    }
}
