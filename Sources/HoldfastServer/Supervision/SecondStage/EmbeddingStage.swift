package import Supervision
import Synchronization

/// The second stage of the cascade over a model that makes vectors.
///
/// ``JudgementQueue`` decides whom the model is asked for; this type carries
/// that out, remembers scores and wakes the requests that wait for them.
package final class EmbeddingStage: SecondStage {
    /// A request that waits for scores.
    private struct Waiting {
        let windows: [RankedWindow]
        let keys: [WindowKey]
        var scores: [HeadScores?]
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private enum Outcome: Sendable {
        /// One for each window that was asked about.
        case scored([HeadScores])
        case failed(SecondStageFailure)
    }

    private struct State {
        var queue: JudgementQueue
        var cache: WindowScoreCache
        var waiting: [JudgementQueue.Ticket: Waiting] = [:]
        /// Windows that the model has been given.
        var underWay = 0
        var isRunning = false
    }

    package let digest: String
    package var advisory: Set<Head> { heads.advisory }
    package var isReady: Bool { embedder.refusal == nil && embedder.isReady && state.withLock(\.isRunning) }
    private let heads: EmbeddingHeads
    private let embedder: any WindowEmbedder
    private let keys = WindowKeyMaker()
    private let state: Mutex<State>
    private let atOnce: Int
    private let meter = SecondStageMeter()
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let alarms: AsyncStream<Void>
    private let alarm: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - digest: of the model's weights and the heads.
    ///   - waiting: The most requests in the queue.
    ///   - atOnce: Windows that the model is given at once: two keep it busy
    ///     while an answer is on its way, and more would only wait there, where
    ///     they can't be put in order.
    package init(
        _ embedder: any WindowEmbedder, heads: EmbeddingHeads, digest: String, waiting: Int = 64, atOnce: Int = 2
    ) {
        self.embedder = embedder
        self.heads = heads
        self.digest = digest
        self.atOnce = max(1, atOnce)
        state = Mutex(State(queue: JudgementQueue(waiting: waiting), cache: WindowScoreCache()))
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (alarms, alarm) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The most requests in the queue.
    package var waiting: Int {
        get { state.withLock { $0.queue.places } }
        set { state.withLock { $0.queue.places = newValue } }
    }

    private static let began = ContinuousClock.now
    private static var now: Duration { began.duration(to: .now) }

    // MARK: Requests

    package func scores(
        of windows: [RankedWindow], for asker: SecondStageAsker, within terms: SecondStageTerms
    ) async -> SecondStageResult {
        let result = await judged(windows, asker, terms)
        meter.count(result)
        return result
    }

    private func judged(
        _ windows: [RankedWindow], _ asker: SecondStageAsker, _ terms: SecondStageTerms
    ) async -> SecondStageResult {
        guard embedder.refusal == nil else { return .failed(.refused) }
        guard let keys = await keys(of: windows, asker) else { return .failed(.cancelled) }
        // A model that isn't there has no verdict, old ones included.
        let isReady = isReady
        let plan = state.withLock { state in
            guard !isReady else { return WindowPlan(keys, &state.cache, isWhole: terms.isWhole) }
            var nothing = WindowScoreCache()
            return WindowPlan(keys, &nothing, isWhole: terms.isWhole)
        }
        var answers: [HeadScores] = []
        if !plan.asked.isEmpty {
            switch await wait(plan.asked.map { windows[$0] }, plan.asked.map { keys[$0] }, asker.key, terms) {
            case .scored(let scores): answers = scores
            case .failed(let failure): return .failed(failure)
            }
        }
        let scores = state.withLock { state in
            guard !isReady else { return plan.finish(answers, &state.cache) }
            // What was passed over here may have a score there.
            var nothing = WindowScoreCache()
            return plan.finish(answers, &nothing)
        }
        let relative = zip(scores, windows).map { score, window in
            score.map { heads.relative($0, place: window.place) }
        }
        return .scored(SecondStageScores(windows: relative, seen: scores.count { $0 != nil }, cached: plan.cached))
    }

    /// Windows whose keys are made before others on the event loop have their
    /// turn: 64 KiB are hashed in 0.2 ms.
    private static let slice = 128

    /// - Returns: Nil if the task was cancelled.
    private func keys(of windows: [RankedWindow], _ asker: SecondStageAsker) async -> [WindowKey]? {
        var made: [WindowKey] = []
        made.reserveCapacity(windows.count)
        for (index, window) in windows.enumerated() {
            if index > 0, index.isMultiple(of: Self.slice) {
                await Task.yield()
                if Task.isCancelled { return nil }
            }
            made.append(keys.key(of: window, for: asker))
        }
        return made
    }

    private func wait(
        _ windows: [RankedWindow], _ keys: [WindowKey], _ key: String, _ terms: SecondStageTerms
    ) async -> Outcome {
        let ticket = Mutex<JudgementQueue.Ticket?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                let waiting = Waiting(
                    windows: windows, keys: keys, scores: Array(repeating: nil, count: windows.count),
                    continuation: continuation)
                guard let admitted = admit(waiting, key, terms) else { return }
                ticket.withLock { $0 = admitted }
                // A cancellation before this found no ticket.
                if Task.isCancelled { end(admitted, .cancelled) }
            }
        } onCancel: {
            if let ticket = ticket.withLock({ $0 }) { end(ticket, .cancelled) }
        }
    }

    /// - Returns: Nil where it was refused, and has been told so.
    private func admit(_ waiting: Waiting, _ key: String, _ terms: SecondStageTerms) -> JudgementQueue.Ticket? {
        let (admission, displaced) = state.withLock { state -> (JudgementQueue.Admission, Waiting?) in
            guard state.isRunning else { return (.refused(.crashed), nil) }
            let admission = state.queue.admit(
                key: key, windows: waiting.windows.count, patience: terms.patience, inAll: terms.inAll,
                now: Self.now)
            guard case .waits(let ticket, let displaced) = admission else { return (admission, nil) }
            state.waiting[ticket] = waiting
            return (admission, displaced.flatMap { state.waiting.removeValue(forKey: $0) })
        }
        displaced?.continuation.resume(returning: .failed(.limited))
        switch admission {
        case .refused(let failure):
            waiting.continuation.resume(returning: .failed(failure))
            return nil
        case .waits(let ticket, _):
            wake.yield()
            alarm.yield()
            return ticket
        }
    }

    private func end(_ ticket: JudgementQueue.Ticket, _ failure: SecondStageFailure) {
        let ended = state.withLock { state in
            state.queue.remove(ticket)
            return state.waiting.removeValue(forKey: ticket)
        }
        ended?.continuation.resume(returning: .failed(failure))
    }

    // MARK: The model

    /// Asks the model until the task is cancelled; requests are refused before
    /// and after. Call it once.
    package func run() async {
        state.withLock { $0.isRunning = true }
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTime() }
            for await _ in wakes {
                while let (order, text) = take() {
                    group.addTask {
                        await self.carryOut(order, text)
                        self.wake.yield()
                    }
                }
            }
            group.cancelAll()
        }
        let left = state.withLock { state in
            state.isRunning = false
            for ticket in state.waiting.keys { state.queue.remove(ticket) }
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for waiting in left { waiting.continuation.resume(returning: .failed(.crashed)) }
    }

    private func take() -> (JudgementQueue.Order, String)? {
        guard embedder.isReady else { return nil }
        return state.withLock { state in
            guard state.underWay < atOnce else { return nil }
            while let order = state.queue.next() {
                guard let waiting = state.waiting[order.ticket] else { continue }
                state.underWay += 1
                return (order, waiting.windows[order.window].text)
            }
            return nil
        }
    }

    private func carryOut(_ order: JudgementQueue.Order, _ text: String) async {
        let answer = await embedder.embed(text)
        let scores: HeadScores? = if case .vector(let vector) = answer { heads.scores(vector) } else { nil }
        if scores != nil { meter.count(scored: 1) }
        let ended = state.withLock { state -> (Waiting, Outcome)? in
            state.underWay -= 1
            guard let outcome = Self.note(order, answer, scores, &state) else { return nil }
            return state.waiting.removeValue(forKey: order.ticket).map { ($0, outcome) }
        }
        if let (waiting, outcome) = ended { waiting.continuation.resume(returning: outcome) }
    }

    /// - Returns: The outcome of the request, if that was the last of it.
    private static func note(
        _ order: JudgementQueue.Order, _ answer: EmbeddingAnswer, _ scores: HeadScores?, _ state: inout State
    ) -> Outcome? {
        guard let waiting = state.waiting[order.ticket] else { return nil }
        switch answer {
        case .vector:
            guard let scores else { return nil }
            state.cache.remember(waiting.keys[order.window], .scored(scores))
            state.waiting[order.ticket]?.scores[order.window] = scores
            guard state.queue.scored(order, now: now) else { return nil }
            return .scored(state.waiting[order.ticket]?.scores.compactMap(\.self) ?? [])
        case .malformed:
            state.queue.remove(order.ticket)
            return .failed(.malformed)
        case .gone, .silent:
            return state.queue.died(order).map { .failed($0.failure) }
        }
    }

    /// The time between two looks at the clock while something waits.
    private static let tick = Duration.milliseconds(20)

    /// Ends requests that have waited too long, and notices a model that is
    /// there again.
    private func keepTime() async {
        for await _ in alarms {
            while lookAtTheClock() {
                guard (try? await Task.sleep(for: Self.tick, clock: .continuous)) != nil else { return }
            }
        }
    }

    /// - Returns: True while something waits.
    private func lookAtTheClock() -> Bool {
        let isReady = embedder.isReady
        let (late, hasOrders, isAnythingLeft) = state.withLock { state in
            let endings = state.queue.expire(now: Self.now, isDown: !isReady)
            let late = endings.compactMap { ending in
                state.waiting.removeValue(forKey: ending.ticket).map { ($0, ending.failure) }
            }
            return (late, state.queue.hasOrders, state.queue.count > 0)
        }
        for (waiting, failure) in late { waiting.continuation.resume(returning: .failed(failure)) }
        if isReady, hasOrders { wake.yield() }
        return isAnythingLeft
    }
}
