import Conversation
import Gateway
import NIOCore
import Supervision

/// The judgement of one answer while it comes. Belongs to the request's task.
///
/// The second model is asked beside the answer, and its verdict counts from
/// the next piece on, and for the end in any case; where the route holds text
/// until both stages have seen it, each piece waits for it. The model sees all
/// of an answer's text sooner or later, a few windows at a time.
final class SupervisedAnswer: AnswerJudge {
    private typealias Scores = Result<[Int: RelativeScores], NoScores>

    private let asker: SecondStageAsker
    private let policy: SupervisionService.Policy
    private let pool: JudgementPool
    private let watch: SupervisorWatch
    private let awaitsSecond: Bool
    private var cascade: AnswerCascade
    private struct NoScores: Error { var word: String }
    /// The question that the second model has at present.
    private var asked: (task: Task<Void, Never>, answer: FirstResult<Scores>)?
    /// Windows that are due, and not asked about yet.
    private var due: [JudgedWindow] = []
    /// A judgement that failed stays one.
    private var failure: String?

    init(
        _ exhibit: Exhibit, by policy: SupervisionService.Policy, _ cascade: Cascade, pool: JudgementPool,
        watch: SupervisorWatch
    ) {
        asker = SecondStageAsker(tenant: exhibit.tenant, key: exhibit.key, policy: policy.digest)
        self.policy = policy
        self.pool = pool
        self.watch = watch
        awaitsSecond = exhibit.awaitsSecondStage
        self.cascade = cascade.beginAnswer()
    }

    deinit { asked?.task.cancel() }

    func judge(_ pieces: [AnswerPiece], isEnd: Bool) async -> Verdict {
        let deadline = NIODeadline.now() + .nanoseconds(policy.deadline.inNanoseconds)
        var verdict = await judge(pieces, isEnd: isEnd, until: deadline)
        if let failure { verdict = Verdict(.error, error: failure, coverage: verdict.coverage) }
        if verdict.ruling == .error { failure = verdict.error ?? "malformed" }
        verdict.policy = policy.digest
        watch.note(verdict)
        return verdict
    }

    private func judge(_ pieces: [AnswerPiece], isEnd: Bool, until deadline: NIODeadline) async -> Verdict {
        if let failure { return Verdict(.error, error: failure) }
        var verdict: Verdict
        switch await take(pieces, isEnd: isEnd, until: deadline) {
        case .success(let made): verdict = made
        case .failure(let failure): return Verdict(.error, error: failure.rawValue)
        }
        guard let second = policy.second, verdict.ruling < .block else { return verdict }
        due += cascade.takeDueWindows(all: awaitsSecond)
        let mustWait = isEnd || awaitsSecond
        repeat {
            if let result = await result(mustWait: mustWait) {
                switch result {
                case .success(let scores): verdict = cascade.add(scores)
                case .failure(let failure): return Verdict(.error, error: failure.word)
                }
                guard verdict.ruling < .block else { return verdict }
            }
            if asked == nil, !due.isEmpty { ask(second) }
        } while mustWait && asked != nil
        return verdict
    }

    /// Takes pieces in: few here, many on a thread.
    private func take(
        _ pieces: [AnswerPiece], isEnd: Bool, until deadline: NIODeadline
    ) async -> Result<Verdict, JudgementPool.Failure> {
        let cost = pieces.reduce(0) { $0 + $1.cost }
        guard cost > SupervisionService.mostOnLoop else { return .success(cascade.take(pieces, isEnd: isEnd)) }
        let known = cascade
        let result = await pool.run(of: asker.key, until: deadline) { () -> (AnswerCascade, Verdict)? in
            var cascade = known
            let verdict = cascade.take(pieces, isEnd: isEnd)
            return (cascade, verdict)
        }
        return result.map { taken, verdict in
            cascade = taken
            return verdict
        }
    }

    private func ask(_ second: any SecondStage) {
        let windows = Array(due.prefix(SecondStageLimits.newWindows))
        due.removeFirst(windows.count)
        var terms = policy.terms
        terms.isWhole = true
        let answer = FirstResult<Scores>()
        let task = Task { [asker, terms] in
            switch await second.scores(of: windows.map(RankedWindow.init), for: asker, within: terms) {
            case .failed(let failure): answer.tell(.failure(NoScores(word: failure.rawValue)))
            case .scored(let scores):
                // One that is missing would go out unseen.
                guard let byID = scores.byID(windows), byID.count == windows.count else {
                    return answer.tell(.failure(NoScores(word: "malformed")))
                }
                answer.tell(.success(byID))
            }
        }
        asked = (task, answer)
    }

    /// The second model's answer, where it has come, or has to be waited for.
    private func result(mustWait: Bool) async -> Scores? {
        guard let (task, answer) = asked, mustWait || answer.isKnown else { return nil }
        let scores = await withTaskCancellationHandler {
            await answer.wait()
        } onCancel: {
            task.cancel()
        }
        asked = nil
        return scores
    }
}

extension AnswerPiece {
    /// The bytes that are read for it: each piece is judged with some of what
    /// stands before it.
    fileprivate var cost: Int {
        if case .text(_, _, let text) = self { 1024 + text.utf8.count } else { 0 }
    }
}
