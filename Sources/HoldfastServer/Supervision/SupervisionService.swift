import Conversation
package import Gateway
package import NIOCore
package import Supervision
import Synchronization

/// The supervisor of a running Holdfast: a constitution, the cascade that
/// judges by it, and where it is set up a second model.
///
/// Small requests are judged on their own event loop, in slices; large ones
/// by a few threads, fairly by key. A judgement that doesn't end in time is an
/// error, and so is everything else that goes wrong.
package final class SupervisionService: Supervisor {
    /// The policy in force. A request keeps the one with which it began.
    package struct Policy: Sendable {
        package var cascade: Cascade
        package var digest: PolicyDigest
        /// Nil where no second model judges.
        package var second: (any SecondStage)?
        /// The longest wait for the stages without a model, and then for each
        /// score of the second model.
        package var deadline: Duration
        /// The longest time for all scores of one question to the second model.
        package var inAll: Duration

        package init(
            _ cascade: Cascade, _ digest: PolicyDigest, second: (any SecondStage)? = nil,
            deadline: Duration = .milliseconds(500), inAll: Duration = .seconds(10)
        ) {
            self.cascade = cascade
            self.digest = digest
            self.second = second
            self.deadline = deadline
            self.inAll = max(deadline, inAll)
        }

        var terms: SecondStageTerms { SecondStageTerms(patience: deadline, inAll: inAll) }
    }

    /// Text that an event loop judges itself, in bytes; more goes to a thread.
    static let mostOnLoop = 32 << 10
    /// Steps that are taken before others on the event loop have their turn.
    static let stepsInASlice = 4

    /// Nil while nothing is supervised.
    private let inForce: Mutex<Policy?>
    let pool: JudgementPool
    private let watch: SupervisorWatch
    private let memories = AssessmentMemories()

    /// - Parameters:
    ///   - waiting: Large judgements that may wait, or be worked on.
    ///   - told: Hears when the supervisor fails, and when it judges again.
    package init(
        _ policy: Policy?, waiting: Int = 64, threads: Int = 2, timers: any EventLoopGroup,
        told: @escaping @Sendable (SupervisorEvent) -> Void
    ) {
        inForce = Mutex(policy)
        pool = JudgementPool(threads: threads, most: waiting, timers: timers)
        watch = SupervisorWatch(told)
    }

    /// Takes over another policy for requests that are still to come.
    package func replace(with policy: Policy?, waiting: Int) {
        inForce.withLock { $0 = policy }
        pool.most = waiting
    }

    package var policy: PolicyDigest { inForce.withLock { $0?.digest } ?? PolicyDigest("") }

    /// True while it fails.
    package var isDown: Bool { watch.isDown }

    package func judge(_ exhibit: Exhibit) async -> Verdict {
        guard let policy = inForce.withLock({ $0 }) else { return Verdict(.error, error: "absent") }
        let deadline = NIODeadline.now() + .nanoseconds(policy.deadline.inNanoseconds)
        var verdict: Verdict
        if let fault = exhibit.rehearsedFault {
            // Rehearsed: no reason to tell an operator.
            verdict = await rehearse(fault, until: deadline)
        } else {
            verdict = await judge(exhibit, by: policy, until: deadline)
            watch.note(verdict)
        }
        verdict.policy = policy.digest
        return verdict
    }

    private func rehearse(_ fault: Exhibit.Fault, until deadline: NIODeadline) async -> Verdict {
        let slow = NIODeadline.now() + .nanoseconds(2 * max(0, (deadline - .now()).nanoseconds))
        let result: Result<Verdict, JudgementPool.Failure>
        switch fault {
        case .dead: return Verdict(.error, error: "crashed")
        case .hung: result = await pool.wait(for: .never, until: deadline)
        case .slow: result = await pool.wait(for: .at(slow, Verdict(.allow)), until: deadline)
        }
        switch result {
        case .success(let verdict): return verdict
        case .failure(let failure): return Verdict(.error, error: failure.rawValue)
        }
    }

    private func judge(_ exhibit: Exhibit, by policy: Policy, until deadline: NIODeadline) async -> Verdict {
        let judgement: Judgement
        switch await withoutModel(exhibit, by: policy, until: deadline) {
        case .success(let made): judgement = made
        case .failure(let failure): return Verdict(.error, error: failure.rawValue)
        }
        // What is decided needs no second opinion.
        guard let second = policy.second, judgement.verdict.ruling < .block, !judgement.windows.isEmpty else {
            return judgement.verdict
        }
        let asker = SecondStageAsker(tenant: exhibit.tenant, key: exhibit.key, policy: policy.digest)
        let result = await second.scores(
            of: judgement.windows.map(RankedWindow.init), for: asker, within: policy.terms)
        switch result {
        case .failed(let failure): return Verdict(.error, error: failure.rawValue)
        case .scored(let scores):
            guard let byID = scores.byID(judgement.windows) else { return Verdict(.error, error: "malformed") }
            return judgement.verdict(adding: byID, cached: scores.cached)
        }
    }

    private func withoutModel(
        _ exhibit: Exhibit, by policy: Policy, until deadline: NIODeadline
    ) async -> Result<Judgement, JudgementPool.Failure> {
        let passages = exhibit.passages
        let cascade = cascade(of: policy, for: exhibit)
        let bytes = passages.passages.reduce(0) { $0 + $1.text.utf8.count }
        guard bytes <= Self.mostOnLoop else {
            let run = RunOnThreads(cascade, passages)
            return await pool.run(of: exhibit.key, until: deadline) { run.turn() }
        }
        var run = cascade.begin(passages)
        var steps = 0
        while run.step() {
            steps += 1
            guard steps.isMultiple(of: Self.stepsInASlice) else { continue }
            await Task.yield()
            if Task.isCancelled { return .failure(.cancelled) }
            if NIODeadline.now() > deadline { return .failure(.late) }
        }
        return .success(run.finish())
    }

    package func makeAnswerJudge(for exhibit: Exhibit) -> any AnswerJudge {
        guard let policy = inForce.withLock({ $0 }) else { return AbsentJudge() }
        return SupervisedAnswer(exhibit, by: policy, cascade(of: policy, for: exhibit), pool: pool, watch: watch)
    }

    /// Nil also while the supervisor fails: what passed before would pass
    /// then, too, and nobody would notice that it fails.
    package func memory(of tenant: String) -> (any VerdictMemory)? {
        // Not the whole policy: a copy of it is dear.
        guard let (digest, second) = inForce.withLock({ $0.map { ($0.digest, $0.second) } }),
            watch.isSteady, second?.isReady ?? true
        else { return nil }
        return memories.memory(of: tenant, under: digest)
    }

    /// The policy's cascade with the memory of the tenant's texts.
    private func cascade(of policy: Policy, for exhibit: Exhibit) -> Cascade {
        policy.cascade.remembering(memories.memory(of: exhibit.tenant, under: policy.digest))
    }
}

