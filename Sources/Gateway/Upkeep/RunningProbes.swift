import Synchronization

/// The probes that are under way. Each is a task of its own: one that gets no
/// answer delays no other.
final class RunningProbes: Sendable {
    private struct State {
        var next: UInt64 = 0
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var isOver = false
    }

    private let state = Mutex(State())

    func start(on executor: EventLoopTaskExecutor, _ work: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            guard !state.isOver else { return }
            let id = state.next
            state.next += 1
            // It can't remove itself before it is kept: that takes this lock.
            state.tasks[id] = Task(executorPreference: executor) {
                await work()
                self.state.withLock { state in state.tasks[id] = nil }
            }
        }
    }

    /// Returns when all that are under way have ended.
    func wait() async {
        while let task = state.withLock({ $0.tasks.first?.value }) { await task.value }
    }

    /// Ends all, and starts no more.
    func end() async {
        let tasks = state.withLock { state in
            state.isOver = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
