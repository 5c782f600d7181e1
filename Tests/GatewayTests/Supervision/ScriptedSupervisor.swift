import Conversation
import Gateway
import GatewayTesting
import Routing
import Supervision

/// A supervisor that decides by a function, and remembers what it was shown.
final class ScriptedSupervisor: Supervisor {
    let seen = Watched<[Exhibit]>([])
    let policy = PolicyDigest("policy-1", weights: ["weights-1"])
    private let decide: @Sendable (Exhibit) -> Verdict

    init(_ decide: @escaping @Sendable (Exhibit) -> Verdict) { self.decide = decide }

    func judge(_ exhibit: Exhibit) async -> Verdict {
        seen.change { $0.append(exhibit) }
        return decide(exhibit)
    }

    func makeAnswerJudge(for exhibit: Exhibit) -> any AnswerJudge { LenientJudge() }

    private final class LenientJudge: AnswerJudge {
        func judge(_ pieces: [AnswerPiece], isEnd: Bool) async -> Verdict { Verdict(.allow) }
    }

    // MARK: Usual decisions

    static let clause = Clause(
        id: "no-such-words", text: "Such words aren't said.", actions: [.user: .block, .toolResult: .withhold])

    static func finding(_ action: Clause.Action) -> Finding {
        Finding(clause, action, .user, path: "messages.0.content", block: 0, by: .literal)
    }

    static var blocking: ScriptedSupervisor {
        ScriptedSupervisor { _ in Verdict(.block, findings: [finding(.block)], reference: "ref-1") }
    }

    static func failing(_ word: String) -> ScriptedSupervisor {
        ScriptedSupervisor { _ in Verdict(.error, error: word) }
    }

    /// Withholds every block of such a scope.
    static func withholding(_ scopes: Set<PassageScope>) -> ScriptedSupervisor {
        ScriptedSupervisor { exhibit in
            let blocks = exhibit.passages.passages.filter { scopes.contains($0.scope) }.map(\.block)
            guard !blocks.isEmpty else { return Verdict(.allow) }
            let note = WithheldNote(clause: clause.id, reference: "ref-2")
            return Verdict(
                .withhold, findings: [finding(.withhold)],
                withheld: Dictionary(blocks.map { ($0, note) }) { first, _ in first }, reference: "ref-2")
        }
    }

    static let note = WithheldNote(clause: clause.id, reference: "ref-2").text
}

extension SupervisionPolicy {
    init(_ level: Level, unseen: Unseen = .pass, namesClause: Bool = true) {
        self.init()
        self.level = level
        self.unseen = unseen
        self.namesClause = namesClause
    }
}