/// The judge of answers where there is no policy: it clears nothing.
private final class AbsentJudge: AnswerJudge {
    func judge(_ pieces: [AnswerPiece], isEnd: Bool) async -> Verdict { Verdict(.error, error: "absent") }
}

/// One judgement on the threads of the pool, which take turns.
private final class RunOnThreads: Sendable {
    private enum State: Sendable {
        case unbegun(Cascade, RequestPassages)
        case running(CascadeRun)
    }

    private let state: Mutex<State>

    init(_ cascade: Cascade, _ passages: RequestPassages) { state = Mutex(.unbegun(cascade, passages)) }

    /// - Returns: the judgement once it is made.
    func turn() -> Judgement? {
        state.withLock { state in
            var run: CascadeRun
            switch state {
            case .unbegun(let cascade, let passages): run = cascade.begin(passages)
            case .running(let known): run = known
            }
            for _ in 0..<SupervisionService.stepsInASlice where !run.step() { return run.finish() }
            state = .running(run)
            return nil
        }
    }
}

extension SecondStageScores {
    /// The scores by the ids of their windows; nil where there isn't one for
    /// each window.
    func byID(_ windows: [JudgedWindow]) -> [Int: RelativeScores]? {
        guard self.windows.count == windows.count else { return nil }
        var scores: [Int: RelativeScores] = [:]
        for (window, score) in zip(windows, self.windows) { scores[window.id] = score }
        return scores
    }
}

extension Duration {
    var inNanoseconds: Int64 {
        let (seconds, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : seconds + components.attoseconds / 1_000_000_000
    }
}
