/// A bounded queue of work, fair by key. Pure.
///
/// Keys take turns, however much each one brings: work that isn't done after
/// its turn goes behind that of all other keys. Where the queue is full, the
/// key that has the most in it makes room, so that no other key is turned away
/// for it.
package struct FairTurns<Job> {
    /// The result of entering the queue.
    package enum Entry {
        case taken
        /// Taken in place of this one, of the key that has the most.
        case takenInPlaceOf(Job)
        /// The key has the most in the queue itself.
        case limited
        /// Full, and no key has more than its part.
        case overloaded
    }

    private struct Share {
        var waiting: [Job] = []
        /// Jobs that wait or are at work.
        var count = 0
    }

    private var shares: [String: Share] = [:]
    /// Keys with waiting jobs, the next first.
    private var turns: [String] = []
    /// Jobs that wait or are at work.
    package private(set) var count = 0
    /// The most of them.
    package var most: Int

    package init(most: Int) { self.most = max(1, most) }

    package mutating func enter(_ job: Job, of key: String) -> Entry {
        guard count >= most else {
            take(job, of: key)
            return .taken
        }
        let own = shares[key]?.count ?? 0
        let greatest = shares.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }
        guard let greatest, greatest.value.count > own + 1 else {
            return own * shares.count >= most ? .limited : .overloaded
        }
        // What is at work stays.
        guard let dropped = shares[greatest.key]?.waiting.popLast() else { return .overloaded }
        leave(greatest.key)
        if shares[greatest.key]?.waiting.isEmpty ?? true { turns.removeAll { $0 == greatest.key } }
        take(job, of: key)
        return .takenInPlaceOf(dropped)
    }

    private mutating func take(_ job: Job, of key: String) {
        shares[key, default: Share()].count += 1
        count += 1
        wait(job, of: key)
    }

    private mutating func wait(_ job: Job, of key: String) {
        if shares[key]?.waiting.isEmpty ?? true { turns.append(key) }
        shares[key, default: Share()].waiting.append(job)
    }

    /// The next job, of the key whose turn it is. Followed by ``goOn(_:of:)``
    /// or ``end(of:)``.
    package mutating func next() -> (key: String, job: Job)? {
        guard !turns.isEmpty else { return nil }
        let key = turns.removeFirst()
        guard let job = shares[key]?.waiting.removeFirst() else { return nil }
        if shares[key]?.waiting.isEmpty == false { turns.append(key) }
        return (key, job)
    }

    /// Puts a job back that isn't done: before the other jobs of its key, and
    /// behind all other keys.
    package mutating func goOn(_ job: Job, of key: String) {
        if shares[key]?.waiting.isEmpty ?? true { turns.append(key) }
        shares[key, default: Share()].waiting.insert(job, at: 0)
    }

    /// A job that was at work is done.
    package mutating func end(of key: String) { leave(key) }

    private mutating func leave(_ key: String) {
        guard var share = shares[key], share.count > 0 else { return }
        share.count -= 1
        count -= 1
        shares[key] = share.count > 0 ? share : nil
    }
}
