import NIOCore

/// The attempts of one event loop that have said nothing yet.
///
/// They are looked at together a few times a second: a timer for each would
/// cost more than all else that is done for a stream that begins in time,
/// which is nearly all of them.
// Touched on its event loop only.
final class SilentAttempts: @unchecked Sendable {
    private struct Entry {
        let attempt: ActiveAttempt
        let loop: AttemptLoop
        /// When it is to be looked at.
        var due: NIODeadline
    }

    private let eventLoop: any EventLoop
    private var entries: [Entry] = []
    private var sweep: RepeatedTask?

    static let tick = TimeAmount.milliseconds(200)

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func add(_ attempt: ActiveAttempt, of loop: AttemptLoop, due: NIODeadline) {
        attempt.watch = .swept(self, entries.count)
        entries.append(Entry(attempt: attempt, loop: loop, due: due))
        guard sweep == nil else { return }
        sweep = eventLoop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { self.look($0) }
    }

    /// Forgets the one in that slot; the last one takes its place.
    func remove(_ slot: Int) {
        let last = entries.removeLast()
        guard slot < entries.count else { return }
        entries[slot] = last
        last.attempt.watch = .swept(self, slot)
    }

    private func look(_ task: RepeatedTask) {
        let now = NIODeadline.now()
        for slot in entries.indices.reversed() where entries[slot].due <= now {
            let entry = entries[slot]
            if let due = HedgedExecutor(loop: entry.loop).isSilent(entry.attempt, now: now) {
                entries[slot].due = due
            } else {
                entry.attempt.stopWatching()
            }
        }
        guard entries.isEmpty else { return }
        task.cancel()
        sweep = nil
    }
}
