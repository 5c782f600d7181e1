package import Dispatch
package import Ledger
import Synchronization

/// The queue that assigns entries their places in the ledger: collects them for a moment, makes the group durable, and
/// commits to it in a checkpoint at most once a second.
///
/// Callers add entries from any thread and are answered once their entry is durable. Writing entries in groups means
/// that many of them share one sync of the disk.
///
/// One per ledger. Acknowledged entries survive a crash at any moment. A failing disk stops the writing but loses
/// nothing: entries wait, up to the capacity, and the writing is tried again every second.
package final class LedgerSequencer: Sendable {
    package struct Options: Sendable {
        /// The time that the first entry of a group waits for others.
        package var gathering = DispatchTimeInterval.milliseconds(20)
        /// A group that is as large waits no longer.
        package var groupSize = 1_000
        package var checkpointInterval = DispatchTimeInterval.seconds(1)
        /// Entries that may wait; beyond that the ledger is full.
        package var capacity = 100_000

        package init() {}
    }

    /// An event of the sequencer. Events are delivered on its queue; their handler must not block.
    package enum Event: Sendable {
        case published(Checkpoint)
        /// The disk fails. Sent once, until the disk works again.
        case stuck(LedgerProblem)
        case recovered
    }

    /// The entries that are committed together.
    private struct Group {
        var entries = EntryGroup()
        /// The callbacks to call with the result, each with the offset of its entry in the group.
        var thens: [(offset: Int, then: @Sendable (Result<UInt64, LedgerProblem>) -> Void)] = []

        mutating func take() -> Group {
            defer { thens = [] }
            return Group(entries: entries.take(), thens: thens)
        }

        func tell(_ result: (Int) -> Result<UInt64, LedgerProblem>) {
            for (offset, then) in thens { then(result(offset)) }
        }
    }

    private struct State {
        /// Whole groups, the oldest first, and the one that is gathered.
        var full: [Group] = []
        var gathering = Group()
        /// Entries of all of them.
        var waiting = 0
        var isScheduled = false
        var isHurried = false
        var isClosed = false
        var problem: LedgerProblem?
        var roomWanted: [CheckedContinuation<Void, Never>] = []
        var published: SignedNote
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "holdfast.ledger", qos: .utility)
    private let options: Options
    private let clock: @Sendable () -> UInt64
    private let reopen: @Sendable () throws(LedgerProblem) -> LedgerWriter
    private let told: @Sendable (Event) -> Void
    // Touched on the queue only.
    private nonisolated(unsafe) var writer: LedgerWriter
    private nonisolated(unsafe) var isPublishing = false
    private nonisolated(unsafe) var unfinished: (first: UInt64, group: Group)?

    /// - Parameters:
    ///   - clock: seconds since 1970.
    ///   - reopen: makes a writer of the same ledger, as at start; for the
    ///     first time now, and again after each failure of the disk.
    package init(
        options: Options = .init(), clock: @escaping @Sendable () -> UInt64,
        reopen: @escaping @Sendable () throws(LedgerProblem) -> LedgerWriter,
        told: @escaping @Sendable (Event) -> Void = { _ in }
    ) throws(LedgerProblem) {
        self.options = options
        self.clock = clock
        self.reopen = reopen
        self.told = told
        writer = try reopen()
        state = Mutex(State(published: writer.published))
        told(.published(writer.publishedCheckpoint))
    }

    /// The newest checkpoint, with its signatures.
    package var published: SignedNote { state.withLock { $0.published } }

    /// The reason why nothing can be made durable at present; nil if all is well.
    package var problem: LedgerProblem? { state.withLock { $0.problem } }

    /// True if no more entries may wait.
    package var isFull: Bool { state.withLock { $0.waiting >= options.capacity } }

    /// Adds an entry, even to a full ledger, because everything that has happened has to be on record. Callers that can
    /// wait do so first (``room()``), before they cause new entries.
    ///
    /// - Parameters:
    ///   - entry: is copied.
    ///   - then: receives the entry's index once it is durable, on the sequencer's queue; must not block.
    package func append(
        _ entry: UnsafeRawBufferPointer, then: (@Sendable (Result<UInt64, LedgerProblem>) -> Void)? = nil
    ) {
        guard entry.count <= EntryBundle.mostBytes else {
            then?(.failure(LedgerProblem("an entry of \(entry.count) bytes is longer than a ledger takes")))
            return
        }
        enum Next { case nothing, wait, hurry, closed }
        let next = state.withLock { state -> Next in
            if state.isClosed { return .closed }
            if let then { state.gathering.thens.append((state.gathering.entries.count, then)) }
            state.gathering.entries.append(entry)
            state.waiting += 1
            if state.gathering.entries.count >= options.groupSize { state.full.append(state.gathering.take()) }
            // The retry will find it.
            if state.problem != nil { return .nothing }
            if !state.full.isEmpty, !state.isHurried {
                state.isHurried = true
                return .hurry
            }
            defer { state.isScheduled = true }
            return state.isScheduled ? .nothing : .wait
        }
        switch next {
        case .nothing: break
        case .wait: queue.asyncAfter(deadline: .now() + options.gathering) { self.commit() }
        case .hurry: queue.async { self.commit() }
        case .closed: then?(.failure(LedgerProblem("the ledger is closed")))
        }
    }

    /// Adds an entry and returns its index once it is durable.
    package func append(_ entry: [UInt8]) async throws(LedgerProblem) -> UInt64 {
        let result = await withCheckedContinuation { continuation in
            entry.withUnsafeBytes { bytes in append(bytes) { continuation.resume(returning: $0) } }
        }
        return try result.get()
    }

    /// Returns when entries may wait again.
    package func room() async {
        guard isFull else { return }
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                guard !state.isClosed, state.waiting >= options.capacity else { return true }
                state.roomWanted.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    /// Makes all waiting entries durable, publishes them, and accepts no more.
    /// - Returns: the number of entries that were lost because the disk failed.
    @discardableResult
    package func close() -> Int {
        state.withLock { $0.isClosed = true }
        return queue.sync {
            if problem != nil { recover() }
            commit(all: true)
            publish()
            let lost = state.withLock { state in
                defer { (state.full, state.gathering, state.waiting, state.roomWanted) = ([], Group(), 0, []) }
                return (
                    groups: (unfinished.map { [$0.group] } ?? []) + state.full + [state.gathering],
                    continuations: state.roomWanted
                )
            }
            unfinished = nil
            for group in lost.groups { group.tell { _ in .failure(LedgerProblem("the ledger is closed")) } }
            for continuation in lost.continuations { continuation.resume() }
            return lost.groups.reduce(0) { $0 + $1.entries.count }
        }
    }

    // MARK: On the queue

    /// - Parameter all: to the last entry, and not only what has gathered.
    private func commit(all: Bool = false) {
        guard problem == nil else { return }
        var isFirst = true
        while true {
            let (group, waits) = state.withLock { state -> (Group?, Bool) in
                // What came while the disk was busy gathers anew: else it would
                // be synced in groups as small as the disk is fast.
                guard !state.full.isEmpty || (isFirst || all) && state.waiting > 0 else {
                    state.isHurried = false
                    state.isScheduled = state.waiting > 0
                    return (nil, state.isScheduled && !isFirst)
                }
                (state.isScheduled, state.isHurried) = (true, true)
                let group = state.full.isEmpty ? state.gathering.take() : state.full.removeFirst()
                state.waiting -= group.entries.count
                return (group, false)
            }
            isFirst = false
            if waits { queue.asyncAfter(deadline: .now() + options.gathering) { self.commit() } }
            guard let group, commit(group) else { break }
        }
        guard problem == nil, !isPublishing, writer.size > writer.publishedCheckpoint.size else { return }
        isPublishing = true
        queue.asyncAfter(deadline: .now() + options.checkpointInterval) {
            self.isPublishing = false
            self.publish()
        }
    }

    /// - Returns: true if the disk works.
    private func commit(_ group: Group) -> Bool {
        let first = writer.size
        do throws(LedgerProblem) {
            _ = try writer.commit(group.entries)
        } catch {
            unfinished = (first, group)
            stick(error)
            return false
        }
        acknowledge(group, from: first)
        return true
    }

    private func acknowledge(_ group: Group, from first: UInt64) {
        group.tell { .success(first + UInt64($0)) }
        let freed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard state.waiting < options.capacity else { return [] }
            defer { state.roomWanted = [] }
            return state.roomWanted
        }
        for continuation in freed { continuation.resume() }
    }

    private func publish() {
        guard problem == nil, writer.size > writer.publishedCheckpoint.size else { return }
        do throws(LedgerProblem) {
            try writer.publish(time: clock())
            state.withLock { $0.published = writer.published }
            told(.published(writer.publishedCheckpoint))
        } catch {
            stick(error)
        }
    }

    /// Adds witnesses' signatures to the published checkpoint, in the background, if it still is the one that they have
    /// cosigned (``LedgerWriter/add(cosignaturesOf:)``).
    /// - Parameter isWitnessed: true if the checkpoint has its quorum; it is then kept for proofs.
    package func add(cosignaturesOf note: SignedNote, isWitnessed: Bool) {
        queue.async { [self] in
            guard problem == nil else { return }
            do throws(LedgerProblem) {
                try writer.add(cosignaturesOf: note)
                if isWitnessed { try writer.keep(witnessed: note) }
                state.withLock { $0.published = writer.published }
            } catch {
                stick(error)
            }
        }
    }

    // MARK: A disk that fails

    private func stick(_ problem: LedgerProblem) {
        let isNew = state.withLock { state in
            defer { state.problem = problem }
            return state.problem == nil
        }
        if isNew { told(.stuck(problem)) }
        queue.asyncAfter(deadline: .now() + .seconds(1)) {
            guard self.problem != nil else { return }
            self.recover()
            self.commit()
        }
    }

    private func recover() {
        do throws(LedgerProblem) {
            writer = try reopen()
            if let (first, group) = unfinished {
                // A group is whole or not there: it may have reached the disk
                // although its sync failed.
                if writer.size != first + UInt64(group.entries.count) { _ = try writer.commit(group.entries) }
                unfinished = nil
                acknowledge(group, from: first)
            }
        } catch {
            return stick(error)
        }
        state.withLock { ($0.problem, $0.published) = (nil, writer.published) }
        told(.recovered)
        told(.published(writer.publishedCheckpoint))
    }
}
