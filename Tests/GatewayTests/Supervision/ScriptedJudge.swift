import Conversation
import Gateway
import GatewayTesting
import Routing
import Supervision

/// A supervisor that allows every request, and judges answers by a function.
final class AnswerSupervisor: Supervisor {
    struct Shown: Sendable {
        var pieces: [AnswerPiece]
        var isEnd: Bool
        /// All text so far, of all blocks, in order.
        var text: String
    }

    let shown = Watched<[Shown]>([])
    /// The text that was shown and cleared.
    let cleared = Watched("")
    let policy = PolicyDigest("policy-1", weights: ["weights-1"])
    private let decide: @Sendable (Shown) async -> Verdict

    init(_ decide: @escaping @Sendable (Shown) async -> Verdict = { _ in Verdict(.allow) }) { self.decide = decide }

    func judge(_ exhibit: Exhibit) async -> Verdict { Verdict(.allow) }
    func makeAnswerJudge(for exhibit: Exhibit) -> any AnswerJudge { Judge(self) }

    private final class Judge: AnswerJudge {
        private let supervisor: AnswerSupervisor
        private var text = ""

        init(_ supervisor: AnswerSupervisor) { self.supervisor = supervisor }

        func judge(_ pieces: [AnswerPiece], isEnd: Bool) async -> Verdict {
            for case .text(_, _, let more) in pieces { text += more }
            let shown = Shown(pieces: pieces, isEnd: isEnd, text: text)
            supervisor.shown.change { $0.append(shown) }
            let verdict = await supervisor.decide(shown)
            if verdict.ruling < .withhold { supervisor.cleared.change { $0 = shown.text } }
            return verdict
        }
    }

    static let block = Verdict(
        .block, findings: [ScriptedSupervisor.finding(.block)], reference: "ref-3")

    /// Blocks once so many pieces of text have been shown.
    static func blocking(after count: Int) -> AnswerSupervisor {
        let calls = Watched(0)
        return AnswerSupervisor { _ in
            calls.change { calls in
                calls += 1
                return calls
            } > count ? block : Verdict(.allow)
        }
    }
}

extension RoutePolicy {
    /// Supervised, with a window of so many characters.
    static func supervised(
        _ level: SupervisionPolicy.Level = .required, text: Int = 160, wait: Duration = .milliseconds(250),
        unseen: SupervisionPolicy.Unseen = .pass
    ) -> RoutePolicy {
        var policy = RoutePolicy()
        policy.supervision.level = level
        policy.supervision.windowText = text
        policy.supervision.windowWait = wait
        policy.supervision.unseen = unseen
        return policy
    }
}
